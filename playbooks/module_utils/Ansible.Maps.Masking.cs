// Texts without secrets: a document by what is known to be public, any other text by what is known
// to be secret. In both a character is a byte, unless it says otherwise.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;
using Ansible.Maps.Windows;

namespace Ansible.Maps.Masking {
    /// <summary>JSON as tokens. Twin of replace_hidden() in maps_smtp.py.</summary>
    public static class Tokens {
        public static readonly Encoding Bytes = Encoding.GetEncoding(28591);
        public static readonly Encoding Utf8 = new UTF8Encoding(false, true);

        // Classes are spelled out: \s, \w and . mean other characters in .NET than in bytes of Python.
        private static readonly Regex Token = new Regex(
            "\\G[\t-\r ]*(\"(?>[^\"\\\\\\x00-\\x1f]+|\\\\[^\n])*\"|[{}\\[\\]:,]|[-+.0-9A-Z_a-z]+)[\t-\r ]*",
            RegexOptions.CultureInvariant);

        private static readonly HashSet<string> Plain =
            new HashSet<string> { "{", "}", "[", "]", ":", ",", "null", "true", "false", "\"\"" };

        private static readonly Regex Escape = new Regex("\\\\(u[0-9A-Fa-f]{4}|[\"\\\\/bfnrt])");
        private static readonly Regex HalfAPair = new Regex(Redaction.HalfAPair);

        /// <summary>Names as tokens.</summary>
        public static ISet<string> Quoted(IEnumerable<string> names) {
            return new HashSet<string>(names.Select(one => "\"" + one + "\""));
        }

        /// <summary>`data` with what is not known to be public replaced; null: not made of tokens.</summary>
        public static string ReplaceHidden(
            string data, ISet<string> keys, ISet<string> shown, Func<string, string> replacement) {
            StringBuilder pieces = new StringBuilder(data.Length);
            string before = "", last = "";
            int at = 0;
            while (at < data.Length) {
                Match match = Token.Match(data, at);
                if (!match.Success) { return null; }
                string token = match.Groups[1].Value;
                int start = match.Groups[1].Index, end = match.Index + match.Length;
                bool named = end < data.Length && data[end] == ':' && keys.Contains(token);
                bool clear = Plain.Contains(token) || named || (last == ":" && shown.Contains(before));
                pieces.Append(data, at, start - at).Append(clear ? token : replacement(token));
                pieces.Append(data, start + token.Length, end - start - token.Length);
                before = last;
                last = token;
                at = end;
            }
            return pieces.ToString();
        }

        /// <summary>What a token stands for, its characters no bytes any more; as spelled if that is no text.</summary>
        public static string Value(string token) {
            string spelled = Encoding.UTF8.GetString(Bytes.GetBytes(token));
            if (!spelled.StartsWith("\"", StringComparison.Ordinal)) { return spelled; }
            spelled = spelled.Substring(1, spelled.Length - 2);
            string value = Escape.Replace(spelled, match => {
                string said = match.Groups[1].Value;
                if (said.Length == 5) {
                    return ((char)Convert.ToUInt16(said.Substring(1), 16)).ToString();
                }
                int place = "bfnrt".IndexOf(said[0]);
                return place < 0 ? said : "\b\f\n\r\t"[place].ToString();
            });
            return Escape.Replace(spelled, "").Contains("\\") || HalfAPair.IsMatch(value) ? spelled : value;
        }
    }

    /// <summary>Secrets of this call, and texts from outside without them: whole, or any 12 bytes of one, in
    /// the spellings of JSON, URLs, base64 and the code pages.</summary>
    public sealed class Redaction {
        public const string HalfAPair =
            "(?<![\\ud800-\\udbff])[\\udc00-\\udfff]|[\\ud800-\\udbff](?![\\udc00-\\udfff])";

        private const int Window = 12, Shortest = 4;  // shorter ones are in ordinary text by chance

        // And what turns a line around, and halves of surrogate pairs.
        private static readonly Regex Control = new Regex("(?:[\\x00-\\x20\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069]"
            + "|" + HalfAPair + ")+");

        // What JSON escapes without need: the same text to a reader of JSON.
        private static readonly Regex Escape = new Regex("\\\\(?:u([0-9A-Fa-f]{4})|(.))", RegexOptions.Singleline);

        private static readonly Encoding[] CodePages = Host.CodePages();

        private readonly HashSet<string> tokens = new HashSet<string>(), values = new HashSet<string>();

        /// <summary>A token of a document is secret, and what it stands for.</summary>
        public void AddToken(string token) {
            tokens.Add(token.Trim('"'));
            values.Add(Tokens.Value(token));
        }

        /// <summary>A text is secret; its characters are no bytes.</summary>
        public void Add(string value) {
            if (value != null) {
                values.Add(value);
            }
        }

        /// <summary>A text on one line, masked, of at most so many characters, which are no bytes.</summary>
        public string Line(string text, int most) {
            return OneLine(Text(text), most);
        }

        /// <summary>Some of them; masked together, since that costs as much as one.</summary>
        public string[] Lines(ICollection<string> lines, int most) {
            string[] masked = lines.Count == 0 ? new string[0] : Text(string.Join("\n", lines)).Split('\n');
            return masked.Select(one => OneLine(one, most)).ToArray();
        }

