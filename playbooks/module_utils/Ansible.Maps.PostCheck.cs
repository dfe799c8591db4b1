// The post-check: what a host does to prove its document, one server after the other. Twin of
// maps_post_check.py.

using System;
using System.Collections.Generic;
using System.Linq;
using Ansible.Maps.CaseFolding;
using Ansible.Maps.Document;
using Ansible.Maps.Lease;
using Ansible.Maps.Message;
using Ansible.Maps.OAuth;
using Ansible.Maps.Parameters;
using Ansible.Maps.Smtp;

namespace Ansible.Maps.PostCheck {
    /// <summary>How one run checks.</summary>
    public sealed class HostPostCheck {
        // How a conversation ended, if that is a proof, is the proof that the host remembers.
        private static readonly string[] Proofs = { "sent", "authenticated", "unprovable" };
        private static readonly string[] Place = { "host", "port", "use_tls" };

        private readonly Dictionary<string, Dictionary<string, object>> envelopes =
            new Dictionary<string, Dictionary<string, object>>(StringComparer.Ordinal);
        private readonly string runId, document, caFile;
        private readonly double timeout;

        /// <summary>
        /// `mails`: server -> from and to, or null to sign in only. `runId` goes into each mail's
        /// header; `document` (generation, fingerprint) into its text. `timeout` in seconds.
        /// </summary>
        public HostPostCheck(Dictionary<string, object> mails, string runId, string document,
                string caFile, double timeout) {
            ModuleParameters given = new ModuleParameters(mails);
            foreach (string name in mails.Keys) {
                envelopes[Names.Fold(name)] = given.Table(name);
            }
            this.runId = runId;
            this.document = document;
            this.caFile = caFile;
            this.timeout = timeout;
        }

        /// <summary>Whether what was checked is wrong, by the mail server's word or the token
        /// endpoint's.</summary>
        public static bool IsWrong(Dictionary<string, object> mail) {
            return Equals(mail["outcome"], "wrong")
                || Equals(HostDocument.At(mail, "refresh", "outcome"), "wrong");
        }

        /// <summary>
        /// Prove an entry that was delivered. `before`: the one that would be given back, or null.
        /// `refreshable`: a refresh, as a trial, does no harm to the tokens.
        /// </summary>
        public Dictionary<string, object> Delivered(Dictionary<string, object> entry,
                Dictionary<string, object> before, bool refreshable) {
            Dictionary<string, object> mail = Conversed(entry, HostDocument.Account(entry, caFile));
            if (Equals(mail["outcome"], "unreachable") && AnswersElsewhere(entry, before)) {
                mail["outcome"] = "wrong";
                mail["worked_before"] = before["host"] + ":" + before["port"];
            }
            bool accepted = Equals(mail["outcome"], "sent") || Equals(mail["outcome"], "authenticated");
            return Judged(entry, mail,
                accepted && refreshable ? TokenRefresh.Proven(entry, caFile, timeout) : null);
        }

        /// <summary>
        /// Prove an entry of an old document, whose access token may have expired meanwhile. MAPS
        /// would refresh it; we do, without keeping the answer, only where the refresh goes to
        /// `refreshAt`, an endpoint that leaves the old refresh token valid.
        /// </summary>
        public Dictionary<string, object> GivenBack(Dictionary<string, object> entry, string refreshAt) {
            long? expires = HostDocument.TokenExpiry(entry);
            Dictionary<string, object> account = HostDocument.Account(entry, caFile);
            if (!expires.HasValue || expires.Value > HostLease.UnixNow()) {
                return Judged(entry, Conversed(entry, account), null);
            }
            bool trial = !string.IsNullOrEmpty(refreshAt)
                && Equals(HostDocument.RefreshEndpoint(entry), refreshAt);
            if (!trial) {
                string only = "its access token has expired, and only MAPS may refresh it";
                return Judged(entry, SmtpConversation.NotHeld("inconclusive", only), null);
            }
            string token;
            Dictionary<string, object> fact = TokenRefresh.Refreshed(entry, caFile, timeout, out token);
            if (token == null) {
                string not = "its access token has expired, and could not be refreshed";
                return Judged(entry, SmtpConversation.NotHeld((string)fact["outcome"], not), fact);
            }
            account["secret"] = token;
            return Judged(entry, Conversed(entry, account), fact);
        }

        private Dictionary<string, object> Conversed(
                Dictionary<string, object> entry, Dictionary<string, object> account) {
            return SmtpConversation.Hold(account, Message(entry), timeout);
        }

        /// <summary>The mail to send; null to sign in only. A sender of null is the entry's own
        /// mailbox.</summary>
        private Dictionary<string, object> Message(Dictionary<string, object> entry) {
            Dictionary<string, object> envelope;
            envelopes.TryGetValue(HostDocument.KeyOf(entry), out envelope);
            if (envelope == null) {
                return null;
            }
            string sender = HostDocument.At(envelope, "from") as string;
            if (string.IsNullOrEmpty(sender)) {
                sender = HostDocument.At(entry, "user_name") as string;
            }
            return string.IsNullOrEmpty(sender) ? null
                : TestMessage.Of(entry, sender, (string)envelope["to"], runId, document);
        }

        /// <summary>Whether nobody answers because this delivery looks for the mail server in a new
        /// place.</summary>
        private bool AnswersElsewhere(
                Dictionary<string, object> entry, Dictionary<string, object> before) {
            if (before == null || Place.All(
                    name => Equals(HostDocument.At(before, name), HostDocument.At(entry, name)))) {
                return false;
            }
            Dictionary<string, object> facts =
                SmtpConversation.Hold(HostDocument.Account(before, caFile), null, timeout);
            return Equals(facts["stage"], "auth");  // it answers there: a mistake of ours, no outage
        }

        private static Dictionary<string, object> Judged(Dictionary<string, object> entry,
                Dictionary<string, object> mail, Dictionary<string, object> refresh) {
            bool failed = refresh != null && !Equals(refresh["outcome"], "proven");
            mail["server"] = entry["server_name"];
            mail["refresh"] = refresh;
            mail["proof"] = !failed && Proofs.Contains(mail["outcome"]) ? mail["outcome"] : null;
            return mail;
        }
    }
}
