// The host document: its bytes, and what is in its entries. Pure. Twin of maps_document.py.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using Ansible.Maps.CaseFolding;
using Ansible.Maps.Json;
using Ansible.Maps.Refusal;

namespace Ansible.Maps.Document {
    /// <summary>A document that was read, and what can be said of its entries.</summary>
    public sealed class HostDocument {
        public const long SchemaVersion = 1;

        private const long TwoTo53 = 1L << 53;
        private static readonly Encoding Utf8 = new UTF8Encoding(false, true);
        private static readonly string[][] Secrets = {
            new[] { "password" },
            new[] { "oauth2", "client_secret" },
            new[] { "oauth2", "token", "access_token" },
            new[] { "oauth2", "token", "refresh_token" },
        };

        private HostDocument(long generation, List<object> entries) {
            Generation = generation;
            Entries = entries;
        }

        public long Generation { get; private set; }

        /// <summary>Each is a Dictionary with a server_name and a host.</summary>
        public List<object> Entries { get; private set; }

        /// <summary>The bytes of a document.</summary>
        public static byte[] Serialised(long generation, IEnumerable<object> entries) {
            Dictionary<string, object> content = new Dictionary<string, object> {
                { "schema_version", SchemaVersion },
                { "generation", generation },
                { "servers", entries.OrderBy(KeyOf, Names.Order).ToList() },
            };
            return Utf8.GetBytes(JsonText.Indented(content) + "\n");
        }

        /// <summary>A document's bytes, read; HostRefusal if this version cannot keep them.</summary>
        public static HostDocument Parsed(byte[] data, string path) {
            Dictionary<string, object> content = Content(data, path);
            object version = At(content, "schema_version");
            if (IsNumber(version) && (long)version > SchemaVersion) {
                throw new HostRefusal("newer", path + " was written by a newer version (schema "
                    + Convert.ToString(version, CultureInfo.InvariantCulture)
                    + "): upgrade maps-provisioner here");
            }
            object generation = At(content, "generation");
            if (!IsNumber(generation) || !Equals(version, SchemaVersion)) {
                throw Unreadable(path, "schema_version or generation is missing");
            }
            List<object> entries = At(content, "servers") as List<object>;
            string wrong = WhatIsWrongWith(entries);
            if (wrong != null) {
                throw Unreadable(path, wrong);
            }
            return new HostDocument((long)generation, entries);
        }

        private static Dictionary<string, object> Content(byte[] data, string path) {
            object content;
            try {
                content = JsonText.Parse(Utf8.GetString(data));
                Utf8.GetBytes(JsonText.Indented(content));  // half a surrogate pair has none
            } catch (ArgumentException) {
                throw Unreadable(path, "it is not JSON that can be written again");
            } catch (FormatException) {
                throw Unreadable(path, "it is not JSON that can be written again");
            }
            if (!(content is Dictionary<string, object>)) {
                throw Unreadable(path, "it is not an object");
            }
            return (Dictionary<string, object>)content;
        }

        private static string WhatIsWrongWith(List<object> entries) {
            if (entries == null || !entries.All(IsEntry)) {
                return "servers is not a list of entries with a server_name and a host";
            }
            if (entries.Any(entry => ((string)At(entry, "server_name")).Any(char.IsControl))) {
                return "a server_name has control characters";
            }
            if (entries.Select(KeyOf).Distinct(StringComparer.Ordinal).Count() != entries.Count) {
                return "two entries have the same server_name";
            }
            return null;
        }

        private static bool IsNumber(object value) {
            return value is long && (long)value >= 0 && (long)value < TwoTo53;
        }

        private static bool IsEntry(object entry) {
            return At(entry, "server_name") is string && At(entry, "host") is string;
        }

        private static HostRefusal Unreadable(string path, string why) {
            return new HostRefusal("unreadable", path + " cannot be understood: " + why
                + ". It is left alone: correct it, or move it away, then push");
        }

        /// <summary>What identifies a server: its name, whatever its case.</summary>
        public static string KeyOf(object entry) {
            return Names.Fold((string)At(entry, "server_name"));
        }

        /// <summary>SHA-256 of bytes. Stays on the host, beside the document itself.</summary>
        public static string Digest(byte[] data) {
#if CORECLR
            using (SHA256 hash = SHA256.Create()) {
#else
            // The one of Windows: the framework's own is refused where only FIPS 140 is allowed.
            using (SHA256 hash = new SHA256CryptoServiceProvider()) {
#endif
                return Hexadecimal(hash.ComputeHash(data));
            }
        }

        /// <summary>SHA-256 of an entry, tokens included. Stays on the host, too.</summary>
        public static string EntryDigest(object entry) {
            return Digest(Encoding.ASCII.GetBytes(JsonText.Compact(entry, true)));
        }

        /// <summary>A keyed fingerprint that may leave the host: without the key it tells nothing.</summary>
        public static string Fingerprint(byte[] data, string key) {
            using (HMACSHA256 hash = new HMACSHA256(Utf8.GetBytes(key))) {
                return Hexadecimal(hash.ComputeHash(data)).Substring(0, 16);
            }
        }

        private static string Hexadecimal(byte[] data) {
            return string.Concat(data.Select(one => one.ToString("x2", CultureInfo.InvariantCulture)));
        }

        /// <summary>Every secret of these entries.</summary>
        public static List<string> SecretsOf(IEnumerable<object> entries) {
            return entries.SelectMany(entry => Secrets.Select(path => At(entry, path) as string))
                .Where(secret => !string.IsNullOrEmpty(secret))
                .ToList();
        }

        /// <summary>When the entry's access token expires (Unix seconds); null without one.</summary>
        public static long? TokenExpiry(object entry) {
            object expires = At(entry, "oauth2", "token", "expires_at");
            return IsNumber(expires) ? (long?)(long)expires : null;
        }

        /// <summary>The entry as the SMTP conversation wants it.</summary>
        public static Dictionary<string, object> Account(object entry, string caFile) {
            Dictionary<string, object> account = new Dictionary<string, object>();
            foreach (string name in new[] {
                "host", "port", "use_tls", "smtp_security_level", "user_name", "client_name",
            }) {
                account[name] = At(entry, name);
            }
            Dictionary<string, object> oauth2 = At(entry, "oauth2") as Dictionary<string, object>;
            account["secret"] = oauth2 != null && oauth2.Count > 0
                ? At(entry, "oauth2", "token", "access_token")
                : At(entry, "password");
            account["ca_file"] = caFile;
            return account;
        }

        /// <summary>Where the entry's refresh requests go; null where it has no OAuth2.</summary>
        public static object RefreshEndpoint(object entry) {
            object own = At(entry, "oauth2", "refresh_token_url");
            bool isSet = own != null && !Equals(own, "");
            return isSet ? own : At(entry, "oauth2", "access_token_url");
        }

        /// <summary>What is at a path of keys; null if nothing is.</summary>
        public static object At(object value, params string[] path) {
            foreach (string name in path) {
                Dictionary<string, object> members = value as Dictionary<string, object>;
                object inner = null;
                if (members != null) {
                    members.TryGetValue(name, out inner);
                }
                value = inner;
            }
            return value;
        }
    }
}
