// Who is at work on this host from one module call to the next; it ends by itself.
//
// A lock goes with its process, and between two calls of a run there is no process here. All of
// this needs the folder's lock. The twin of maps_lease.py.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using Ansible.Maps.Folder;
using Ansible.Maps.Json;
using Ansible.Maps.Refusal;

namespace Ansible.Maps.Lease {
    /// <summary>The lease of one folder, and who wants it.</summary>
    public sealed class HostLease {
        public const string FileName = "lease.json";

        /// <summary>Longer than a run is away from a host: the next call takes it anew.</summary>
        public const long Seconds = 900;

        private const string Staged = FileName + ".new";
        private const long ClockSetBack = 60;
        private const long Year6325 = 137438953472;  // DateTime ends in the year 9999
        private static readonly DateTime Epoch = new DateTime(1970, 1, 1, 0, 0, 0, DateTimeKind.Utc);

        private readonly PrivateFolder folder;
        private readonly Dictionary<string, object> terms;
        private readonly string runId;
        private readonly string owner;
        private readonly long seconds;

        /// <summary>
        /// `terms`: holder (the checkout that works, so that it is never locked out by a run of its
        /// own that died), commit, reason. Null: this run takes none, it only heeds those of others.
        /// </summary>
        public HostLease(
            PrivateFolder folder,
            Dictionary<string, object> terms,
            string runId,
            string owner,
            long seconds
        ) {
            this.folder = folder;
            this.terms = terms;
            this.runId = runId;
            this.owner = owner;
            this.seconds = seconds;
        }

        /// <summary>What is written there and has not ended; null if nothing is.</summary>
        public Dictionary<string, object> Current() {
            byte[] data = folder.Exists() ? folder.Read(FileName) : null;
            Dictionary<string, object> lease = data == null ? null : Parsed(data);
            return lease != null && Holds(lease, UnixNow()) ? lease : null;
        }

        /// <summary>The lease that keeps this run out; null if there is none.</summary>
        public Dictionary<string, object> OfAnother() {
            Dictionary<string, object> lease = Current();
            if (lease == null || IsThisRuns(lease)) {
                return null;
            }
            bool ours = terms != null && Equals(lease["holder"], terms["holder"]);
            return ours ? null : lease;
        }

        /// <summary>Take it, or have it end later if this run has it.</summary>
        public void Take() {
            if (terms == null) {
                return;
            }
            Dictionary<string, object> there = Current();
            long now = (long)UnixNow();
            Dictionary<string, object> lease = new Dictionary<string, object>(terms);
            lease["since"] = there != null && IsThisRuns(there) ? there["since"] : now;
            lease["expires"] = now + seconds;
            lease["run_id"] = runId;
            lease["owner"] = owner;
            folder.Write(Staged, Encoding.ASCII.GetBytes(JsonText.Compact(lease, true) + "\n"));
            folder.Move(Staged, FileName);
        }

        /// <summary>Give back one that this run took; another's stays.</summary>
        public void Release() {
            Dictionary<string, object> lease = Current();
            if (terms != null && lease != null && IsThisRuns(lease)) {
                Remove();
            }
        }

        /// <summary>Remove it, whoever has it.</summary>
        public void Remove() {
            folder.Remove(FileName, Staged);
        }

        /// <summary>A lease as results say it; null for null.</summary>
        public static Dictionary<string, object> Shown(Dictionary<string, object> lease) {
            if (lease == null) {
                return null;
            }
            Dictionary<string, object> shown = new Dictionary<string, object>();
            foreach (string name in new[] { "owner", "run_id", "commit", "reason" }) {
                shown[name] = lease[name];
            }
            foreach (string name in new[] { "since", "expires" }) {
                shown[name] = Utc((long)lease[name]);
            }
            return shown;
        }

        /// <summary>Why this run has to wait.</summary>
        public static HostRefusal Refused(Dictionary<string, object> lease) {
            Dictionary<string, object> said = Shown(lease);
            string words = said["owner"] + " works on this host since " + said["since"] + " ("
                + said["reason"] + ", run " + said["run_id"] + "), until " + said["expires"]
                + " at the latest: wait for it with --lock-wait SECONDS; if that run is dead, "
                + "provisioner unlock --hosts --force";
            return new HostRefusal("locked", words);
        }

        /// <summary>Unix seconds as they are written down.</summary>
        public static string Utc(long seconds) {
            return Epoch.AddSeconds(seconds)
                .ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        }

        /// <summary>The time in Unix seconds.</summary>
        public static double UnixNow() {
            return (DateTime.UtcNow - Epoch).TotalSeconds;
        }

        private bool IsThisRuns(Dictionary<string, object> lease) {
            return Equals(lease["run_id"], runId);
        }

        // Not ended; and not of a clock that was set back since, which would keep it for ever.
        private static bool Holds(Dictionary<string, object> lease, double now) {
            return now < (long)lease["expires"] && now > (long)lease["since"] - ClockSetBack;
        }

        private static Dictionary<string, object> Parsed(byte[] data) {
            Dictionary<string, object> lease;
            try {
                if (data.Any(one => one > 0x7f)) {
                    return null;
                }
                lease = JsonText.Parse(Encoding.ASCII.GetString(data)) as Dictionary<string, object>;
            } catch (FormatException) {
                return null;
            }
            return lease != null && IsLease(lease) ? lease : null;
        }

        private static bool IsLease(Dictionary<string, object> lease) {
            string[] texts = { "owner", "run_id", "holder", "reason" };
            object commit;
            return texts.All(name => lease.ContainsKey(name) && lease[name] is string)
                && IsTime(lease, "since")
                && IsTime(lease, "expires")
                && lease.TryGetValue("commit", out commit)
                && (commit == null || commit is string);
        }

        private static bool IsTime(Dictionary<string, object> lease, string name) {
            object value;
            return lease.TryGetValue(name, out value)
                && value is long
                && (long)value >= 0
                && (long)value < Year6325;
        }
    }
}
