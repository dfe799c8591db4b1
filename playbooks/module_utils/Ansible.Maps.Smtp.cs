// One SMTP conversation: where it ended and with which reply. Facts only; words come elsewhere.
// Twin of maps_conversation.py.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Ansible.Maps.Anchors;
using Ansible.Maps.Challenge;
using Ansible.Maps.Connection;
using Ansible.Maps.Digest;
using Ansible.Maps.Envelope;
using Ansible.Maps.Mime;
using Ansible.Maps.Network;
using Ansible.Maps.Number;
using Ansible.Maps.Redaction;
using Ansible.Maps.Reply;
using Ansible.Maps.Sasl;

namespace Ansible.Maps.Smtp {
    /// <summary>The steps, in order. `stage` says where we are, `facts` what is known so far.</summary>
    public sealed class SmtpConversation : IDisposable {
        // RFC 5321 section 4.5.3.1.4: a command line has 512 bytes, its line end included. Dovecot
        // answers 500 above about 1,030. Longer initial responses are sent after the 334.
        private const int LongestCommand = 510;
        private const int MostChallenges = 10;  // no mechanism has more than two; a server may go on
        private const int LongestTranscript = 60;  // lines; a whole conversation has about thirty
        private static readonly string[] BeforeLogin = {
            "resolve", "connect", "tls", "greeting", "ehlo", "starttls",
        };

        private readonly MailAccount account;
        private readonly TimeLimit limit;
        private readonly Dictionary<string, object> facts = Blank();
        private readonly List<string> sensitive = new List<string>();
        private readonly List<string> transcript = new List<string>();
        private readonly string host;
        private ServerConnection connection;
        private ReplyLines replies;
        private ServerReply last;
        private Dictionary<string, string> offered = new Dictionary<string, string>();
        private string stage = "resolve";

        private SmtpConversation(MailAccount account, double timeout) {
            this.account = account;
            limit = new TimeLimit(timeout);
            host = (account.Host ?? "").TrimEnd('.');
            sensitive.Add(account.Secret ?? "");
        }

        /// <summary>
        /// Sign in and send `message`; with null, sign in only. Never throws for what a server does.
        /// `timeout` (seconds) holds for each step: name resolution, connection, each reply.
        /// </summary>
        public static Dictionary<string, object> Hold(Dictionary<string, object> account,
                Dictionary<string, object> message, double timeout) {
            Stopwatch clock = Stopwatch.StartNew();
            SmtpConversation conversation = new SmtpConversation(new MailAccount(account), timeout);
            using (conversation) {
                try {
                    conversation.Run(message);
                } catch (ConversationEnded ended) {
                    conversation.End(ended);
                }
            }
            conversation.facts["seconds"] = Seconds(clock.Elapsed);
            return conversation.facts;
        }

        /// <summary>The facts of a conversation that is not held, because of how its sign-in would
        /// end.</summary>
        public static Dictionary<string, object> NotHeld(string outcome, string reply) {
            Dictionary<string, object> facts = Blank();
            facts["outcome"] = outcome;
            facts["stage"] = "auth";
            facts["reply"] = reply;
            facts["seconds"] = Seconds(TimeSpan.Zero);
            return facts;
        }

        private static Dictionary<string, object> Blank() {
            return new Dictionary<string, object>(StringComparer.Ordinal) {
                { "outcome", null }, { "stage", null }, { "code", null }, { "enhanced", null },
                { "reply", "" }, { "passing", false }, { "mechanism", null }, { "tls", null },
                { "challenge", null }, { "message_id", null }, { "seconds", null },
                { "transcript", new List<object>() },
            };
        }

        private static JsonNumber Seconds(TimeSpan elapsed) {
            string text = elapsed.TotalSeconds.ToString("F3", CultureInfo.InvariantCulture);
            return (JsonNumber)JsonNumber.Parsed(text);
        }

        private void Run(Dictionary<string, object> message) {
            EnvelopeCheck problem = EnvelopeCheck.Injection(account, message);
            if (problem != null) {
                stage = problem.Stage;
                throw new ConversationEnded("wrong", problem.Words);
            }
            try {
                Open();
                Greet();
                LogIn();
                if (message == null) {
                    throw last.Ended("authenticated");
                }
                Send(message);
            } catch (TlsFailure failure) {
                throw new ConversationEnded(stage == "tls" ? "wrong" : "inconclusive", failure.Message);
            } catch (NoAddress failure) {
                throw new ConversationEnded(failure.Unknown ? "wrong" : "unreachable", failure.Message);
            } catch (LostConnection failure) {
                throw BrokenOff(failure.Message);
            }
        }

        /// <summary>Write down how it ended, without secrets.</summary>
        private void End(ConversationEnded ended) {
            facts["outcome"] = ended.Outcome;
            facts["stage"] = stage;
            facts["code"] = ended.Code.HasValue ? (object)(long)ended.Code.Value : null;
            facts["enhanced"] = ended.Enhanced;
            facts["reply"] = Redacted.OneLine(Redacted.Text(ended.Reply, sensitive));
            facts["passing"] = ended.Passing;
            facts["challenge"] = Redacted.Tree(facts["challenge"], sensitive);
        }

