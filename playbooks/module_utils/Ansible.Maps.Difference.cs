// What differs between two entries, as a result says it. Pure.

using System.Collections.Generic;
using System.Linq;
using Ansible.Maps.CaseFolding;
using Ansible.Maps.Document;
using Ansible.Maps.Equality;
using Ansible.Maps.Json;
using Ansible.Maps.Redaction;

namespace Ansible.Maps.Difference {
    /// <summary>What a result says of one server.</summary>
    public static class ServerReport {
        public static Dictionary<string, object> Of(string state) {
            return new Dictionary<string, object> {
                { "state", state },
                { "fields", new List<object>() },
                { "values", new Dictionary<string, object>() },
                { "verified", false },
            };
        }

        public static string StateOf(object said) {
            return (string)((Dictionary<string, object>)said)["state"];
        }
    }

    /// <summary>Everything that differs between two entries, tokens compared by their grant.</summary>
    public sealed class EntryDifference {
        private const string Grant = "/oauth2/token";

        // Only these may appear with their values in a result: everything else is, or may be, a
        // secret.
        private static readonly HashSet<string> Shown = new HashSet<string> {
            "/server_name",
            "/host",
            "/port",
            "/client_name",
            "/maximum_emails_per_minute",
            "/smtp_security_level",
            "/use_tls",
            "/user_name",
            "/oauth2/access_token_url",
            "/oauth2/authorization_url",
            "/oauth2/client_id",
            "/oauth2/login_hint",
            "/oauth2/prompt",
            "/oauth2/refresh_token_url",
            "/oauth2/scope_for_authorize",
            "/oauth2/scope_for_token",
            "/oauth2/use_https_on_callback",
            "/logging/enabled",
            "/logging/file_name",
        };

        private readonly Dictionary<string, object> before = new Dictionary<string, object>();
        private readonly Dictionary<string, object> after = new Dictionary<string, object>();
        private readonly List<string> pointers;

        public EntryDifference(Dictionary<string, object> old, Dictionary<string, object> wanted) {
            Collect(WithGrantForToken(old), "", before);
            Collect(WithGrantForToken(wanted), "", after);
            pointers = before.Keys.Union(after.Keys)
                .Where(name => !Same.Values(In(before, name), In(after, name)))
                .OrderBy(name => name, Names.Order)
                .ToList();
        }

        public bool Any {
            get { return pointers.Count > 0; }
        }

        public Dictionary<string, object> Reported() {
            Dictionary<string, object> said = ServerReport.Of("changed");
            Dictionary<string, object> values = new Dictionary<string, object>();
            foreach (string name in pointers.Where(Shown.Contains)) {
                values[name] = new List<object> {
                    Printable(In(before, name)), Printable(In(after, name)),
                };
            }
            said["fields"] = Any ? pointers.ToList<object>() : new List<object> { Grant };
            said["values"] = values;
            return said;
        }

        private static object In(Dictionary<string, object> leaves, string name) {
            object value;
            return leaves.TryGetValue(name, out value) ? value : null;
        }

        // A value for a report: somebody may have edited the document, and put anything there.
        private static object Printable(object value) {
            const long largest = 1L << 53;  // what every reader of JSON takes
            if (value == null || value is bool) {
                return value;
            }
            if (value is long && (long)value < largest && (long)value > -largest) {
                return value;
            }
            return Redacted.OneLine(value as string ?? JsonText.Compact(value, false), 2000);
        }

        private static Dictionary<string, object> WithGrantForToken(
            Dictionary<string, object> entry
        ) {
            Dictionary<string, object> known =
                HostDocument.At(entry, "oauth2") as Dictionary<string, object>;
            if (known == null) {
                return entry;
            }
            Dictionary<string, object> oauth2 = new Dictionary<string, object>(known);
            oauth2["token"] = HostDocument.At(known, "token", "grant_id");
            Dictionary<string, object> comparable = new Dictionary<string, object>(entry);
            comparable["oauth2"] = oauth2;
            return comparable;
        }

        private static void Collect(
            object value,
            string pointer,
            Dictionary<string, object> leaves
        ) {
            Dictionary<string, object> table = value as Dictionary<string, object>;
            if (table == null) {
                leaves[pointer] = value;
                return;
            }
            foreach (KeyValuePair<string, object> pair in table) {
                string step = pair.Key.Replace("~", "~0").Replace("/", "~1");
                Collect(pair.Value, pointer + "/" + step, leaves);
            }
        }
    }
}
