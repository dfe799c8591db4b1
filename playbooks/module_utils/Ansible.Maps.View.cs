// What was found on a host, compared with a delivery.

using System.Collections.Generic;
using System.Linq;
using Ansible.Maps.Command;
using Ansible.Maps.Comparison;
using Ansible.Maps.Delivery;
using Ansible.Maps.Document;
using Ansible.Maps.Journal;
using Ansible.Maps.Record;

namespace Ansible.Maps.View {
    /// <summary>The document that lies on a host; its Data is null if there is none.</summary>
    public sealed class FoundDocument {
        public readonly byte[] Data;
        public readonly long Generation;
        public readonly List<Dictionary<string, object>> Entries;

        /// <summary>None.</summary>
        public FoundDocument() {
            Entries = new List<Dictionary<string, object>>();
        }

        /// <summary>That of these bytes; HostRefusal if this version cannot keep them.</summary>
        public FoundDocument(byte[] data, string path) {
            HostDocument document = HostDocument.Parsed(data, path);
            Data = data;
            Generation = document.Generation;
            Entries = document.Entries.Cast<Dictionary<string, object>>().ToList();
        }
    }

    /// <summary>What was found on the host, compared with a delivery.</summary>
    public sealed class HostView {
        public HostRecord Record;
        public byte[] Data;
        public long Generation;
        public List<string> TooOpen = new List<string>();
        public bool Unapplied;
        public Ended Apply;

        public readonly List<Dictionary<string, object>> Entries;
        public readonly DeliveryComparison Comparison;

        /// <summary>Whether a mail is to be sent for what is not proven.</summary>
        public readonly bool Due;

        public readonly bool EditedByHand;

        public HostView(
            HostRecord record,
            FoundDocument there,
            DeliveryComparison comparison,
            HostDelivery delivery
        ) {
            Record = record;
            Data = there.Data;
            Generation = there.Generation;
            Entries = there.Entries;
            Comparison = comparison;
            Due = delivery.Mails(comparison.Unproven);
            EditedByHand = !Equals(RecordJournal.DigestOf(there.Data), record["document"]);
        }

        /// <summary>
        /// Whether what lies there was delivered, but its mails were never seen through.
        /// </summary>
        /// <remarks>It is no document to go back to: the one before it stays that.</remarks>
        public bool Pending {
            get {
                Dictionary<string, object> delivery = Record.Delivery;
                return delivery != null && !(bool)delivery["settled"] && !EditedByHand;
            }
        }

        /// <summary>The entries that this delivery puts there.</summary>
        public IEnumerable<Dictionary<string, object>> Changed() {
            return Comparison.Entries.Where(entry => {
                string name = (string)entry["server_name"];
                string state = HostDocument.At(Comparison.Report, name, "state") as string;
                return state == "added" || state == "changed";
            });
        }

        /// <summary>The document there, as the record keeps the one before; null for none.</summary>
        public Dictionary<string, object> AsPredecessor() {
            if (Data == null) {
                return null;
            }
            string digest = RecordJournal.DigestOf(Data);
            return new Dictionary<string, object> {
                { "digest", digest },
                { "generation", Generation },
                { "servers", Record["servers"] },
                { "applied", Equals(Record["applied"], digest) ? digest : null },
            };
        }
    }
}
