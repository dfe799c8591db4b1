// Replacing the document so that a kill at any moment is seen, and mended, by the next run.
//
// Before the one rename, state.json gets a transaction: from which document, to which, and the
// record as it is to be after it. Which of the two documents then lies there tells the next run
// whether the rename took place. The twin of maps_journal.py.

using System;
using System.Collections.Generic;
using Ansible.Maps.Document;
using Ansible.Maps.Folder;
using Ansible.Maps.Lease;
using Ansible.Maps.Record;
using Ansible.Maps.Refusal;

namespace Ansible.Maps.Journal {
    /// <summary>The record of one folder, and the replacement of its document.</summary>
    public sealed class RecordJournal {
        public const string Document = "email-servers.json";
        public const string Predecessor = "email-servers.previous.json";
        public const string Record = "state.json";

        private const string Staged = Document + ".new";
        private const string SetAside = Document + ".old";
        private const string RecordStaged = Record + ".new";
        private const string RecordBroken = Record + ".unreadable";

        private readonly PrivateFolder folder;
        private readonly string runId;
        private readonly string owner;

        public RecordJournal(PrivateFolder folder, string runId, string owner) {
            this.folder = folder;
            this.runId = runId;
            this.owner = owner;
        }

        /// <summary>Whether the document was replaced: a refusal before that is safe.</summary>
        public bool Moved { get; private set; }

        // -- the record

        /// <summary>The record as it is written; a blank one if there is none that fits.</summary>
        public HostRecord Read() {
            byte[] data = folder.Exists() ? folder.Read(Record) : null;
            return (data != null ? HostRecord.Parsed(data) : null) ?? new HostRecord();
        }

        /// <summary>The record as `Mend` would leave it; writes nothing.</summary>
        public HostRecord ReadMended() {
            HostRecord record = Read();
            return record.Transaction != null ? GoneOn(record) : record;
        }

        /// <summary>Write the record, whole and durable.</summary>
        public void Write(HostRecord record) {
            folder.Write(RecordStaged, record.Serialised());
            folder.Move(RecordStaged, Record);
        }

        // -- the replacement

        /// <summary>
        /// The one moment: `before` and `old` up to it, `after` and `data` from it on.
        /// </summary>
        /// <remarks>
        /// Null for `data` removes the document. `setAside`, unless null, becomes the predecessor.
        /// </remarks>
        public void Replace(
            HostRecord before,
            HostRecord after,
            byte[] data,
            byte[] old,
            byte[] setAside
        ) {
            try {
                Prepare(before, after, data, old, setAside);
            } catch (HostRefusal) {
                folder.Remove(Staged, SetAside, RecordStaged);
                throw;
            }
            bool movedBefore = Moved;
            Moved = true;
            try {
                Put(data);
            } catch (HostRefusal) {
                DropIfUnmoved(old, movedBefore);
                throw;
            }
            Finish(after);
        }

        private void Put(byte[] data) {
            if (data == null) {
                folder.Remove(Document);
            } else {
                folder.Move(Staged, Document);
            }
        }

        // Where the old document still lies, as if nothing had begun: a program may keep it open.
        private void DropIfUnmoved(byte[] old, bool movedBefore) {
            try {
                if (DigestOf(folder.Read(Document)) == DigestOf(old)) {
                    Moved = movedBefore;
                    Mend();
                }
            } catch (HostRefusal) {
                // What went wrong first is what is to be said.
            }
        }

        /// <summary>Finish, or drop, a replacement that was interrupted; needs the lock.</summary>
        public void Mend() {
            PutAsideBrokenRecord();
            HostRecord record = Read();
            if (record.Transaction != null) {
                HostRecord after = GoneOn(record);
                if (!TookPlace(record)) {
                    folder.Remove(SetAside);
                }
                Finish(after);
            }
            folder.Remove(Staged, SetAside, RecordStaged);
        }

        private void Prepare(
            HostRecord before,
            HostRecord after,
            byte[] data,
            byte[] old,
            byte[] setAside
        ) {
            if (data != null) {
                folder.Write(Staged, data);
            }
            if (setAside != null) {
                folder.Write(SetAside, setAside);
            }
            Write(before.But("transaction", new Dictionary<string, object> {
                { "began", Now() },
                { "from", DigestOf(old) },
                { "to", DigestOf(data) },
                { "after", after.Content },
                { "run_id", runId },
                { "owner", owner },
            }));
        }

        private void Finish(HostRecord after) {
            if (folder.Has(SetAside)) {
                folder.Move(SetAside, Predecessor);
            }
            Write(after);
            if (after.Predecessor == null) {
                folder.Remove(Predecessor);
            }
        }

        private HostRecord GoneOn(HostRecord record) {
            Dictionary<string, object> content =
                (Dictionary<string, object>)record.Transaction["after"];
            HostRecord after = new HostRecord(content);
            if (TookPlace(record)) {
                return after;
            }
            // The generation of a dropped replacement is used up all the same.
            return record.But("transaction", null).But("generations", after.Generations);
        }

        private bool TookPlace(HostRecord record) {
            object from = record.Transaction["from"], to = record.Transaction["to"];
            string there = DigestOf(folder.Read(Document));
            if (Equals(there, from) || Equals(there, to)) {
                return Equals(there, to);
            }
            return !folder.Has(Staged);  // edited by hand meanwhile: before or after it?
        }

        private void PutAsideBrokenRecord() {
            byte[] data = folder.Read(Record);
            if (data != null && HostRecord.Parsed(data) == null) {
                folder.Move(Record, RecordBroken);
            }
        }

        /// <summary>The digest of a document's bytes; null if there is no document.</summary>
        public static string DigestOf(byte[] data) {
            return data == null ? null : HostDocument.Digest(data);
        }

        /// <summary>The time as it is written down.</summary>
        public static string Now() {
            return HostLease.Utc((long)Math.Floor(HostLease.UnixNow()));
        }
    }
}
