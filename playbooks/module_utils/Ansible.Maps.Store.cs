// The transaction on one MAPS host: read, compare, stage, archive, replace, apply, record.
//
// Whatever happens at whatever moment, the host has its old document or the new one, whole; the
// record says which, and the next run goes on from there. The twin of maps_store.py.

using System;
using System.Collections.Generic;
using System.Linq;
using Ansible.Maps.CaseFolding;
using Ansible.Maps.Command;
using Ansible.Maps.Delivery;
using Ansible.Maps.Document;
using Ansible.Maps.Equality;
using Ansible.Maps.Folder;
using Ansible.Maps.Journal;
using Ansible.Maps.Lease;
using Ansible.Maps.Look;
using Ansible.Maps.Record;
using Ansible.Maps.Refusal;
using Ansible.Maps.Return;
using Ansible.Maps.Takeover;
using Ansible.Maps.Turn;
using Ansible.Maps.View;

namespace Ansible.Maps.Store {
    /// <summary>What a run brings along.</summary>
    public sealed class StoreSettings {
        public string Directory, RunId, Owner, Group;

        /// <summary>Terms of the lease, see HostLease; null: none is taken.</summary>
        public Dictionary<string, object> Lease;

        public string[] ApplyCommand;
        public string Service;
        public Func<string, int, Ended> Restart;

        /// <summary>Seconds after which the apply command is killed.</summary>
        public int ApplyTimeout = 300;

        /// <summary>Seconds to wait for another run.</summary>
        public double LockWait = 10;
    }

    /// <summary>The documents of one host, and who works on them in this run.</summary>
    public sealed class DocumentStore {
        // Results after which mails are sent.
        private static readonly string[] Provable = { "delivered", "applied", "unchanged" };

        private readonly PrivateFolder folder;
        private readonly RecordJournal journal;
        private readonly HostLease lease;
        private readonly HostTurn turn;
        private readonly MapsTakeover takeover;
        private readonly HostLook look;
        private readonly string runId;
        private readonly string owner;
        private readonly object commit;

        public DocumentStore(StoreSettings settings) {
            runId = settings.RunId;
            owner = settings.Owner;
            folder = new PrivateFolder(settings.Directory, settings.Group);
            journal = new RecordJournal(folder, runId, owner);
            long seconds = HostLease.Seconds + settings.ApplyTimeout;
            lease = new HostLease(folder, settings.Lease, runId, owner, seconds);
            turn = new HostTurn(folder, lease, runId, owner, settings.LockWait);
            takeover = new MapsTakeover(
                folder, settings.ApplyCommand, settings.Service, settings.Restart, settings.ApplyTimeout);
            look = new HostLook(folder, takeover);
            commit = HostDocument.At(settings.Lease, "commit");
            Renewed = new List<string>();
            Problem = "";
        }

        /// <summary>Servers whose tokens were kept when an old document was given back.</summary>
        public List<string> Renewed { get; private set; }

        /// <summary>Why taking back did not succeed.</summary>
        public string Problem { get; private set; }

        /// <summary>How what `apply_exit` is the exit code of has ended, for messages.</summary>
        public string Ending { get; private set; }

        /// <summary>What has ended last of what makes MAPS take a document over.</summary>
        public string Applier {
            get { return takeover.Name; }
        }

        /// <summary>
        /// Whether the document was replaced in this run: a refusal after that leaves doubts.
        /// </summary>
        public bool Moved {
            get { return journal.Moved; }
        }

        // -- what a run may ask for

        /// <summary>What `Deliver` would do, as its result; writes nothing at all.</summary>
        /// <remarks>
        /// With a `printKey` the delivery holds no secret, and the result has prints of those here.
        /// </remarks>
        public Dictionary<string, object> Compared(HostDelivery delivery, string printKey) {
            HostView view = look.View(delivery, journal.ReadMended(), printKey);
            bool differs = view.Comparison.Writes || view.Unapplied || view.TooOpen.Count > 0;
            return Result(view, differs ? "changed" : "unchanged");
        }

        /// <summary>Bring the document to the declared state, and MAPS with it.</summary>
        public Dictionary<string, object> Deliver(HostDelivery delivery) {
            folder.Make();
            return Working(work => {
                HostView view = look.View(delivery, journal.Read(), null);
                folder.Tighten(view.TooOpen);
                Dictionary<string, object> result = Brought(view, delivery.Rotating);
                work.GoesOn = GoesOn(result, delivery);
                return result;
            });
        }

        /// <summary>
        /// Bring back what the host had before its last delivery, as a new generation.
        /// </summary>
        public Dictionary<string, object> RollBack(HostDelivery delivery) {
            if (!folder.Exists()) {
                throw HostLook.NoPredecessor();
            }
            return Working(work => {
                HostView view = look.Backward(delivery, journal.Read());
                Dictionary<string, object> result =
                    OfRollback(Brought(view, delivery.Rotating));
                work.GoesOn = GoesOn(result, delivery);
                return result;
            });
        }

