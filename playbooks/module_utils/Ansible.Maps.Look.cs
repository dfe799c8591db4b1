// A look at a host: it writes nothing at all.

using System.Collections.Generic;
using System.Linq;
using Ansible.Maps.Comparison;
using Ansible.Maps.Delivery;
using Ansible.Maps.Document;
using Ansible.Maps.Folder;
using Ansible.Maps.Journal;
using Ansible.Maps.Lease;
using Ansible.Maps.Record;
using Ansible.Maps.Refusal;
using Ansible.Maps.Rollback;
using Ansible.Maps.Takeover;
using Ansible.Maps.View;

namespace Ansible.Maps.Look {
    /// <summary>What lies on a host, seen with its record.</summary>
    public sealed class HostLook {
        private readonly PrivateFolder folder;
        private readonly MapsTakeover takeover;

        public HostLook(PrivateFolder folder, MapsTakeover takeover) {
            this.folder = folder;
            this.takeover = takeover;
        }

        /// <summary>The document there; its Data is null if there is none.</summary>
        public FoundDocument Document() {
            byte[] data = folder.Exists() ? folder.Read(RecordJournal.Document) : null;
            return data == null
                ? new FoundDocument()
                : new FoundDocument(data, folder.Place(RecordJournal.Document));
        }

        /// <summary>
        /// The view of a rollback: a delivery of just what is archived, with tokens that work.
        /// </summary>
        public HostView Backward(HostDelivery delivery, HostRecord record) {
            List<Dictionary<string, object>> entries = RevivedEntries.RolledBack(
                Archived(record), Document().Entries, delivery.Tokens, delivery.Rotating);
            return View(delivery.OfAll(entries), record, null);
        }

        /// <summary>What is there, compared with a delivery.</summary>
        public HostView View(HostDelivery delivery, HostRecord record, string printKey) {
            FoundDocument there = Document();
            DeliveryComparison comparison = new DeliveryComparison(
                delivery, there.Entries, record, HostLease.UnixNow(), printKey);
            HostView view = new HostView(record, there, comparison, delivery);
            view.Unapplied = takeover.IsDue(there.Data, record);
            if (folder.Exists()) {
                view.TooOpen = folder.TooOpen(
                    RecordJournal.Document, RecordJournal.Predecessor, RecordJournal.Record);
            }
            return view;
        }

        /// <summary>Key -> entry of the document before; empty if that was exchanged.</summary>
        public Dictionary<string, Dictionary<string, object>> Predecessor(HostRecord record) {
            byte[] data = folder.Read(RecordJournal.Predecessor);
            object archived = HostDocument.At(record["predecessor"], "digest");
            if (data == null || !Equals(RecordJournal.DigestOf(data), archived)) {
                return new Dictionary<string, Dictionary<string, object>>();
            }
            return new FoundDocument(data, folder.Place(RecordJournal.Predecessor))
                .Entries.ToDictionary(HostDocument.KeyOf);
        }

        /// <summary>
        /// What is there, since when, from whom, proven when.
        /// </summary>
        public Dictionary<string, object> Probe(
            HostRecord record,
            Dictionary<string, object> lease
        ) {
            FoundDocument there = Document();
            string digest = RecordJournal.DigestOf(there.Data);
            Dictionary<string, object> servers = new Dictionary<string, object>();
            foreach (Dictionary<string, object> entry in there.Entries) {
                servers[(string)entry["server_name"]] = Probed(entry, record);
            }
            return new Dictionary<string, object> {
                { "phase", "probe" },
                { "generation", there.Data == null ? null : (object)there.Generation },
                { "edited_by_hand", !Equals(digest, record["document"]) },
                { "applied", there.Data != null && Equals(record["applied"], digest) },
                { "delivery", record["delivery"] },
                { "lease", HostLease.Shown(lease) },
                { "leftovers", folder.Strangers() },
                { "servers", servers },
            };
        }

        /// <summary>Why there can be no rollback.</summary>
        public static HostRefusal NoPredecessor() {
            string words = "this host has no document of before: there is nothing to go back to";
            return new HostRefusal("no_predecessor", words);
        }

        private List<Dictionary<string, object>> Archived(HostRecord record) {
            Dictionary<string, object> known = folder.Exists() ? record.Predecessor : null;
            if (known == null) {
                throw NoPredecessor();
            }
            byte[] data = folder.Read(RecordJournal.Predecessor);
            if (data == null || !Equals(RecordJournal.DigestOf(data), known["digest"])) {
                string words = "the predecessor here is not the one that was archived";
                throw new HostRefusal("archive", words);
            }
            return new FoundDocument(data, folder.Place(RecordJournal.Predecessor)).Entries;
        }

        private static Dictionary<string, object> Probed(
            Dictionary<string, object> entry,
            HostRecord record
        ) {
            object known = HostDocument.At(record.Servers, HostDocument.KeyOf(entry), "proof");
            Dictionary<string, object> proof = null;
            if (known != null) {
                proof = new[] { "outcome", "at", "run_id" }
                    .ToDictionary(name => name, name => HostDocument.At(known, name));
            }
            return new Dictionary<string, object> {
                { "verified", record.IsVerified(entry) },
                { "proof", proof },
                { "token_expires_at", HostDocument.TokenExpiry(entry) },
            };
        }
    }
}
