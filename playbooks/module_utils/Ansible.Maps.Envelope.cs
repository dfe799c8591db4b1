// What of an account and a message may go into an SMTP line. Twin of maps_envelope.py.

using System;
using System.Collections.Generic;
using System.Linq;
using System.Text.RegularExpressions;

namespace Ansible.Maps.Envelope {
    /// <summary>How to sign in to a mail server; `implicit_tls` may be missing.</summary>
    public sealed class MailAccount {
        public readonly string Host, SecurityLevel, UserName, Secret, ClientName, CaFile;
        public readonly long Port;
        public readonly bool UseTls;
        public readonly bool? ImplicitTls;

        /// <summary>From an entry's values, `secret` and `ca_file` among them.</summary>
        public MailAccount(Dictionary<string, object> values) {
            Host = Text(values, "host");
            Port = Convert.ToInt64(values["port"]);
            UseTls = (bool)values["use_tls"];
            SecurityLevel = Text(values, "smtp_security_level");
            UserName = Text(values, "user_name");
            Secret = Text(values, "secret");
            ClientName = Text(values, "client_name");
            CaFile = Text(values, "ca_file");
            object chosen;
            ImplicitTls = values.TryGetValue("implicit_tls", out chosen) ? (bool?)chosen : null;
        }

        private static string Text(Dictionary<string, object> values, string name) {
            object value;
            return values.TryGetValue(name, out value) ? (string)value : null;
        }
    }

    /// <summary>One value: at which stage it is used, what is wrong with it unless it is fine.</summary>
    public sealed class EnvelopeCheck {
        private static readonly Regex Control = new Regex(@"[\x00-\x1f\x7f]");
        private static readonly Regex HeaderName = new Regex(@"\A[A-Za-z0-9-]{1,60}\z");
        private static readonly Regex Name = new Regex(@"\A[A-Za-z0-9\[\]._:-]{1,255}\z");
        private static readonly Regex Address =
            new Regex(@"\A[\x21-\x3b\x3d\x3f-\x7e]{1,256}@[A-Za-z0-9\[\]._:-]{1,255}\z");
        private static readonly string[] Ours = {
            "from", "to", "subject", "date", "message-id", "mime-version", "content-type", "bcc",
            "cc", "content-transfer-encoding", "sender", "reply-to",
        };

        public readonly string Stage, Words;
        private readonly bool fine;

        private EnvelopeCheck(string stage, string words, bool fine) {
            Stage = stage;
            Words = words;
            this.fine = fine;
        }

        /// <summary>The first value that could break out of its SMTP line; null if clean.</summary>
        public static EnvelopeCheck Injection(MailAccount account, Dictionary<string, object> message) {
            IEnumerable<EnvelopeCheck> checks = OfAccount(account);
            if (message != null) {
                checks = checks.Concat(OfMessage(message));
            }
            return checks.FirstOrDefault(check => !check.fine);
        }

        private static IEnumerable<EnvelopeCheck> OfAccount(MailAccount account) {
            string user = account.UserName ?? "", secret = account.Secret ?? "";
            // Control characters delimit XOAUTH2's and OAUTHBEARER's fields, NUL those of PLAIN.
            bool bearer = account.SecurityLevel == "oauth2";
            bool clean = bearer ? !Control.IsMatch(secret) : secret.IndexOf('\0') < 0;
            bool named = string.IsNullOrEmpty(account.ClientName) || Name.IsMatch(account.ClientName);
            bool port = account.Port > 0 && account.Port < 65536;
            yield return new EnvelopeCheck("resolve", "the host is empty or has a control character",
                IsText(account.Host));
            yield return new EnvelopeCheck("resolve", "the port is not between 1 and 65535", port);
            yield return new EnvelopeCheck("ehlo", "the client name is not a host name", named);
            yield return new EnvelopeCheck("auth", "the user name has a control character",
                !Control.IsMatch(user));
            yield return new EnvelopeCheck("auth", "the secret has a control character", clean);
        }

        private static IEnumerable<EnvelopeCheck> OfMessage(Dictionary<string, object> message) {
            yield return new EnvelopeCheck("mail", "the sender is not an email address in ASCII",
                Address.IsMatch((string)message["from"]));
            yield return new EnvelopeCheck("rcpt", "the recipient is not an email address in ASCII",
                Address.IsMatch((string)message["to"]));
            yield return new EnvelopeCheck("data", "the subject has a control character",
                !Control.IsMatch((string)message["subject"]));
            foreach (KeyValuePair<string, object> header in HeadersOf(message)) {
                bool allowed = HeaderName.IsMatch(header.Key)
                    && !Ours.Contains(header.Key.ToLowerInvariant());
                yield return new EnvelopeCheck("data", "a header's name is not allowed", allowed);
                yield return new EnvelopeCheck("data", "a header's value has a control character",
                    !Control.IsMatch((string)header.Value));
            }
        }

        /// <summary>The message's own headers; none if it names none.</summary>
        public static Dictionary<string, object> HeadersOf(Dictionary<string, object> message) {
            object headers;
            message.TryGetValue("headers", out headers);
            return headers as Dictionary<string, object> ?? new Dictionary<string, object>();
        }

        private static bool IsText(string value) {
            return !string.IsNullOrEmpty(value) && !Control.IsMatch(value) && value.IndexOf(' ') < 0;
        }
    }
}