        /// <summary>What `RollBack` would do, as its result; writes nothing at all.</summary>
        public Dictionary<string, object> RolledBack(HostDelivery delivery) {
            HostView view = look.Backward(delivery, journal.ReadMended());
            bool differs = view.Comparison.Writes || view.Unapplied;
            return OfRollback(Result(view, differs ? "changed" : "unchanged"));
        }

        /// <summary>
        /// Take back what this run has delivered: "restored", or "unknown" (see `Problem`).
        /// </summary>
        /// <remarks>
        /// The entries of `rotating` keep the tokens that were delivered: `Renewed` names them then.
        /// </remarks>
        public string Restore(string[] rotating) {
            return Working(work => {
                HostRecord record = journal.Read();
                if (!MayTakeBack(record)) {
                    string words = "this run delivered nothing here that it could take back";
                    throw new HostRefusal("not_ours", words);
                }
                string there = RecordJournal.DigestOf(folder.Read(RecordJournal.Document));
                if (!Equals(there, record["document"])) {
                    string words = "the document was edited by hand since it was delivered";
                    throw new HostRefusal("edited", words);
                }
                return TakenBack(record, true, rotating);
            });
        }

        /// <summary>
        /// Remember what was proven: entry and "sent", "authenticated" or "unprovable" each.
        /// </summary>
        /// <remarks>
        /// The delivery stands once each server of `needed` has one of the `accepted` proofs; until
        /// then the document before stays the one to go back to. Not `last`: if this run may take
        /// its delivery back, it may be about to.
        /// </remarks>
        public void RecordProofs(
            IEnumerable<KeyValuePair<Dictionary<string, object>, string>> proofs,
            IEnumerable<string> needed,
            ICollection<string> accepted,
            bool last
        ) {
            Working(work => {
                HostRecord record = journal.Read();
                work.GoesOn = !last && MayTakeBack(record);
                List<Dictionary<string, object>> there = Document().Entries;
                foreach (KeyValuePair<Dictionary<string, object>, string> proof in proofs) {
                    if (there.Any(entry => Same.Values(entry, proof.Key))) {
                        record = record.WithProof(
                            proof.Key, proof.Value, RecordJournal.Now(), runId);
                    }
                }
                HashSet<string> due = new HashSet<string>(needed.Select(Names.Fold));
                bool waits = there.Any(entry => due.Contains(HostDocument.KeyOf(entry))
                    && !record.IsSettled(entry, accepted));
                journal.Write(!waits && MayTakeBack(record) ? record.Settled() : record);
                return true;
            });
        }

        /// <summary>
        /// Keep others away for the whole of what is about to begin; Refusal if one is at work.
        /// </summary>
        /// <remarks>A full disk is no reason against: what follows may yet be to look.</remarks>
        public void RenewLease() {
            try {
                Working(work => work.GoesOn = true);
            } catch (HostRefusal refusal) {
                if (refusal.Reason == "locked") {
                    throw;
                }
            }
        }

        /// <summary>End our own: nothing of this run follows.</summary>
        public void ReleaseLease() {
            turn.Locked(() => {
                lease.Release();
                return true;
            });
        }

        /// <summary>
        /// End a lease: our own, or with `force` anybody's. -> state, and the lease that was there.
        /// </summary>
        public KeyValuePair<string, Dictionary<string, object>> Unlock(bool force) {
            if (!folder.Exists()) {
                return Unlocked("free", null);
            }
            return turn.Locked(() => {
                Dictionary<string, object> there = lease.Current();
                if (lease.OfAnother() != null && !force) {
                    return Unlocked("held", there);
                }
                lease.Remove();
                return Unlocked(there != null ? "unlocked" : "free", there);
            });
        }

        private static KeyValuePair<string, Dictionary<string, object>> Unlocked(
            string state,
            Dictionary<string, object> lease
        ) {
            return new KeyValuePair<string, Dictionary<string, object>>(state, lease);
        }

        /// <summary>The document there; its Data is null if there is none.</summary>
        public FoundDocument Document() {
            return look.Document();
        }

        /// <summary>Key -> entry of the document that `Restore` would give back.</summary>
        public Dictionary<string, Dictionary<string, object>> Predecessor() {
            HostRecord record = journal.ReadMended();
            return MayTakeBack(record)
                ? look.Predecessor(record)
                : new Dictionary<string, Dictionary<string, object>>();
        }

        /// <summary>
        /// What is there, since when, from whom, proven when; writes nothing at all.
        /// </summary>
        public Dictionary<string, object> Probe() {
            return look.Probe(journal.ReadMended(), lease.Current());
        }

