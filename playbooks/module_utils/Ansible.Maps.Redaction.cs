// Text from outside (server replies, output of commands) without what it may echo of a secret.
// Twin of maps_redaction.py; it counts characters as Python does.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using Ansible.Maps.CaseFolding;
using Ansible.Maps.Json;

namespace Ansible.Maps.Redaction {
    /// <summary>What may be shown of a text.</summary>
    public static class Redacted {
        public const string Mask = "***";

        // An echo may be cut off anywhere, so any run of this many characters of a secret is masked.
        private const int Window = 12;

        // A shorter secret is found in ordinary text by chance: masking it would tell where it occurs.
        private const int Shortest = 4;

        private static readonly Encoding Utf8 = new UTF8Encoding(false, true);

        /// <summary>`text` without control characters and line breaks, cut at `limit`.</summary>
        public static string OneLine(string text, int limit) {
            int[] line = Joined(Words(WithoutControls(text, IsControl)));
            bool fits = line.Length <= limit;
            return fits ? CodePoints.Text(line) : CodePoints.Text(line.Take(limit - 3)) + "...";
        }

        public static string OneLine(string text) {
            return OneLine(text, 500);
        }

        /// <summary>The last lines of a command's output, without control characters.</summary>
        public static string LastLines(string text, int count, int limit) {
            string plain = CodePoints.Text(
                WithoutControls(text, point => IsControl(point) && point != '\n'));
            List<string> lines = plain.Split('\n').Select(Stripped).Where(line => line != "").ToList();
            string last = string.Join("\n", lines.Skip(lines.Count - count));
            int[] points = CodePoints.Of(last);
            return CodePoints.Text(points.Skip(points.Length - limit));
        }

        public static string LastLines(string text) {
            return LastLines(text, 10, 1000);
        }

        /// <summary>
        /// `text` with every secret, and every longer piece of one, as ***. Found as they are,
        /// percent-encoded, as in JSON, and as base64 at any offset.
        /// </summary>
        public static string Text(string text, IEnumerable<string> secrets) {
            WindowedText windowed = new WindowedText(text);
            foreach (string spelling in new HashSet<string>(secrets.SelectMany(Spellings))) {
                int[] points = CodePoints.Of(spelling);
                int width = Math.Min(points.Length, Window);
                if (width >= Shortest) {
                    windowed.Hide(points, width);
                }
            }
            return windowed.Masked(Mask);
        }

        /// <summary>The same for the strings in lists and dictionaries.</summary>
        public static object Tree(object value, IEnumerable<string> secrets) {
            string text = value as string;
            if (text != null) {
                return Text(text, secrets);
            }
            Dictionary<string, object> members = value as Dictionary<string, object>;
            if (members != null) {
                Dictionary<string, object> masked = new Dictionary<string, object>();
                foreach (KeyValuePair<string, object> member in members) {
                    masked[Text(member.Key, secrets)] = Tree(member.Value, secrets);
                }
                return masked;
            }
            List<object> elements = value as List<object>;
            return elements == null ? value : elements.ConvertAll(one => Tree(one, secrets));
        }

        // And what turns a line around, and halves of surrogate pairs: no terminal is to get them.
        private static bool IsControl(int point) {
            return point < 0x20
                || (point >= 0x7f && point <= 0x9f)
                || (point >= 0x2028 && point <= 0x202e)
                || (point >= 0x2066 && point <= 0x2069)
                || (point >= 0xd800 && point <= 0xdfff);
        }

        // A run of them becomes one blank.
        private static List<int> WithoutControls(string text, Func<int, bool> isControl) {
            List<int> plain = new List<int>(text.Length);
            bool within = false;
            foreach (int point in CodePoints.Of(text)) {
                bool control = isControl(point);
                if (!control || !within) {
                    plain.Add(control ? ' ' : point);
                }
                within = control;
            }
            return plain;
        }

        // What str.split() takes for a blank, but for the control characters.
        private static bool IsBlank(int point) {
            return point == ' '
                || point == 0xa0
                || point == 0x1680
                || (point >= 0x2000 && point <= 0x200a)
                || point == 0x202f
                || point == 0x205f
                || point == 0x3000;
        }

