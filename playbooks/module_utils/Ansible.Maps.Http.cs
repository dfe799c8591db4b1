// The answer to an HTTP request, bounded: RFC 9112.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Text;
using System.Text.RegularExpressions;
using Ansible.Maps.Connection;
using Ansible.Maps.Network;

namespace Ansible.Maps.Http {
    /// <summary>What came is no answer of a web server that can be read.</summary>
    public sealed class NotHttp : Exception {
        public NotHttp(string words) : base(words) {
        }
    }

    /// <summary>An answer: status and body, of which the rest is left out if it is long.</summary>
    public sealed class WebAnswer {
        public readonly int Status;
        public readonly byte[] Body;

        public WebAnswer(int status, byte[] body) {
            Status = status;
            Body = body;
        }
    }

    /// <summary>Reads one answer: RFC 9112.</summary>
    internal sealed class AnswerReader {
        private const int LongestHead = 65536, LongestAnswer = 262144;
        private static readonly Regex StatusLine = new Regex(@"\AHTTP/1\.[01] ([1-5][0-9][0-9])(\s|\z)");

        private readonly ServerConnection connection;
        private readonly Stopwatch clock = Stopwatch.StartNew();
        private readonly byte[] chunk = new byte[16384];
        private int filled, place, headers;

        public AnswerReader(ServerConnection connection) {
            this.connection = connection;
        }

        public WebAnswer Answer() {
            int status;
            Dictionary<string, string> fields;
            do {
                status = Status(Line());
                fields = Fields();
            } while (status < 200);  // 100 Continue is no answer yet
            return new WebAnswer(status, Body(status, fields));
        }

        private static int Status(string line) {
            Match match = StatusLine.Match(line);
            if (!match.Success) {
                throw new NotHttp("not an answer of a web server");
            }
            return int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
        }

        private Dictionary<string, string> Fields() {
            Dictionary<string, string> fields =
                new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
            for (string line = Line(); line != ""; line = Line()) {
                string[] parts = line.Split(new[] { ':' }, 2);
                fields[parts[0]] = parts.Length > 1 ? parts[1].Trim() : "";
            }
            return fields;
        }

        private byte[] Body(int status, Dictionary<string, string> fields) {
            MemoryStream body = new MemoryStream();
            string coding, length;
            if (fields.TryGetValue("Transfer-Encoding", out coding)) {
                ReadChunks(coding, body);
            } else if (fields.TryGetValue("Content-Length", out length)) {
                ReadUpTo(Number(length, NumberStyles.None), body);
            } else if (status != 204 && status != 304) {
                ReadUpTo(LongestAnswer, body);
            }
            return body.ToArray();
        }

        private void ReadChunks(string coding, MemoryStream body) {
            if (!string.Equals(coding, "chunked", StringComparison.OrdinalIgnoreCase)) {
                throw new NotHttp("a transfer coding that nobody asked for");
            }
            while (body.Length < LongestAnswer) {
                int size = Number(Line().Split(';')[0].Trim(), NumberStyles.AllowHexSpecifier);
                if (size == 0) {
                    return;  // what may follow are trailers
                }
                Read(size, body);
                if (body.Length < LongestAnswer && Line() != "") {
                    throw new NotHttp("a chunk of another size than it says");
                }
            }
        }

        private static int Number(string text, NumberStyles style) {
            int number;
            if (!int.TryParse(text, style, CultureInfo.InvariantCulture, out number) || number < 0) {
                throw new NotHttp("a length that is no number");
            }
            return number;
        }

        private void Read(int size, MemoryStream body) {
            size = Math.Min(size, LongestAnswer - (int)body.Length);
            while (size > 0) {
                Fill();
                int taken = Math.Min(size, filled - place);
                body.Write(chunk, place, taken);
                place += taken;
                size -= taken;
            }
        }

        // What is cut off by the other side is no JSON, or is whole: http.client does not mind either.
        private void ReadUpTo(int size, MemoryStream body) {
            try {
                Read(size, body);
            } catch (LostConnection) {
                if (!connection.HungUp) {
                    throw;
                }
            }
        }

        private string Line() {
            StringBuilder line = new StringBuilder();
            while (true) {
                Fill();
                char next = (char)chunk[place++];
                if (next == '\n') {
                    return line.ToString().TrimEnd('\r');
                }
                if (++headers > LongestHead) {
                    throw new NotHttp("a head longer than " + LongestHead + " bytes");
                }
                line.Append(next);
            }
        }

        private void Fill() {
            if (place == filled) {
                filled = connection.Read(chunk, clock);
                place = 0;
            }
        }
    }
}
