// One SMTP conversation: facts only, without secrets. Twin of maps_smtp.py.

using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Ansible.Maps.Connection;
using Ansible.Maps.Masking;

namespace Ansible.Maps.Smtp {
    /// <summary>The conversation: its stage, and what is known so far.</summary>
    public sealed class Conversation {
        private const int LongestCommand = 510;  // RFC 5321 section 4.5.3.1.4, without the line end
        private const int LongestReply = 65536;
        private const string Refused = "refused";  // by a reply that is not the one to go on with

        private static readonly Regex Form = new Regex("\\A[2-5][0-9][0-9](?:[ -]|\\r?\\z)");

        // What could break out of its line. In a credential NUL and 1 delimit, and half a pair is no text.
        private static readonly Regex Host = new Regex("\\A(?=.*[^.])[^\\x00-\\x20\\x7f]{1,255}\\z");
        private static readonly Regex Name = new Regex("\\A[A-Za-z0-9\\[\\]._:-]{1,255}\\z");
        private static readonly Regex Address = new Regex("\\A[!-;=?-~]{1,256}@[A-Za-z0-9\\[\\]._:-]{1,255}\\z");
        private static readonly Regex Credential = new Regex(
            "\\A(?:[^\\x00\\x01\\ud800-\\udfff]|[\\ud800-\\udbff][\\udc00-\\udfff])+\\z");
        private static readonly Regex Message = new Regex("\\A(?:[\\x01-\\x09\\x0b\\x0c\\x0e-\\x7f]|\\r\\n)*\\z");

        private readonly IDictionary given;
        private readonly Redaction secrets;
        private readonly ServerConnection connection;
        private readonly List<string> transcript = new List<string>(), lines = new List<string>();
        private Dictionary<string, string> offered;
        private string stage = "resolve", mechanism, challenge;
        private int code;

        /// <summary>As asked for by the operation; `secrets` are in no answer.</summary>
        public Conversation(IDictionary given, Redaction secrets) {
            this.given = given;
            this.secrets = secrets;
            connection = new ServerConnection(
                Text("host"), Convert.ToDouble(given["timeout"], CultureInfo.InvariantCulture));
        }

        /// <summary>Sign in, and send the message, if any. Throws nothing for what a server does.</summary>
        public Dictionary<string, object> Hold() {
            Ended ended = null;
            using (connection) {
                try {
                    Run();
                } catch (Ended thrown) {
                    ended = thrown;
                }
                Leave();
            }
            return Answer(ended);
        }

        private Dictionary<string, object> Answer(Ended ended) {
            bool replied = ended == null || ended.Word == Refused;
            return new Dictionary<string, object> {
                { "done", ended == null }, { "stage", stage }, { "code", replied ? (object)code : null },
                { "reply", replied ? string.Join("\n", secrets.Lines(lines.Take(20).ToList(), 500)) : "" },
                { "error", replied ? null : ended.Word },
                { "about", replied || string.IsNullOrEmpty(ended.About) ? null : secrets.Line(ended.About, 200) },
                { "mechanism", mechanism }, { "tls", connection.Tls },
                { "challenge", string.IsNullOrEmpty(challenge) ? null : secrets.Line(challenge, 4000) },
                { "transcript", secrets.Lines(transcript, 300) },
            };
        }

        private string Text(string name) {
            return (string)given[name];
        }

        private void Note(string line) {
            if (transcript.Count < 60) {
                transcript.Add(line.Substring(0, Math.Min(line.Length, 2000)));
            }
        }

        // -- the steps

        private void Run() {
            List<string> mechanisms = ((IEnumerable)given["mechanisms"]).Cast<string>().ToList();
            Check(mechanisms.Count > 0);
            stage = "resolve";
            IPAddress[] addresses = connection.Resolve();
            stage = "connect";
            connection.Open(addresses, Convert.ToInt32(given["port"], CultureInfo.InvariantCulture));
            IPEndPoint remote = (IPEndPoint)connection.Socket.RemoteEndPoint;
            Note("(connected to " + remote.Address + ", port " + remote.Port + ")");
            if (Text("tls") == "implicit") {
                Secure();
            }
            stage = "greeting";
            connection.Begin();
            Expect(Reply(), 220);
            Greet();
            if (Text("tls") == "starttls") {
                StartTls();
                Greet();
            }
            if (mechanisms.Count > 0) {
                SignIn(mechanisms);
            }
            if (Text("message") != null) {
                Send(Text("message"));
            }
        }