        /// <summary>Close the connection, however far it came; politely, but without waiting.</summary>
        public void Dispose() {
            if (connection != null) {
                if (stage != "connect" && stage != "tls") {
                    transcript.Add("> QUIT");
                    connection.WriteLast(Encoding.ASCII.GetBytes("QUIT\r\n"));
                }
                connection.Dispose();
            }
            facts["transcript"] = transcript.Take(LongestTranscript)
                .Select(line => (object)Redacted.OneLine(Redacted.Text(line, sensitive), 300)).ToList();
        }

        // -- the steps

        private void Open() {
            IPAddress[] addresses = HostNames.Addresses(host, limit);
            stage = "connect";
            connection = ServerConnection.To(addresses, (int)account.Port, limit);
            transcript.Add("(connected to " + connection.Remote.Address + ", port "
                + connection.Remote.Port + ")");
            if (ImplicitTls()) {
                Secure();
            }
            replies = new ReplyLines(connection);
        }

        private void Greet() {
            stage = "greeting";
            Expect(Read(), 220);
            SayHello();
            if (account.UseTls && !ImplicitTls()) {
                StartTls();
                SayHello();
            }
        }

        private void SayHello() {
            stage = "ehlo";
            string name = string.IsNullOrEmpty(account.ClientName) ? OwnName() : account.ClientName;
            ServerReply reply = Command("EHLO " + name);
            if (reply.Code == 500 || reply.Code == 502) {  // RFC 5321 section 4.1.1.1: an old server
                reply = Command("HELO " + name);
            }
            Expect(reply, 250);
            offered = Keywords(reply.Lines.Skip(1));
        }

        private void StartTls() {
            stage = "starttls";
            if (!offered.ContainsKey("STARTTLS")) {
                throw new ConversationEnded("wrong",
                    "the server offers no STARTTLS, so nothing was sent in the clear");
            }
            Expect(Command("STARTTLS"), 220);
            if (replies.Waiting) {
                // RFC 3207 section 6: what came before the handshake may be anyone's words.
                throw new ConversationEnded("wrong",
                    "the server sent more after its reply to STARTTLS: not trusted");
            }
            Secure();
            replies = new ReplyLines(connection);
        }

        private void Secure() {
            stage = "tls";
            connection.Secure(host, Anchors());
            facts["tls"] = connection.Tls;
            transcript.Add("(" + connection.Tls + ", certificate verified)");
        }

        private TrustAnchors Anchors() {
            try {
                return new TrustAnchors(account.CaFile);
            } catch (UnusableAnchors problem) {
                throw new ConversationEnded("wrong", problem.Message);
            }
        }

        private void LogIn() {
            string level = account.SecurityLevel;
            bool nobody = string.IsNullOrEmpty(account.UserName);
            stage = "auth";
            if (level == "none" || (level == "auto_detect" && nobody)) {
                return;
            }
            if (level == "cram_sha1") {
                // MAPS' dialog has it; no RFC describes it, no server or library was found with it.
                throw new ConversationEnded("unprovable",
                    "CRAM-SHA1 cannot be proven from here: only MAPS speaks it");
            }
            if (nobody || string.IsNullOrEmpty(account.Secret)) {
                throw new ConversationEnded("wrong",
                    "there is no " + (nobody ? "user name" : "secret") + " to sign in with");
            }
            Authenticate(Chosen(level));
        }

        private string Chosen(string level) {
            string[] mechanisms = offered.ContainsKey("AUTH")
                ? Words(offered["AUTH"].ToUpperInvariant()) : new string[0];
            string chosen = SaslMechanism.Choose(level, mechanisms, connection.Tls != null);
            if (chosen == null) {
                string said = mechanisms.Length > 0 ? string.Join(" ", mechanisms) : "none";
                throw new ConversationEnded("wrong",
                    "the server offers no mechanism that fits " + level + "; it offers " + said);
            }
            return chosen;
        }

        private void Authenticate(string mechanism) {
            facts["mechanism"] = mechanism;
            SaslMechanism steps = new SaslMechanism(
                mechanism, account.UserName, account.Secret, account.Host, account.Port);
            ServerReply reply;
            try {
                byte[] initial;
                steps.Goes(null, out initial);
                reply = BeginAuth(mechanism, initial);
                for (int count = 0; count < MostChallenges && reply.Code == 334; count++) {
                    reply = Answer(reply, mechanism, steps);
                }
            } catch (SaslException error) {
                throw new ConversationEnded("inconclusive", error.Message);
            }
            Expect(reply, 235);
        }

