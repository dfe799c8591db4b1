// Taking back what a run delivered: host and MAPS get what they had before.

using System.Collections.Generic;
using System.Linq;
using Ansible.Maps.Document;
using Ansible.Maps.Folder;
using Ansible.Maps.Journal;
using Ansible.Maps.Record;
using Ansible.Maps.Refusal;
using Ansible.Maps.Rollback;
using Ansible.Maps.Takeover;
using Ansible.Maps.View;

namespace Ansible.Maps.Return {
    /// <summary>The return of the document before, or of none where there was none.</summary>
    public sealed class DocumentReturn {
        private readonly PrivateFolder folder;
        private readonly RecordJournal journal;
        private readonly MapsTakeover takeover;
        private readonly string[] rotating;

        /// <summary>
        /// The entries of `rotating` keep the tokens that were delivered: `Renewed` names them then.
        /// </summary>
        public DocumentReturn(
            PrivateFolder folder,
            RecordJournal journal,
            MapsTakeover takeover,
            string[] rotating
        ) {
            this.folder = folder;
            this.journal = journal;
            this.takeover = takeover;
            this.rotating = rotating;
            Renewed = new List<string>();
            Problem = "";
        }

        public List<string> Renewed { get; private set; }

        /// <summary>Why taking back did not succeed.</summary>
        public string Problem { get; private set; }

        /// <summary>
        /// "restored" once host and MAPS have what they had before, byte for byte; else "unknown".
        /// </summary>
        /// <remarks>`touchedMaps`: MAPS has been given what is taken back.</remarks>
        public string State(HostRecord record, bool touchedMaps) {
            try {
                return record.Predecessor == null
                    ? Removed(record, touchedMaps)
                    : GivenBack(record, touchedMaps);
            } catch (HostRefusal refusal) {
                Problem = refusal.Message;
                return "unknown";
            }
        }

        private string GivenBack(HostRecord record, bool touchedMaps) {
            byte[] old = folder.Read(RecordJournal.Predecessor);
            if (!Equals(RecordJournal.DigestOf(old), record.Predecessor["digest"])) {
                string words = "the predecessor here is not the one that was archived";
                throw new HostRefusal("archive", words);
            }
            byte[] there = folder.Read(RecordJournal.Document);
            List<Dictionary<string, object>> renewed = new List<Dictionary<string, object>>();
            byte[] data = WithTokensKept(old, there, record, renewed);
            bool again = touchedMaps || renewed.Count > 0;
            object applied = again ? null : record.Predecessor["applied"];
            HostRecord after = record.GivenBack(data, applied, renewed);
            if (renewed.Count > 0) {
                after = after.But("generations", record.Generations + 1);
            }
            journal.Replace(record, after, data, there, null);
            return AppliedAgain(after, data, touchedMaps);
        }

        // The document to give back; `renewed` gets those with another token than they had.
        private byte[] WithTokensKept(
            byte[] old,
            byte[] there,
            HostRecord record,
            List<Dictionary<string, object>> renewed
        ) {
            if (rotating.Length == 0) {
                return old;  // byte for byte
            }
            RevivedEntries revived = RevivedEntries.KeptAlive(
                new FoundDocument(old, RecordJournal.Predecessor).Entries,
                new FoundDocument(there, RecordJournal.Document).Entries,
                rotating
            );
            renewed.AddRange(revived.Renewed);
            Renewed = renewed.Select(entry => (string)entry["server_name"]).ToList();
            return renewed.Count > 0
                ? HostDocument.Serialised(record.Generations + 1, revived.Entries)
                : old;
        }

        // There was no document before. MAPS is told so by an empty one, then that goes, too.
        private string Removed(HostRecord record, bool touchedMaps) {
            string state = "restored";
            byte[] there = folder.Read(RecordJournal.Document);
            HostRecord before = record;
            HostRecord after =
                record.But("delivery", null).But("servers", new Dictionary<string, object>());
            if (takeover.IsWanted && touchedMaps) {
                long generation = record.Generations + 1;
                byte[] empty =
                    HostDocument.Serialised(generation, new List<Dictionary<string, object>>());
                after = after.But("document", RecordJournal.DigestOf(empty))
                    .But("applied", null)
                    .But("generations", generation);
                journal.Replace(record, after, empty, there, null);
                state = AppliedAgain(after, empty, touchedMaps);
                there = empty;
                before = after;
            }
            HostRecord none = after.But("document", null).But("applied", null);
            journal.Replace(before, none, null, there, null);
            return state;
        }

        private string AppliedAgain(HostRecord record, byte[] data, bool touchedMaps) {
            if (!takeover.IsWanted || !touchedMaps) {
                return "restored";
            }
            List<Dictionary<string, object>> entries =
                new FoundDocument(data, RecordJournal.Document).Entries;
            if (takeover.Run(entries).Code != 0) {
                return "unknown";
            }
            journal.Write(record.But("applied", RecordJournal.DigestOf(data)));
            return "restored";
        }
    }
}