        private void Check(bool signsIn) {
            int port = Convert.ToInt32(given["port"], CultureInfo.InvariantCulture);
            Check("resolve", "host", Host.IsMatch(Text("host")));
            Check("resolve", "port", port > 0 && port < 65536);
            Check("ehlo", "client_name", Text("client_name") == null || Name.IsMatch(Text("client_name")));
            Check("auth", "user", !signsIn || Credential.IsMatch(Text("user") ?? ""));
            Check("auth", "secret", !signsIn || Credential.IsMatch(Text("secret") ?? ""));
            if (Text("message") != null) {
                Check("mail", "sender", Address.IsMatch(Text("sender") ?? ""));
                Check("rcpt", "recipient", Address.IsMatch(Text("recipient") ?? ""));
                Check("data", "message", Message.IsMatch(Text("message")));
            }
        }

        private void Check(string at, string name, bool isFine) {
            if (!isFine) {
                stage = at;
                throw new Ended("unsendable", name);
            }
        }

        private void Greet() {
            stage = "ehlo";
            string name = Text("client_name") ?? OwnName();
            if (Command("EHLO " + name, null) == 500 || code == 502) {  // an old server: RFC 5321 section 4.1.1.1
                Command("HELO " + name, null);
            }
            Expect(code, 250);
            offered = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            foreach (string line in lines.Skip(1)) {  // some old servers write AUTH=LOGIN
                string[] parts = line.Replace("AUTH=", "AUTH ").Split(new[] { ' ' }, 2);
                string before = offered.ContainsKey(parts[0]) ? offered[parts[0]] + " " : "";
                offered[parts[0]] = before + (parts.Length > 1 ? parts[1] : "");
            }
        }

        // The host's, or an address literal: RFC 5321 section 4.1.3.
        private string OwnName() {
            string name = Dns.GetHostName();
            if (Regex.IsMatch(name, "\\A[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\\z")) {
                return name;
            }
            string address = ((IPEndPoint)connection.Socket.LocalEndPoint).Address.ToString().Split('%')[0];
            return (address.Contains(":") ? "[IPv6:" : "[") + address + "]";
        }

        private void StartTls() {
            stage = "starttls";
            if (!offered.ContainsKey("STARTTLS")) { throw new Ended("no_starttls"); }
            Expect(Command("STARTTLS", null), 220);
            if (connection.IsWaiting) {  // these may be anyone's words: RFC 3207 section 6
                throw new Ended("early_bytes");
            }
            Secure();
        }

        private void Secure() {
            stage = "tls";
            connection.Secure(Text("ca_file"));
            Note("(" + connection.Tls + ", certificate verified)");
        }

        private void Send(string message) {
            stage = "mail";
            Expect(Command("MAIL FROM:<" + Text("sender") + ">", null), 250);
            stage = "rcpt";
            Expect(Command("RCPT TO:<" + Text("recipient") + ">", null), 250, 251);
            stage = "data";
            Expect(Command("DATA", null), 354);
            Note("> (the message, " + message.Length + " bytes)");
            string end = message.EndsWith("\r\n", StringComparison.Ordinal) ? ".\r\n" : "\r\n.\r\n";
            string stuffed = ("\r\n" + message).Replace("\r\n.", "\r\n..").Substring(2);
            connection.Write(Encoding.ASCII.GetBytes(stuffed + end));
            Expect(Reply(), 250);
        }

        private void Leave() {
            if (transcript.Count > 0 && stage != "connect" && stage != "tls") {
                Note("> QUIT");
                try {
                    connection.Write(Encoding.ASCII.GetBytes("QUIT\r\n"));
                } catch (Ended) {
                    // As far as it came.
                }
            }
        }

        // -- signing in