        private static List<List<int>> Words(IEnumerable<int> points) {
            List<List<int>> words = new List<List<int>> { new List<int>() };
            foreach (int point in points) {
                if (!IsBlank(point)) {
                    words[words.Count - 1].Add(point);
                } else if (words[words.Count - 1].Count > 0) {
                    words.Add(new List<int>());
                }
            }
            return words;
        }

        private static int[] Joined(List<List<int>> words) {
            List<int> line = new List<int>();
            foreach (List<int> word in words.Where(word => word.Count > 0)) {
                line.AddRange(line.Count > 0 ? new[] { (int)' ' } : new int[0]);
                line.AddRange(word);
            }
            return line.ToArray();
        }

        private static string Stripped(string line) {
            int first = 0, end = line.Length;
            while (first < end && IsBlank(line[first])) {
                first++;
            }
            while (end > first && IsBlank(line[end - 1])) {
                end--;
            }
            return line.Substring(first, end - first);
        }

        private static IEnumerable<string> Spellings(string secret) {
            if (secret == null || CodePoints.Of(secret).Length < Shortest) {
                yield break;
            }
            byte[] raw = Utf8.GetBytes(secret);
            string json = Unquoted(JsonText.Compact(secret, false));
            yield return secret;
            yield return string.Concat(raw.Select(Percent));
            yield return string.Concat(raw.Select(one => one == ' ' ? "+" : Percent(one)));
            yield return json;
            yield return Unquoted(JsonText.Compact(json, false));  // a document is a text in a call
            for (int offset = 0; offset < 3; offset++) {
                string encoded = Convert.ToBase64String(new byte[offset].Concat(raw).ToArray());
                encoded = encoded.TrimEnd('=');
                int first = offset == 0 ? 0 : offset + 1;
                yield return encoded.Substring(first, encoded.Length - first - 1);
            }
        }

        private static string Unquoted(string json) {
            return json.Substring(1, json.Length - 2);
        }

        // urllib.parse.quote(): RFC 3986, section 2.3
        private static string Percent(byte one) {
            bool plain = (one >= 'a' && one <= 'z') || (one >= 'A' && one <= 'Z')
                || (one >= '0' && one <= '9') || "_.-~".IndexOf((char)one) >= 0;
            return plain ? ((char)one).ToString() : "%" + one.ToString("X2", CultureInfo.InvariantCulture);
        }
    }

    /// <summary>A text, and which of its characters are hidden.</summary>
    internal sealed class WindowedText {
        private readonly int[] points;
        private readonly bool[] hidden;
        private readonly Dictionary<int, ILookup<string, int>> places =
            new Dictionary<int, ILookup<string, int>>();

        public WindowedText(string text) {
            points = CodePoints.Of(text);
            hidden = new bool[points.Length];
        }

        /// <summary>Hide whatever is any `width` characters of `spelling`.</summary>
        public void Hide(int[] spelling, int width) {
            if (!places.ContainsKey(width)) {
                places[width] = Windows(points, width)
                    .Select((window, place) => new KeyValuePair<string, int>(window, place))
                    .ToLookup(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);
            }
            foreach (int start in Windows(spelling, width).SelectMany(one => places[width][one])) {
                for (int place = start; place < start + width; place++) {
                    hidden[place] = true;
                }
            }
        }

        /// <summary>The text with each run of hidden characters as `mask`.</summary>
        public string Masked(string mask) {
            StringBuilder masked = new StringBuilder();
            for (int place = 0; place < points.Length; place++) {
                if (!hidden[place]) {
                    masked.Append(CodePoints.Text(points[place]));
                } else if (place == 0 || !hidden[place - 1]) {
                    masked.Append(mask);
                }
            }
            return masked.ToString();
        }

        private static IEnumerable<string> Windows(int[] points, int width) {
            string text = CodePoints.Text(points);
            bool plain = text.Length == points.Length;  // no character has two halves
            for (int start = 0; start + width <= points.Length; start++) {
                yield return plain
                    ? text.Substring(start, width)
                    : CodePoints.Text(new ArraySegment<int>(points, start, width));
            }
        }
    }
}