        /// <summary>One text, masked.</summary>
        public string Text(string text) {
            byte[] raw = Encoding.UTF8.GetBytes(text);
            return Encoding.UTF8.GetString(Tokens.Bytes.GetBytes(Masked(Tokens.Bytes.GetString(raw))));
        }

        private static string Unescaped(Match match) {
            if (!match.Groups[1].Success) { return match.Value == "\\/" ? "/" : match.Value; }
            char meant = (char)Convert.ToUInt16(match.Groups[1].Value, 16);
            bool needed = meant < ' ' || meant == '"' || meant == '\\' || char.IsSurrogate(meant);
            return needed ? match.Value : Tokens.Bytes.GetString(Encoding.UTF8.GetBytes(new[] { meant }));
        }

        private static string OneLine(string text, int most) {
            string line = Control.Replace(text, " ").Trim(' ');
            return line.Length <= most ? line : Control.Replace(line.Substring(0, most - 3), " ") + "...";
        }

        /// <summary>Any text of bytes, masked.</summary>
        public string Masked(string text) {
            text = Escape.Replace(text, Unescaped);
            bool[] hidden = new bool[text.Length];
            Dictionary<ulong, List<int>> places = new Dictionary<ulong, List<int>>();
            Roll(text, (sum, place) => {
                List<int> all;
                if (!places.TryGetValue(sum, out all)) {
                    places[sum] = all = new List<int>();
                }
                all.Add(place);
            });
            foreach (string spelling in new HashSet<string>(tokens.Concat(values.SelectMany(Spellings)))) {
                bool whole = spelling.Length < Window && spelling.Length >= Shortest;
                for (int found = -1; whole && (found = text.IndexOf(spelling, found + 1, StringComparison.Ordinal)) >= 0;) {
                    Hide(hidden, found, spelling.Length);
                }
                Roll(spelling, (sum, start) => {
                    List<int> all;
                    if (places.TryGetValue(sum, out all)) {
                        // A place once hidden is removed: else a text of one letter takes forever.
                        all.RemoveAll(place => string.CompareOrdinal(text, place, spelling, start, Window) == 0
                            && Hide(hidden, place, Window));
                    }
                });
            }
            StringBuilder masked = new StringBuilder();
            for (int place = 0; place < text.Length; place++) {
                if (!hidden[place]) {
                    masked.Append(text[place]);
                } else if (place == 0 || !hidden[place - 1]) {
                    masked.Append("***");
                }
            }
            return masked.ToString();
        }

        // A sum of each 12 bytes that moves on with them: pieces of a document would be millions of texts.
        private static void Roll(string text, Action<ulong, int> seen) {
            const ulong Base = 1099511628211;
            ulong sum = 0, first = 1;
            for (int count = 0; count < Window; count++) {
                first = unchecked(first * Base);
            }
            for (int place = 0; place < text.Length; place++) {
                ulong gone = place < Window ? 0 : first * text[place - Window];
                sum = unchecked(sum * Base + text[place] - gone);
                if (place >= Window - 1) {
                    seen(sum, place - Window + 1);
                }
            }
        }

        private static bool Hide(bool[] hidden, int place, int width) {
            for (int end = place + width; place < end; place++) {
                hidden[place] = true;
            }
            return true;
        }

        private static IEnumerable<string> Spellings(string value) {
            byte[] raw = Encoding.UTF8.GetBytes(value);
            yield return Tokens.Bytes.GetString(raw);
            foreach (Encoding encoding in CodePages) {
                yield return Tokens.Bytes.GetString(encoding.GetBytes(value));
            }
            string json = Json(value);
            yield return json;
            yield return Json(json);  // a document is a text in the JSON of a call
            foreach (string hex in new[] { "X2", "x2" }) {
                string url = Url(raw, hex);
                yield return url;
                yield return url.Replace("%20", "+");
            }
            for (int offset = 0; offset < 3; offset++) {
                string encoded = Convert.ToBase64String(new byte[offset].Concat(raw).ToArray()).TrimEnd('=');
                int first = offset == 0 ? 0 : offset + 1;
                encoded = encoded.Substring(first, Math.Max(encoded.Length - first - 1, 0));
                yield return encoded;
                yield return encoded.Replace('+', '-').Replace('/', '_');
            }
        }

        private static string Json(string value) {
            return string.Concat(value.Select(one => one == '"' || one == '\\' ? "\\" + one
                : one >= ' ' && one <= '~' ? one.ToString()
                : "\\u" + ((int)one).ToString("x4", CultureInfo.InvariantCulture)));
        }

        /// <summary>As part of a URL, with digits of that format: RFC 3986 section 2.3.</summary>
        public static string Url(IEnumerable<byte> raw, string hex) {
            return string.Concat(raw.Select(one => {
                bool plain = (one >= 'a' && one <= 'z') || (one >= 'A' && one <= 'Z')
                    || (one >= '0' && one <= '9') || "_.-~".IndexOf((char)one) >= 0;
                return plain ? ((char)one).ToString() : "%" + one.ToString(hex, CultureInfo.InvariantCulture);
            }));
        }
    }
}
