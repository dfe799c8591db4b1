// One run at a time on a host: the lock during a call, the lease from one call to the next. Twin of
// maps_turn.py.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Threading;
using Ansible.Maps.Folder;
using Ansible.Maps.Host;
using Ansible.Maps.Lease;
using Ansible.Maps.Refusal;

namespace Ansible.Maps.Turn {
    /// <summary>What a run does while it has its turn.</summary>
    public sealed class TurnWork {
        /// <summary>Whether the run goes on here after this call: then its lease stays.</summary>
        public bool GoesOn { get; set; }
    }

    /// <summary>
    /// The folder's lock and lease for one run, which waits `wait` seconds for that of another.
    /// </summary>
    public sealed class HostTurn {
        private readonly PrivateFolder folder;
        private readonly HostLease lease;
        private readonly Dictionary<string, object> who;
        private readonly double wait;

        public HostTurn(PrivateFolder folder, HostLease lease, string runId, string owner, double wait) {
            this.folder = folder;
            this.lease = lease;
            this.wait = wait;
            who = new Dictionary<string, object> { { "owner", owner }, { "run_id", runId } };
        }

        /// <summary>
        /// Do `work` with the lock and the lease held. The lease outlives this only if the run goes
        /// on here. HostRefusal if another run is at work. Who waits stops once its own run is gone:
        /// nothing may be delivered minutes after a person ended that.
        /// </summary>
        public T Taken<T>(Func<TurnWork, T> work) {
            Stopwatch waited = Stopwatch.StartNew();
            while (true) {
                Dictionary<string, object> other;
                using (folder.Lock(who, wait - waited.Elapsed.TotalSeconds)) {
                    other = lease.OfAnother();
                    if (other == null) {
                        return Leased(work);
                    }
                }
                if (waited.Elapsed.TotalSeconds >= wait || HostFiles.Current.NobodyListens()) {
                    throw HostLease.Refused(other);
                }
                Thread.Sleep(500);
            }
        }

        /// <summary>Do `work` with the lock alone held, whoever has the lease.</summary>
        public T Locked<T>(Func<T> work) {
            using (folder.Lock(who, wait)) {
                return work();
            }
        }

        private T Leased<T>(Func<TurnWork, T> work) {
            TurnWork turn = new TurnWork();
            lease.Take();
            T result;
            try {
                result = work(turn);
            } catch {
                ReleaseQuietly();
                throw;
            }
            if (!turn.GoesOn) {
                lease.Release();
            }
            return result;
        }

        private void ReleaseQuietly() {
            try {
                lease.Release();
            } catch (HostRefusal) {
                // What went wrong first is what is to be said.
            }
        }
    }
}
