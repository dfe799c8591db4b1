// The module: a real test email from a MAPS host, with the document that lies there. The twin of
// maps_test_email.py.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Ansible.Maps.Answer;
using Ansible.Maps.CaseFolding;
using Ansible.Maps.Command;
using Ansible.Maps.Document;
using Ansible.Maps.Parameters;
using Ansible.Maps.PostCheck;
using Ansible.Maps.Refusal;
using Ansible.Maps.Store;
using Ansible.Maps.View;

namespace Ansible.Maps.TestEmail {
    /// <summary>Sends a mail for each named server, and records which of them were proven.</summary>
    public sealed class TestEmailModule {
        private readonly ModuleParameters parameters;
        private readonly DocumentStore store;
        private readonly Dictionary<string, object> envelopes;

        private TestEmailModule(ModuleParameters parameters) {
            this.parameters = parameters;
            envelopes = parameters.Table("mails");
            store = new DocumentStore(new StoreSettings {
                Directory = parameters.Needed("directory"),
                RunId = parameters.Needed("run_id"),
                Owner = parameters.Needed("owner"),
                Group = parameters.Text("group"),
                Lease = parameters.Table("lease"),
                LockWait = parameters.Whole("lock_wait", 10),
                ApplyCommand = new string[0],
            });
        }

        /// <summary>
        /// Do what the parameters (see the module's argument spec) ask for. Throws nothing.
        /// </summary>
        public static ModuleAnswer Run(Dictionary<string, object> parameters, bool checkMode) {
            string phase = Phase(parameters);
            return ModuleAnswer.Of(
                () => checkMode
                    ? new ModuleAnswer(Facts(phase, new List<object>(), null), false)
                    : new TestEmailModule(new ModuleParameters(parameters)).Worked(phase),
                phase
            );
        }

        /// <summary>What a result calls this work.</summary>
        public static string Phase(Dictionary<string, object> parameters) {
            return Phase(new ModuleParameters(parameters));
        }

        private static string Phase(ModuleParameters parameters) {
            return parameters.Text("phase") ?? "mail";
        }

        private ModuleAnswer Worked(string phase) {
            store.RenewLease();
            try {
                return Proven(phase);
            } catch {
                ReleaseQuietly();
                throw;
            }
        }

        private void ReleaseQuietly() {
            try {
                store.ReleaseLease();
            } catch (HostRefusal) {
                // What went wrong first is what is to be said.
            }
        }

        private ModuleAnswer Proven(string phase) {
            FoundDocument document = store.Document();
            string known = Known(document);
            List<Dictionary<string, object>> entries = Entries(document, phase);
            HostPostCheck check = new HostPostCheck(envelopes, parameters.Needed("run_id"),
                Which(document, known), parameters.Text("ca_file"), parameters.Whole("timeout", 30));
            List<Dictionary<string, object>> mails =
                phase == "mail" ? Delivered(check, entries) : Earlier(check, entries);
            Ended command = MapsItself(mails);
            return Recorded(entries, mails, Facts(phase, mails, command), command);
        }

        private List<Dictionary<string, object>> Delivered(
                HostPostCheck check, List<Dictionary<string, object>> entries) {
            Dictionary<string, Dictionary<string, object>> before = store.Predecessor();
            Dictionary<string, object> mayRefresh = Refreshable();
            return entries.Select(entry => {
                string key = HostDocument.KeyOf(entry);
                Dictionary<string, object> old;
                before.TryGetValue(key, out old);
                return check.Delivered(entry, old, mayRefresh.ContainsKey(key));
            }).ToList();
        }

        private List<Dictionary<string, object>> Earlier(
                HostPostCheck check, List<Dictionary<string, object>> entries) {
            Dictionary<string, object> refreshAt = Refreshable();
            return entries.Select(entry => check.GivenBack(
                entry, HostDocument.At(refreshAt, HostDocument.KeyOf(entry)) as string)).ToList();
        }

