// The module: the email-server document of one MAPS host. The twin of maps_email_servers.py.

using System;
using System.Collections.Generic;
using System.Linq;
using Ansible.Maps.Answer;
using Ansible.Maps.Command;
using Ansible.Maps.Delivery;
using Ansible.Maps.Document;
using Ansible.Maps.Lease;
using Ansible.Maps.Parameters;
using Ansible.Maps.Store;
using Ansible.Maps.View;

namespace Ansible.Maps.EmailServers {
    /// <summary>
    /// Brings email-servers.json to the declared state in one transaction, or takes that back.
    /// </summary>
    public sealed class EmailServersModule {
        private readonly ModuleParameters parameters;
        private readonly bool checkMode;
        private readonly DocumentStore store;

        private EmailServersModule(
            ModuleParameters parameters,
            bool checkMode,
            Func<string, int, Ended> restart
        ) {
            this.parameters = parameters;
            this.checkMode = checkMode;
            store = new DocumentStore(new StoreSettings {
                Directory = parameters.Needed("directory"),
                RunId = parameters.Needed("run_id"),
                Owner = parameters.Needed("owner"),
                Group = parameters.Text("group"),
                Lease = parameters.Table("lease"),
                ApplyCommand = parameters.Texts("apply_command"),
                ApplyTimeout = parameters.Whole("apply_timeout", 300),
                LockWait = parameters.Whole("lock_wait", 10),
                Service = parameters.Text("service"),
                Restart = restart,
            });
        }

        /// <summary>
        /// Do what the parameters (see the module's argument spec) ask for. Throws nothing.
        /// </summary>
        /// <remarks>
        /// `restart` restarts a service within so many seconds; it is called as part of applying,
        /// once maps_apply_command, if there is one, has ended well.
        /// </remarks>
        public static ModuleAnswer Run(
            Dictionary<string, object> parameters,
            bool checkMode,
            Func<string, int, Ended> restart
        ) {
            return ModuleAnswer.Of(
                () => {
                    ModuleParameters given = new ModuleParameters(parameters);
                    EmailServersModule module = new EmailServersModule(given, checkMode, restart);
                    return ModuleAnswer.Marked(module.Worked, () => module.store.Moved);
                },
                Phase(parameters)
            );
        }

        /// <summary>What a result calls this work.</summary>
        public static string Phase(Dictionary<string, object> parameters) {
            switch (new ModuleParameters(parameters).Text("state")) {
                case "restored":
                    return "restore";
                case "rolled_back":
                    return "rollback";
                case "probed":
                    return "probe";
                case "unlocked":
                    return "unlock";
                default:
                    return "deliver";
            }
        }

        private ModuleAnswer Worked() {
            switch (parameters.Text("state")) {
                case "restored":
                    return Restored();
                case "rolled_back":
                    return RolledBack();
                case "probed":
                    return new ModuleAnswer(store.Probe(), false);
                case "unlocked":
                    return Unlocked();
                default:
                    return Delivered();
            }
        }

        private ModuleAnswer Delivered() {
            HostDelivery delivery = HostDelivery.Parsed(parameters.Needed("document"));
            return checkMode
                ? Written(store.Compared(delivery, parameters.Text("fingerprint_key")))
                : Written(store.Deliver(delivery));
        }

        private ModuleAnswer RolledBack() {
            HostDelivery delivery = HostDelivery.Parsed(parameters.Needed("document"));
            return Written(checkMode ? store.RolledBack(delivery) : store.RollBack(delivery));
        }

        private ModuleAnswer Written(Dictionary<string, object> maps) {
            object data = maps["data"];
            maps.Remove("data");
            maps["fingerprint"] = Fingerprint((byte[])data);
            string[] untouched = { "unchanged", "refused" };
            bool changed = !untouched.Contains((string)maps["state"])
                || ((List<string>)maps["tightened"]).Count > 0;
            return new ModuleAnswer(maps, changed, WhyNot(maps));
        }

        // Why a delivery ended otherwise than asked for; empty if it did not.
        private string WhyNot(Dictionary<string, object> maps) {
            string ended = store.Ending;
            string[] lines = ((string)maps["apply_output"]).Split('\n');
            if (lines[0] != "") {
                string last = string.Join(" / ", lines.Skip(lines.Length - 3));
                ended += ", saying: " + last;
            }
            switch ((string)maps["state"]) {
                case "restored":
                    return ended + "; the host has its old document back";
                case "refused":
                    return ended + "; the document on the host was not changed";
                case "unknown":
                    string problem = store.Problem == "" ? "" : ": " + store.Problem;
                    return ended + "; what MAPS has now is unknown" + problem;
                default:
                    return "";
            }
        }

        private ModuleAnswer Restored() {
            if (checkMode) {
                return new ModuleAnswer(RestoreFacts("unchanged", null), false);
            }
            string state = store.Restore(parameters.Texts("rotating"));
            FoundDocument there = store.Document();
            Dictionary<string, object> maps = RestoreFacts(state, Fingerprint(there.Data));
            maps["renewed"] = store.Renewed;
            if (state == "restored") {
                // What was wrong is said once the old document is proven, too.
                return new ModuleAnswer(maps, true);
            }
            string why = store.Problem == "" ? store.Applier + " failed with it" : store.Problem;
            string words = "what was delivered was proven wrong, and could not be taken back: ";
            return new ModuleAnswer(maps, true, words + why);
        }

        private static Dictionary<string, object> RestoreFacts(string state, string fingerprint) {
            return new Dictionary<string, object> {
                { "phase", "restore" }, { "state", state }, { "fingerprint", fingerprint },
            };
        }

        private ModuleAnswer Unlocked() {
            string state = "looked";
            Dictionary<string, object> lease = null;
            if (!checkMode) {
                KeyValuePair<string, Dictionary<string, object>> ended =
                    store.Unlock(parameters.Flag("force"));
                state = ended.Key;
                lease = ended.Value;
            }
            Dictionary<string, object> maps = new Dictionary<string, object> {
                { "phase", "unlock" }, { "state", state }, { "lease", HostLease.Shown(lease) },
            };
            string failure = state == "held" ? HostLease.Refused(lease).Message : "";
            return new ModuleAnswer(maps, state == "unlocked", failure);
        }

        private string Fingerprint(byte[] data) {
            string key = parameters.Text("fingerprint_key");
            return data == null || key == null ? null : HostDocument.Fingerprint(data, key);
        }
    }
}
