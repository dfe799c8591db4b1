// A message as bytes, 7 bit whatever its words are (RFC 5322, RFC 2045, RFC 2047).

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using Ansible.Maps.Envelope;

namespace Ansible.Maps.Mime {
    /// <summary>A message with CRLF line ends, and its Message-ID. Checked before: EnvelopeCheck.</summary>
    public sealed class MailText {
        // RFC 5322 section 2.1.1. Of what is 7 bit Python's email leaves as long a line as it is.
        private const int LongestLine = 78;

        public readonly string MessageId;
        public readonly byte[] Bytes;

        public MailText(Dictionary<string, object> message, string clientName) {
            string sender = (string)message["from"];
            string domain = string.IsNullOrEmpty(clientName)
                ? sender.Substring(sender.LastIndexOf('@') + 1) : clientName;
            MessageId = "<" + Guid.NewGuid().ToString("N") + "@" + domain + ">";
            string body = ((string)message["body"]).Replace("\r\n", "\n").Replace('\r', '\n');
            string[] lines = (body.EndsWith("\n", StringComparison.Ordinal) ? body.Remove(body.Length - 1) : body).Split('\n');
            bool plain = lines.All(line => line.Length <= LongestLine && line.All(one => one < 128));
            string text = Header(message, plain) + string.Concat(
                lines.Select(line => (plain ? line : QuotedPrintable.Line(line)) + "\r\n"));
            Bytes = Encoding.ASCII.GetBytes(text);
        }

        private string Header(Dictionary<string, object> message, bool plain) {
            StringBuilder header = new StringBuilder();
            header.Append("From: ").Append(message["from"]).Append("\r\n");
            header.Append("To: ").Append(message["to"]).Append("\r\n");
            header.Append(HeaderField.Text("Subject", (string)message["subject"]));
            header.Append("Date: ").Append(Date(DateTimeOffset.Now)).Append("\r\n");
            header.Append("Message-ID: ").Append(MessageId).Append("\r\n");
            foreach (KeyValuePair<string, object> own in EnvelopeCheck.HeadersOf(message)) {
                header.Append(HeaderField.Text(own.Key, (string)own.Value));
            }
            header.Append("Content-Type: text/plain; charset=\"utf-8\"\r\n");
            header.Append("Content-Transfer-Encoding: ").Append(plain ? "7bit" : "quoted-printable");
            return header.Append("\r\nMIME-Version: 1.0\r\n\r\n").ToString();
        }

        private static string Date(DateTimeOffset now) {
            string zone = now.ToString("zzz", CultureInfo.InvariantCulture).Replace(":", "");
            return now.ToString("ddd, dd MMM yyyy HH:mm:ss ", CultureInfo.InvariantCulture) + zone;
        }
    }

    /// <summary>A header's line, folded, its words encoded if they are not plain.</summary>
    public static class HeaderField {
        private const int LongestLine = 76;  // RFC 2047 section 2
        private const string Begin = "=?utf-8?b?", End = "?=";

        public static string Text(string name, string value) {
            return (IsPlain(value) ? Folded(name, value) : Encoded(name, value)) + "\r\n";
        }

        // What a reader would take for an encoded word, or lose by folding, is encoded as well.
        private static bool IsPlain(string value) {
            return value.All(one => one >= ' ' && one < 127) && !value.Contains("=?")
                && value.Split(' ').All(word => word.Length > 0 && word.Length < LongestLine);
        }

        private static string Folded(string name, string value) {
            StringBuilder lines = new StringBuilder(name + ":");
            int used = lines.Length;
            foreach (string word in value.Split(' ')) {
                if (used + 1 + word.Length > LongestLine) {
                    lines.Append("\r\n");
                    used = 0;
                }
                lines.Append(' ').Append(word);
                used += 1 + word.Length;
            }
            return lines.ToString();
        }

        private static string Encoded(string name, string value) {
            StringBuilder lines = new StringBuilder(name + ": ");
            int used = lines.Length;
            List<byte> word = new List<byte>();
            foreach (byte[] character in Characters(value)) {
                if (used + Length(word.Count + character.Length) > LongestLine && word.Count > 0) {
                    lines.Append(Word(word)).Append("\r\n ");
                    used = 1;
                    word.Clear();
                }
                word.AddRange(character);
            }
            return lines.Append(Word(word)).ToString();
        }

        // RFC 2047 section 5: no character may be divided between two words.
        private static IEnumerable<byte[]> Characters(string value) {
            for (int place = 0; place < value.Length; place++) {
                int length = char.IsHighSurrogate(value[place]) && place + 1 < value.Length ? 2 : 1;
                yield return Encoding.UTF8.GetBytes(value.Substring(place, length));
                place += length - 1;
            }
        }

        private static int Length(int bytes) {
            return Begin.Length + (bytes + 2) / 3 * 4 + End.Length;
        }

        private static string Word(List<byte> bytes) {
            return Begin + Convert.ToBase64String(bytes.ToArray()) + End;
        }
    }

    /// <summary>The encoding of RFC 2045 section 6.7.</summary>
    public static class QuotedPrintable {
        private const int LongestLine = 76;

        /// <summary>One line, with soft line breaks where it would be too long.</summary>
        public static string Line(string line) {
            StringBuilder encoded = new StringBuilder();
            int used = 0;
            byte[] bytes = Encoding.UTF8.GetBytes(line);
            for (int place = 0; place < bytes.Length; place++) {
                string next = Encoded(bytes[place], place == bytes.Length - 1);
                if (used + next.Length > LongestLine - 1) {
                    encoded.Append("=\r\n");
                    used = 0;
                }
                encoded.Append(next);
                used += next.Length;
            }
            return encoded.ToString();
        }

        private static string Encoded(byte one, bool last) {
            bool blank = one == ' ' || one == '\t';
            bool safe = (one > ' ' && one < 127 && one != '=') || (blank && !last);
            return safe ? ((char)one).ToString() : "=" + one.ToString("X2");
        }
    }
}
