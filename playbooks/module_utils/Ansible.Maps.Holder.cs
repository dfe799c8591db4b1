// Who has the lock of a folder, as its file says it to others. Pure.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using Ansible.Maps.Document;
using Ansible.Maps.Json;

namespace Ansible.Maps.Holder {
    /// <summary>The words of a run that has the lock from now on.</summary>
    public sealed class LockSign {
        private readonly Dictionary<string, object> words;

        /// <summary>`who`: owner, run_id.</summary>
        public LockSign(IDictionary<string, object> who) {
            words = new Dictionary<string, object>(who);
            words["since"] = DateTime.UtcNow
                .ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        }

        /// <summary>What it writes there; `running`: what it has lent the lock to, or null.</summary>
        public byte[] Said(string running) {
            Dictionary<string, object> said = new Dictionary<string, object>(words);
            if (running != null) {
                said["running"] = running;
            }
            return Encoding.ASCII.GetBytes(JsonText.Compact(said, false));
        }

        /// <summary>What is said to a run that finds this in the file.</summary>
        public static string Words(byte[] text) {
            object holder = Parsed(text);
            string owner = HostDocument.At(holder, "owner") as string;
            string run = HostDocument.At(holder, "run_id") as string;
            string since = HostDocument.At(holder, "since") as string;
            bool known = owner != null && run != null && since != null;
            string who = known ? owner + " (run " + run + ") since " + since : "another run";
            string running = known ? HostDocument.At(holder, "running") as string : null;
            string what = string.IsNullOrEmpty(running)
                ? "wait until it has ended"
                : running + ", or what it left running, has not ended; wait for it, or end it there";
            return who + " works on this host: " + what + ", then push again";
        }

        private static object Parsed(byte[] text) {
            try {
                return JsonText.Parse(new UTF8Encoding(false, true).GetString(text));
            } catch (FormatException) {
                return null;  // between its opening and its last byte: nobody is named yet
            } catch (DecoderFallbackException) {
                return null;  // nor does whatever else is there name anybody
            }
        }
    }
}