        // Have the host for ourselves, with the journal mended.
        private T Working<T>(Func<TurnWork, T> work) {
            return turn.Taken(taken => {
                journal.Mend();
                return work(taken);
            });
        }

        // Whether this run comes back to prove what lies there now.
        private static bool GoesOn(Dictionary<string, object> result, HostDelivery delivery) {
            return Provable.Contains((string)result["state"])
                && delivery.Checks((List<string>)result["mails_needed"]);
        }

        private static Dictionary<string, object> OfRollback(Dictionary<string, object> result) {
            result["phase"] = "rollback";
            return result;
        }

        private Dictionary<string, object> Result(HostView view, string state) {
            return new Dictionary<string, object> {
                { "phase", "deliver" },
                { "generation", view.Data == null ? null : (object)view.Generation },
                { "state", state },
                { "servers", view.Comparison.Report },
                { "data", view.Data },
                { "apply_exit", view.Apply == null ? null : (object)view.Apply.Code },
                { "apply_output", view.Apply == null ? "" : view.Apply.Output },
                { "mails_needed", view.Comparison.Unproven },
                { "restorable", MayTakeBack(view.Record) },
                { "renewed", Renewed },
                { "edited_by_hand", view.EditedByHand },
                { "tightened", view.TooOpen },
            };
        }

        // -- writing

        private Dictionary<string, object> Brought(HostView view, string[] rotating) {
            if (view.Comparison.Writes) {
                Replace(view);
            } else {
                TakeOver(view);
            }
            if (view.Unapplied) {
                return Applied(view, rotating);
            }
            return Result(view, view.Comparison.Writes ? "delivered" : "unchanged");
        }

        // Replace the document; `view` then shows the host as it is.
        private void Replace(HostView view) {
            long generation = Math.Max(view.Record.Generations, view.Generation) + 1;
            byte[] data = HostDocument.Serialised(generation, view.Comparison.Entries);
            HostRecord after = view.Record.AfterDelivery(
                data,
                view.Changed(),
                new HashSet<string>(view.Comparison.Entries.Select(HostDocument.KeyOf)),
                Delivery(generation, view),
                view.Pending ? view.Record.Predecessor : view.AsPredecessor()
            );
            byte[] setAside = view.Pending ? null : view.Data;
            journal.Replace(view.Record, after, data, view.Data, setAside);
            view.Record = after;
            view.Data = data;
            view.Generation = generation;
            view.Unapplied = takeover.IsDue(data, after);
        }

        private Dictionary<string, object> Delivery(long generation, HostView view) {
            return new Dictionary<string, object> {
                { "run_id", runId },
                { "owner", owner },
                { "commit", commit },
                { "at", RecordJournal.Now() },
                { "generation", generation },
                { "settled", !view.Due && !takeover.IsWanted },
            };
        }

        // An interrupted delivery of just this document is from now on this run's.
        private void TakeOver(HostView view) {
            if (view.Pending && (view.Comparison.Unproven.Count > 0 || view.Unapplied)) {
                Dictionary<string, object> taken =
                    new Dictionary<string, object>(view.Record.Delivery);
                taken["run_id"] = runId;
                taken["owner"] = owner;
                view.Record = view.Record.But("delivery", taken);
                journal.Write(view.Record);
            }
        }

        // -- applying

        private Dictionary<string, object> Applied(HostView view, string[] rotating) {
            view.Apply = takeover.Run(view.Entries.Concat(view.Comparison.Entries));
            Ending = takeover.Ending;
            if (view.Apply.Code == 0) {
                view.Record = view.Record.But("applied", RecordJournal.DigestOf(view.Data));
                if (MayTakeBack(view.Record) && !view.Due) {
                    view.Record = view.Record.Settled();
                }
                journal.Write(view.Record);
                return Result(view, "applied");
            }
            if (!MayTakeBack(view.Record)) {
                return Result(view, view.Apply.Started ? "unknown" : "refused");
            }
            string state = TakenBack(view.Record, view.Apply.Started, rotating);
            FoundDocument there = Document();
            view.Data = there.Data;
            view.Generation = there.Generation;
            view.Record = journal.Read();
            return Result(view, state);
        }

        // -- taking back

        private bool MayTakeBack(HostRecord record) {
            Dictionary<string, object> delivery = record.Delivery;
            return delivery != null
                && Equals(delivery["run_id"], runId)
                && !(bool)delivery["settled"];
        }

        private string TakenBack(HostRecord record, bool touchedMaps, string[] rotating) {
            DocumentReturn back = new DocumentReturn(folder, journal, takeover, rotating);
            string state = back.State(record, touchedMaps);
            Renewed = back.Renewed;
            Problem = back.Problem;
            return state;
        }

    }
}
