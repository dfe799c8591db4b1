// Replies of an SMTP server, and how one ends a conversation.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Linq;
using System.Text.RegularExpressions;
using Ansible.Maps.Connection;
using Ansible.Maps.Redaction;
using Ansible.Maps.Utf8;

namespace Ansible.Maps.Reply {
    /// <summary>
    /// The conversation is over: how, and the reply (or our own words) that ended it. Passing: the
    /// same conversation may go well in a minute, and none of it is done twice then.
    /// </summary>
    public sealed class ConversationEnded : Exception {
        public readonly string Outcome, Reply, Enhanced;
        public readonly int? Code;
        public readonly bool Passing;

        public ConversationEnded(string outcome, string reply, int? code = null,
                string enhanced = null, bool passing = false) : base(outcome) {
            Outcome = outcome;
            Reply = reply;
            Code = code;
            Enhanced = enhanced;
            Passing = passing;
        }
    }

    /// <summary>What came is no reply of an SMTP server.</summary>
    public sealed class NotSmtp : Exception {
        public NotSmtp(string words) : base(words) {
        }
    }

    /// <summary>A server's reply: code, enhanced code, text on one line, and its lines.</summary>
    public sealed class ServerReply {
        // "5.4.5 daily limit" and "5.2.2 mailbox full" are said with 5yz, and pass by themselves.
        private static readonly string[] PassingCodes = { "5.4.5", "5.2.2" };
        private static readonly Regex EnhancedCode = new Regex(@"\A([245]\.\d{1,3}\.\d{1,3})(?:\s+|\z)");

        public readonly int Code;
        public readonly string Enhanced, Text;
        public readonly List<string> Lines;

        public ServerReply(int code, List<string> lines) {
            Code = code;
            Lines = lines;
            Match found = EnhancedCode.Match(lines[lines.Count - 1]);
            Enhanced = found.Success ? found.Groups[1].Value : null;
            string prefix = found.Success ? found.Value : "";
            Text = string.Join(" ", lines.Select((line, index) => index > 0
                && line.StartsWith(prefix, StringComparison.Ordinal)
                ? line.Substring(prefix.Length) : line));
        }

        /// <summary>This reply as the end of the conversation.</summary>
        public ConversationEnded Ended(string outcome, bool passing = false) {
            return new ConversationEnded(outcome, Text, Code, Enhanced, passing);
        }

        /// <summary>The same, since it is not the one to go on with.</summary>
        public ConversationEnded Refused() {
            if (Code >= 400 && Code <= 499) {
                return Ended("inconclusive", true);
            }
            return Ended(PassingCodes.Contains(Enhanced) ? "inconclusive" : "wrong");
        }
    }

    /// <summary>Replies from a connection: bounded in size, each within the time limit as a whole.</summary>
    public sealed class ReplyLines {
        private const int LongestLine = 8192, LongestReply = 65536;
        private static readonly Regex Form = new Regex(@"\A[2-5][0-9][0-9]([ -]|\r?\z)");

        private readonly ServerConnection connection;
        private readonly byte[] chunk = new byte[4096];
        private readonly List<byte> buffer = new List<byte>();

        public ReplyLines(ServerConnection connection) {
            this.connection = connection;
        }

        /// <summary>Whether bytes have come that nobody asked for.</summary>
        public bool Waiting {
            get { return buffer.Count > 0; }
        }

        /// <summary>The next reply. NotSmtp, LostConnection, TlsFailure.</summary>
        public ServerReply Next() {
            Stopwatch clock = Stopwatch.StartNew();
            List<string> lines = new List<string>();
            int size = 0;
            while (true) {
                byte[] line = Line(clock);
                size += line.Length;
                string text = LenientUtf8.Decoded(line);
                if (!Form.IsMatch(text)) {
                    throw new NotSmtp("not a reply of an SMTP server: " + Redacted.OneLine(text, 80));
                }
                if (size > LongestReply) {
                    throw new NotSmtp("a reply longer than " + LongestReply + " bytes");
                }
                lines.Add(Redacted.OneLine(text.Length > 4 ? text.Substring(4) : "", LongestLine));
                if (text.Length < 4 || text[3] != '-') {
                    return new ServerReply(
                        int.Parse(text.Substring(0, 3), CultureInfo.InvariantCulture), lines);
                }
            }
        }

        private byte[] Line(Stopwatch clock) {
            int end, seen = 0;
            while ((end = buffer.IndexOf((byte)'\n', seen)) < 0) {
                seen = buffer.Count;
                if (seen > LongestLine) {
                    throw new NotSmtp("a line longer than " + LongestLine + " bytes");
                }
                int count = connection.Read(chunk, clock);
                buffer.AddRange(chunk.Take(count));
            }
            byte[] line = buffer.Take(end).ToArray();
            buffer.RemoveRange(0, end + 1);
            return line;
        }
    }
}
