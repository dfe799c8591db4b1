// Keyed prints of secrets: they tell whether two secrets are equal, and nothing else. Pure.
//
// A plan sends a host no secret: entries go out with their secrets withheld, the host prints those
// that it holds, and the controller, which alone has the other side, finishes the comparison. The
// host's half of maps_prints.py.

using System.Collections.Generic;
using System.Linq;
using System.Text;
using Ansible.Maps.Document;
using Ansible.Maps.Json;

namespace Ansible.Maps.Prints {
    /// <summary>What a host says of the secrets that it holds.</summary>
    public static class SecretPrints {
        private const string Withheld = "withheld";
        private const char Separator = '\0';

        private static readonly string[][] Secrets = {
            new[] { "password" },
            new[] { "oauth2", "client_secret" },
            new[] { "oauth2", "token", "access_token" },
            new[] { "oauth2", "token", "refresh_token" },
        };

        /// <summary>A copy of an entry that says only of each secret whether it is set.</summary>
        public static Dictionary<string, object> WithoutSecrets(Dictionary<string, object> entry) {
            Dictionary<string, object> copy = new Dictionary<string, object>(entry);
            foreach (string[] path in Secrets) {
                Withhold(copy, path);
            }
            return copy;
        }

        /// <summary>Pointer -> print of each secret. Equal secrets in two places print apart.</summary>
        public static Dictionary<string, object> Of(Dictionary<string, object> entry, string key) {
            Dictionary<string, object> prints = new Dictionary<string, object>();
            foreach (string[] path in Secrets) {
                object value = HostDocument.At(entry, path);
                if (value != null) {
                    string pointer = "/" + string.Join("/", path);
                    string text = HostDocument.KeyOf(entry) + Separator + pointer + Separator
                        + (value as string ?? JsonText.Compact(value, true));
                    prints[pointer] = HostDocument.Fingerprint(Encoding.UTF8.GetBytes(text), key);
                }
            }
            return prints;
        }

        private static void Withhold(Dictionary<string, object> entry, string[] path) {
            Dictionary<string, object> inner = entry;
            foreach (string name in path.Take(path.Length - 1)) {
                Dictionary<string, object> next =
                    HostDocument.At(inner, name) as Dictionary<string, object>;
                if (next == null) {
                    return;
                }
                inner[name] = inner = new Dictionary<string, object>(next);
            }
            if (HostDocument.At(inner, path.Last()) != null) {
                inner[path.Last()] = Withheld;
            }
        }
    }
}