        private ServerReply BeginAuth(string mechanism, byte[] initial) {
            string command = "AUTH " + mechanism;
            if (initial == null) {
                return Command(command);
            }
            string encoded = Encoded(initial);
            if (command.Length + 1 + encoded.Length <= LongestCommand) {
                return Command(command + " " + encoded, command + " ***");
            }
            ServerReply reply = Command(command);
            return reply.Code == 334 ? Command(encoded, "***") : reply;
        }

        private ServerReply Answer(ServerReply reply, string mechanism, SaslMechanism steps) {
            byte[] challenge = ChallengeText.Decoded(reply.Text);
            if (mechanism == "XOAUTH2" || mechanism == "OAUTHBEARER") {
                facts["challenge"] = ChallengeText.Error(challenge);
            }
            byte[] response;
            if (!steps.Goes(challenge, out response)) {
                return Command("*");  // RFC 4954 section 4: the client gives up
            }
            return Command(Encoded(response), response.Length > 0 ? "***" : "");
        }

        private void Send(Dictionary<string, object> message) {
            stage = "mail";
            MailText mail = new MailText(message, account.ClientName);
            facts["message_id"] = mail.MessageId;
            Expect(Command("MAIL FROM:<" + message["from"] + ">"), 250);
            stage = "rcpt";
            Expect(Command("RCPT TO:<" + message["to"] + ">"), 250, 251);
            stage = "data";
            Expect(Command("DATA"), 354);
            transcript.Add("> (the message, " + mail.Bytes.Length + " bytes)");
            ServerReply accepted = Exchange(DotStuffed(mail.Bytes));
            Expect(accepted, 250);
            throw accepted.Ended("sent");
        }

        // -- one command, one reply

        private ServerReply Command(string line, string shown = null) {
            transcript.Add("> " + (shown ?? line));
            return Exchange(Encoding.ASCII.GetBytes(line + "\r\n"));
        }

        private ServerReply Exchange(byte[] data) {
            connection.Write(data);
            return Read();
        }

        private ServerReply Read() {
            ServerReply reply;
            try {
                reply = replies.Next();
            } catch (NotSmtp error) {
                throw new ConversationEnded(
                    BeforeLogin.Contains(stage) ? "wrong" : "inconclusive", error.Message);
            }
            // A challenge may hold what an answer is made of.
            IEnumerable<string> said = reply.Code == 334 ? new[] { "***" } : (IEnumerable<string>)reply.Lines;
            transcript.AddRange(said.Select(line => "< " + reply.Code + " " + line));
            return reply;
        }

        private void Expect(ServerReply reply, params int[] codes) {
            last = reply;
            if (!codes.Contains(reply.Code)) {
                throw reply.Refused();
            }
        }

        private string Encoded(byte[] response) {
            string encoded = Convert.ToBase64String(response);
            if (encoded.Length > 0) {
                sensitive.Add(encoded);
            }
            return encoded;
        }

        private bool ImplicitTls() {
            return account.ImplicitTls ?? (account.UseTls && account.Port == 465);
        }

        private ConversationEnded BrokenOff(string words) {
            if (BeforeLogin.Contains(stage)) {
                return new ConversationEnded("unreachable", words);
            }
            // At the end of DATA the mail may have been taken: sent again, it might come twice.
            return new ConversationEnded("inconclusive", words, passing: stage != "data");
        }

        /// <summary>Our name for EHLO: the host's, or the address literal of RFC 5321 section
        /// 4.1.3.</summary>
        private string OwnName() {
            string name = Dns.GetHostName();
            if (Regex.IsMatch(name, @"\A[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\z")) {
                return name;
            }
            string address = connection.Local.ToString().Split('%')[0];
            bool six = connection.Local.AddressFamily == AddressFamily.InterNetworkV6;
            return six ? "[IPv6:" + address + "]" : "[" + address + "]";
        }

        /// <summary>EHLO's keywords -> parameters; `AUTH=LOGIN` is how some old servers write
        /// `AUTH LOGIN`.</summary>
        private static Dictionary<string, string> Keywords(IEnumerable<string> lines) {
            Dictionary<string, string> found = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (string line in lines) {
                string[] parts = line.Replace("AUTH=", "AUTH ").Split(new[] { ' ' }, 2);
                string name = parts[0].ToUpperInvariant();
                string before = found.ContainsKey(name) ? found[name] : "";
                found[name] = (before + " " + (parts.Length > 1 ? parts[1] : "")).Trim();
            }
            return found;
        }

        private static string[] Words(string text) {
            return text.Split(new[] { ' ' }, StringSplitOptions.RemoveEmptyEntries);
        }

        /// <summary>The message as DATA wants it: RFC 5321 section 4.5.2, and the final dot.</summary>
        private static byte[] DotStuffed(byte[] data) {
            string text = "\r\n" + Encoding.ASCII.GetString(data);
            return Encoding.ASCII.GetBytes(text.Replace("\r\n.", "\r\n..").Substring(2) + ".\r\n");
        }
    }
}
