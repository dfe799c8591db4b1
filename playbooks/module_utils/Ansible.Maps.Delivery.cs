// What the controller asks of a host, as its action plugin sends it: one JSON object. Pure.

using System.Collections.Generic;
using System.Linq;
using Ansible.Maps.CaseFolding;
using Ansible.Maps.Document;
using Ansible.Maps.Json;
using Ansible.Maps.Record;

namespace Ansible.Maps.Delivery {
    /// <summary>A delivery of entries, or of the tokens that a rollback needs.</summary>
    public sealed class HostDelivery {
        private readonly Dictionary<string, object> content;

        public HostDelivery(Dictionary<string, object> content) {
            this.content = content;
        }

        /// <summary>The delivery in the module's `document`.</summary>
        public static HostDelivery Parsed(string document) {
            return new HostDelivery((Dictionary<string, object>)JsonText.Parse(document));
        }

        /// <summary>A delivery of just these entries, which are all that is to be there.</summary>
        public HostDelivery OfAll(IEnumerable<Dictionary<string, object>> entries) {
            return new HostDelivery(new Dictionary<string, object> {
                { "entries", entries.ToList<object>() },
                { "remove", new List<object>() },
                { "declared", null },
                { "mails", content["mails"] },
                { "whole", true },
            });
        }

        /// <summary>The entries, those of one name only once.</summary>
        public Dictionary<string, Dictionary<string, object>> ByKey() {
            Dictionary<string, Dictionary<string, object>> entries =
                new Dictionary<string, Dictionary<string, object>>();
            foreach (object entry in (List<object>)content["entries"]) {
                Dictionary<string, object> table = (Dictionary<string, object>)entry;
                entries[HostDocument.KeyOf(table)] = table;
            }
            return entries;
        }

        /// <summary>Keys of what is to go, if this tool put it there.</summary>
        public HashSet<string> Removed(
            ICollection<string> ours,
            IEnumerable<Dictionary<string, object>> current
        ) {
            HashSet<string> removed = Folded(content["remove"]);
            removed.ExceptWith(ours);
            if (Equals(Value("prune"), true)) {
                removed.UnionWith(current.Select(HostDocument.KeyOf).Where(IsUndeclared));
            }
            return removed;
        }

        /// <summary>Whether nobody declares it for this host; false where that is not known.</summary>
        public bool IsUndeclared(string key) {
            return Value("declared") != null && !Folded(Value("declared")).Contains(key);
        }

        /// <summary>Whether it is all that is to be there, whoever put the rest there.</summary>
        public bool IsWhole {
            get { return Equals(Value("whole"), true); }
        }

        /// <summary>The proofs that count in this run.</summary>
        public string[] Accepted {
            get {
                string[] accepted = Texts(Value("accepted"));
                return accepted.Length > 0 ? accepted : HostRecord.FullProofs;
            }
        }

        /// <summary>Servers whose refresh token its provider replaces.</summary>
        public string[] Rotating {
            get { return Texts(Value("rotating")); }
        }

        /// <summary>Whether one of these servers has an envelope.</summary>
        public bool Mails(IEnumerable<string> names) {
            HashSet<string> mailed = Folded(content["mails"]);
            return names.Any(name => mailed.Contains(Names.Fold(name)));
        }

        /// <summary>Whether this run goes on to try one of these servers.</summary>
        public bool Checks(IEnumerable<string> names) {
            HashSet<string> tried =
                Folded(content.ContainsKey("checked") ? content["checked"] : content["mails"]);
            return names.Any(name => tried.Contains(Names.Fold(name)));
        }

        /// <summary>server_name -> the token that is now valid, of a rollback.</summary>
        public Dictionary<string, object> Tokens {
            get { return (Dictionary<string, object>)content["tokens"]; }
        }

        private static HashSet<string> Folded(object names) {
            return new HashSet<string>(Texts(names).Select(Names.Fold));
        }

        private static string[] Texts(object values) {
            return ((List<object>)values ?? new List<object>()).Cast<string>().ToArray();
        }

        private object Value(string name) {
            object value;
            return content.TryGetValue(name, out value) ? value : null;
        }
    }
}