        private void SignIn(IList<string> mechanisms) {
            stage = "auth";
            string[] has = offered.ContainsKey("AUTH")
                ? offered["AUTH"].ToUpperInvariant().Split(new[] { ' ' }, StringSplitOptions.RemoveEmptyEntries)
                : new string[0];
            mechanism = mechanisms.FirstOrDefault(has.Contains);
            if (mechanism == null) { throw new Ended("no_mechanism", string.Join(" ", has)); }
            string first = Response(0, null);
            bool together = first != null && 6 + mechanism.Length + first.Length <= LongestCommand;
            Command("AUTH " + mechanism + (together ? " " + first : ""),
                "AUTH " + mechanism + (together ? " ***" : ""));
            if (code == 334 && first != null && !together) {
                Command(first, "***");
            }
            for (int step = 1; step <= 10 && code == 334; step++) {  // no mechanism has more than two
                string next = Response(step, Challenge());
                Command(next ?? "*", string.IsNullOrEmpty(next) ? next ?? "*" : "***");
            }
            Expect(code, 235);
        }

        private byte[] Challenge() {
            byte[] raw = new byte[0];
            try {
                raw = Convert.FromBase64String(lines[0]);
                if (mechanism == "XOAUTH2" || mechanism == "OAUTHBEARER") {
                    challenge = Tokens.Utf8.GetString(raw);  // the provider's error as JSON
                }
            } catch (SystemException) {
                // No base64, or no UTF-8: only its text is lost, and a digest of nothing is refused.
            }
            return raw;
        }

        // What to send at a step, in base64; null: the server speaks first, or (later) we give up.
        private string Response(int step, byte[] asked) {
            string user = Text("user") ?? "", secret = Text("secret");
            string bearer = "auth=Bearer " + secret + "\u0001\u0001";
            switch (mechanism + " " + step) {
                case "XOAUTH2 0":
                    return Hidden("user=" + user + "\u0001" + bearer);
                case "XOAUTH2 1":
                    return "";
                case "OAUTHBEARER 0":
                    return Hidden("n,a=" + user.Replace("=", "=3D").Replace(",", "=2C") + ",\u0001host="
                        + Text("host") + "\u0001port=" + given["port"] + "\u0001" + bearer);
                case "OAUTHBEARER 1":
                    return "AQ==";
                case "PLAIN 0":
                    return Hidden("\0" + user + "\0" + secret);
                case "LOGIN 1":
                    return Hidden(user);
                case "LOGIN 2":
                    return Hidden(secret);
                case "CRAM-MD5 1":
                    return Hidden(user + " " + Md5(secret, asked));
                default:
                    return null;
            }
        }

        private string Md5(string secret, byte[] asked) {
            try {
                using (HMACMD5 keyed = new HMACMD5(Tokens.Utf8.GetBytes(secret))) {
                    byte[] made = keyed.ComputeHash(asked);
                    return BitConverter.ToString(made).Replace("-", "").ToLowerInvariant();
                }
            } catch (Exception) {  // of FIPS mode; each .NET has its own
                throw new Ended("no_md5");
            }
        }

        private string Hidden(string response) {
            string encoded = Convert.ToBase64String(Tokens.Utf8.GetBytes(response));
            secrets.Add(encoded);
            return encoded;
        }

        // -- one command, one reply

        private int Command(string line, string shown) {
            if (line.Any(one => one < ' ' || one > '~')) {
                throw new Ended("unsendable", "command");
            }
            Note("> " + (shown ?? line));
            connection.Write(Encoding.ASCII.GetBytes(line + "\r\n"));
            return Reply();
        }

        private int Reply() {
            int size = 0;
            string text;
            lines.Clear();
            do {
                byte[] line = connection.Line();
                text = Encoding.UTF8.GetString(line);
                if (!Form.IsMatch(text)) { throw new Ended("no_smtp", text); }
                if ((size += line.Length) > LongestReply) { throw new Ended("too_long", "reply"); }
                text = text.TrimEnd('\r');
                lines.Add(text.Length > 4 ? text.Substring(4) : "");
                bool asks = text.StartsWith("334", StringComparison.Ordinal);
                Note("< " + text.Substring(0, 3) + " " + (asks ? "***" : lines.Last()));
            } while (text.Length > 3 && text[3] == '-');
            return code = int.Parse(text.Substring(0, 3), CultureInfo.InvariantCulture);
        }

        private static void Expect(int code, params int[] wanted) {
            if (!wanted.Contains(code)) { throw new Ended(Refused); }
        }
    }
}
