// state.json: what the host remembers of its document, and the journal of what is under way.
// The twin of maps_record.py.

using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Ansible.Maps.Document;
using Ansible.Maps.Json;
using Ansible.Maps.Shape;

namespace Ansible.Maps.Record {
    /// <summary>
    /// What state.json says, with the names of maps_record.py. Every change is made on a copy and
    /// written as one whole file.
    /// </summary>
    public sealed class HostRecord {
        private const long SchemaVersion = 1;

        /// <summary>What a mail proves, and what nobody but MAPS could.</summary>
        public static readonly string[] FullProofs = { "sent", "unprovable" };

        public readonly Dictionary<string, object> Content;

        /// <summary>A record of that content, blank where it says nothing.</summary>
        public HostRecord(Dictionary<string, object> content) {
            Content = Blank();
            foreach (KeyValuePair<string, object> pair in content) {
                Content[pair.Key] = pair.Value;
            }
        }

        public HostRecord() : this(new Dictionary<string, object>()) {
        }

        /// <summary>The record in a file's bytes; null if it is none of this version's.</summary>
        public static HostRecord Parsed(byte[] data) {
            Dictionary<string, object> content;
            try {
                string text = new UTF8Encoding(false, true).GetString(data);
                content = JsonText.Parse(text) as Dictionary<string, object>;
            } catch (ArgumentException) {  // what is no UTF-8
                return null;
            } catch (FormatException) {
                return null;
            }
            return RecordShape.Fits(content) ? new HostRecord(content) : null;
        }

        /// <summary>The bytes to write.</summary>
        public byte[] Serialised() {
            return Encoding.ASCII.GetBytes(JsonText.IndentedAscii(Content) + "\n");
        }

        public object this[string name] {
            get { return Content[name]; }
        }

        public Dictionary<string, object> Predecessor {
            get { return (Dictionary<string, object>)Content["predecessor"]; }
        }

        public Dictionary<string, object> Delivery {
            get { return (Dictionary<string, object>)Content["delivery"]; }
        }

        public Dictionary<string, object> Transaction {
            get { return (Dictionary<string, object>)Content["transaction"]; }
        }

        public Dictionary<string, object> Servers {
            get { return (Dictionary<string, object>)Content["servers"]; }
        }

        /// <summary>The highest generation ever used here, also by what was taken back.</summary>
        public long Generations {
            get { return (long)Content["generations"]; }
        }

        /// <summary>The same with one thing changed.</summary>
        public HostRecord But(string name, object value) {
            HostRecord changed = new HostRecord(Content);
            changed.Content[name] = value;
            return changed;
        }

        // -- what it says of servers

        /// <summary>Whether this tool has put that server there.</summary>
        public bool IsOurs(string key) {
            return Servers.ContainsKey(key);
        }

        /// <summary>Whether a mail went through with exactly this entry.</summary>
        public bool IsVerified(Dictionary<string, object> entry) {
            return ProofOf(entry) == "sent";
        }

        /// <summary>Verified, or known to be beyond proof; `accepted`: the proofs that count.</summary>
        public bool IsSettled(Dictionary<string, object> entry, ICollection<string> accepted) {
            string proof = ProofOf(entry);
            return proof != null && accepted.Contains(proof);
        }

        /// <summary>Whether the entry differs from what was delivered (false if not known).</summary>
        public bool WasEdited(Dictionary<string, object> entry) {
            object delivered = HostDocument.At(Servers, HostDocument.KeyOf(entry), "delivered");
            return delivered != null && !Equals(delivered, HostDocument.EntryDigest(entry));
        }

        private string ProofOf(Dictionary<string, object> entry) {
            object found = HostDocument.At(Servers, HostDocument.KeyOf(entry), "proof");
            Dictionary<string, object> proof = found as Dictionary<string, object>;
            bool ofThis = proof != null && Equals(proof["digest"], HostDocument.EntryDigest(entry));
            return ofThis ? (string)proof["outcome"] : null;
        }

        // -- what it becomes

        /// <summary>
        /// The record once the document is the predecessor's; `renewed`: entries unlike its own.
        /// </summary>
        public HostRecord GivenBack(
            byte[] data,
            object applied,
            IEnumerable<Dictionary<string, object>> renewed
        ) {
            Dictionary<string, object> known = (Dictionary<string, object>)Predecessor["servers"];
            return But("document", HostDocument.Digest(data))
                .But("applied", applied)
                .But("predecessor", null)
                .But("delivery", null)
                .But("servers", WithDelivered(known, renewed));
        }

        /// <summary>The same, with the last delivery seen through.</summary>
        public HostRecord Settled() {
            Dictionary<string, object> delivery = new Dictionary<string, object>(Delivery);
            delivery["settled"] = true;
            return But("delivery", delivery);
        }

        /// <summary>The same with the proof of one entry.</summary>
        public HostRecord WithProof(
            Dictionary<string, object> entry,
            string outcome,
            string at,
            string runId
        ) {
            string key = HostDocument.KeyOf(entry);
            Dictionary<string, object> proof = new Dictionary<string, object>();
            proof["digest"] = HostDocument.EntryDigest(entry);
            proof["outcome"] = outcome;
            proof["at"] = at;
            proof["run_id"] = runId;
            Dictionary<string, object> servers = new Dictionary<string, object>(Servers);
            servers[key] = Known(Servers, key, "delivered", "proof", proof);
            return But("servers", servers);
        }

        /// <summary>The record once the document is `data`.</summary>
        public HostRecord AfterDelivery(
            byte[] data,
            IEnumerable<Dictionary<string, object>> changed,
            ICollection<string> keptKeys,
            Dictionary<string, object> delivery,
            Dictionary<string, object> predecessor
        ) {
            Dictionary<string, object> kept = Servers
                .Where(pair => keptKeys.Contains(pair.Key))
                .ToDictionary(pair => pair.Key, pair => pair.Value);
            return But("document", HostDocument.Digest(data))
                .But("applied", null)
                .But("generations", delivery["generation"])
                .But("predecessor", predecessor)
                .But("delivery", delivery)
                .But("servers", WithDelivered(kept, changed))
                .But("transaction", null);
        }

        private static Dictionary<string, object> WithDelivered(
            Dictionary<string, object> servers,
            IEnumerable<Dictionary<string, object>> entries
        ) {
            Dictionary<string, object> all = new Dictionary<string, object>(servers);
            foreach (Dictionary<string, object> entry in entries) {
                string key = HostDocument.KeyOf(entry);
                all[key] = Known(all, key, "proof", "delivered", HostDocument.EntryDigest(entry));
            }
            return all;
        }

        // What is known of a server, with one thing changed; `blank` is null if nothing is known.
        private static Dictionary<string, object> Known(
            Dictionary<string, object> servers,
            string key,
            string blank,
            string name,
            object value
        ) {
            object there;
            servers.TryGetValue(key, out there);
            Dictionary<string, object> before = there as Dictionary<string, object>;
            Dictionary<string, object> known = before != null && before.Count > 0
                ? new Dictionary<string, object>(before)
                : new Dictionary<string, object> { { blank, null } };
            known[name] = value;
            return known;
        }

        private static Dictionary<string, object> Blank() {
            return new Dictionary<string, object> {
                { "schema_version", SchemaVersion },
                { "document", null },
                { "applied", null },
                { "generations", 0L },
                { "predecessor", null },
                { "delivery", null },
                { "servers", new Dictionary<string, object>() },
                { "transaction", null },
            };
        }
    }
}