        // Key of a server -> the endpoint that takes its refresh token as a trial.
        private Dictionary<string, object> Refreshable() {
            Dictionary<string, object> named =
                parameters.Table("refreshable") ?? new Dictionary<string, object>();
            Dictionary<string, object> keyed = new Dictionary<string, object>(StringComparer.Ordinal);
            foreach (KeyValuePair<string, object> one in named) {
                keyed[Names.Fold(one.Key)] = one.Value;
            }
            return keyed;
        }

        private static Dictionary<string, object> Facts(
                string phase, IEnumerable<object> mails, Ended command) {
            return new Dictionary<string, object> {
                { "phase", phase },
                { "mails", mails.ToList() },
                { "wrong", mails.Cast<Dictionary<string, object>>().Where(HostPostCheck.IsWrong)
                    .Select(mail => mail["server"]).ToList() },
                { "maps_test_command", command == null ? null : new Dictionary<string, object> {
                    { "exit", (long)command.Code }, { "output", command.Output },
                } },
            };
        }

        // The fingerprint of the document here; HostRefusal if it is not the one that was left.
        private string Known(FoundDocument document) {
            string known = HostDocument.Fingerprint(
                document.Data ?? new byte[0], parameters.Text("fingerprint_key") ?? "");
            string left = parameters.Text("fingerprint");
            if (left != null && left != known) {
                throw new HostRefusal("changed",
                    "the document on the host is not the one that this run has left there: push again");
            }
            return known;
        }

        private string Which(FoundDocument document, string known) {
            return "generation " + document.Generation.ToString(CultureInfo.InvariantCulture)
                + (parameters.Text("fingerprint") == null ? "" : ", " + known);
        }

        // The entries to prove, as the mails name them.
        private List<Dictionary<string, object>> Entries(FoundDocument document, string phase) {
            Dictionary<string, Dictionary<string, object>> there =
                document.Entries.ToDictionary(HostDocument.KeyOf);
            string[] missing = envelopes.Keys.Where(name => !there.ContainsKey(Names.Fold(name))).ToArray();
            if (missing.Length > 0 && phase == "mail") {
                throw new HostRefusal("changed", "the document on the host has no server "
                    + string.Join(", ", missing) + " any more: push again");
            }
            return envelopes.Keys.Where(name => !missing.Contains(name))
                .Select(name => there[Names.Fold(name)]).ToList();
        }

        // Let MAPS send, too; only where our own mails went out.
        private Ended MapsItself(List<Dictionary<string, object>> mails) {
            string[] command = parameters.Texts("test_command");
            bool sends = envelopes.Values.Any(envelope => envelope != null)
                && mails.All(mail => mail["proof"] != null);
            return command.Length == 0 || !sends ? null : AdminCommand.Run(
                command, parameters.Whole("test_timeout", 300),
                HostDocument.SecretsOf(store.Document().Entries), null);
        }

        private ModuleAnswer Recorded(List<Dictionary<string, object>> entries,
                List<Dictionary<string, object>> mails, Dictionary<string, object> maps, Ended command) {
            bool failed = command != null && command.Code != 0;
            bool wrong = mails.Any(HostPostCheck.IsWrong);
            IEnumerable<KeyValuePair<Dictionary<string, object>, string>> proofs = entries.Zip(mails,
                (entry, mail) => new KeyValuePair<Dictionary<string, object>, string>(
                    entry, failed ? null : (string)mail["proof"])).Where(pair => pair.Value != null);
            try {
                store.RecordProofs(proofs.ToList(), parameters.Texts("needed").Concat(envelopes.Keys),
                    parameters.Texts("accepted"), IsLast(mails, wrong));
            } catch (HostRefusal refusal) {
                // If it is wrong, the old document is to be given back, recorded or not.
                string words = "the test emails went out, but that could not be recorded: ";
                return new ModuleAnswer(maps, false, wrong ? "" : words + refusal.Message);
            }
            return new ModuleAnswer(maps, false);
        }

        // Whether the run does nothing more here: it takes nothing back, and tries nothing again.
        private bool IsLast(List<Dictionary<string, object>> mails, bool wrong) {
            bool takenBack = wrong && Phase(parameters) == "mail";
            bool triedAgain = parameters.Flag("more")
                || (parameters.Flag("retries") && mails.Any(mail => Equals(mail["passing"], true)));
            return !takenBack && !triedAgain;
        }
    }
}
