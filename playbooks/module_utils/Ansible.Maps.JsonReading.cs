// JSON as json.loads reads it.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using Ansible.Maps.Number;

namespace Ansible.Maps.JsonReading {
    /// <summary>Reads one text from its beginning to its end.</summary>
    internal sealed class JsonReader {
        // Python gives up at its recursion limit, a thousand calls; here the stack must not end.
        private const int Deepest = 900;

        private readonly string text;
        private int place;
        private int depth;

        public JsonReader(string text) {
            this.text = text;
        }

        public object Whole() {
            object value = Value();
            SkipBlanks();
            if (place != text.Length) {
                throw Wrong("there is more after the value");
            }
            return value;
        }

        private object Value() {
            SkipBlanks();
            switch (Next()) {
                case '{':
                    return Nested(Members);
                case '[':
                    return Nested(Elements);
                case '"':
                    return Text();
                default:
                    return Literal();
            }
        }

        private object Nested(Func<object> read) {
            if (++depth > Deepest) {
                throw Wrong("too deep");
            }
            place++;
            object value = read();
            place++;
            depth--;
            return value;
        }

        private object Members() {
            Dictionary<string, object> members = new Dictionary<string, object>(StringComparer.Ordinal);
            if (NextAfterBlanks() == '}') {
                return members;
            }
            while (true) {
                if (NextAfterBlanks() != '"') {
                    throw Wrong("a name is missing");
                }
                string name = Text();
                if (NextAfterBlanks() != ':') {
                    throw Wrong("a colon is missing");
                }
                place++;
                members[name] = Value();
                if (!GoesOn('}')) {
                    return members;
                }
            }
        }

        private object Elements() {
            List<object> elements = new List<object>();
            if (NextAfterBlanks() == ']') {
                return elements;
            }
            do {
                elements.Add(Value());
            } while (GoesOn(']'));
            return elements;
        }

        /// <summary>Whether a comma follows, which is read then; else `end` has to.</summary>
        private bool GoesOn(char end) {
            char next = NextAfterBlanks();
            if (next == ',') {
                place++;
                return true;
            }
            if (next != end) {
                throw Wrong("a comma is missing");
            }
            return false;
        }

        private string Text() {
            StringBuilder read = new StringBuilder();
            for (place++; Next() != '"'; place++) {
                char next = text[place];
                if (next < ' ') {
                    throw Wrong("a control character in a text");
                }
                read.Append(next == '\\' ? Escaped() : next);
            }
            place++;
            return read.ToString();
        }

        private char Escaped() {
            place++;
            char kind = Next();
            if (kind == 'u') {
                return Numbered();
            }
            int known = "\"\\/bfnrt".IndexOf(kind);
            if (known < 0) {
                throw Wrong("an escape that does not exist");
            }
            return "\"\\/\b\f\n\r\t"[known];
        }

        private char Numbered() {
            int code = 0;
            for (int digit = 0; digit < 4; digit++) {
                place++;
                int value = "0123456789abcdef".IndexOf(char.ToLowerInvariant(Next()));
                if (value < 0 || Next() > 'f') {
                    throw Wrong("an escape without four digits");
                }
                code = code * 16 + value;
            }
            return (char)code;
        }

        private object Literal() {
            foreach (KeyValuePair<string, object> word in Words) {
                if (string.CompareOrdinal(text, place, word.Key, 0, word.Key.Length) == 0) {
                    place += word.Key.Length;
                    return word.Value;
                }
            }
            string number = NumberHere();
            place += number.Length;
            return JsonNumber.Parsed(number);
        }

        // The grammar of RFC 8259, section 6; what follows a number is not looked at.
        private string NumberHere() {
            int end = place + (Is(place, "-") ? 1 : 0);
            int whole = end;
            end = Is(end, "0") ? end + 1 : AfterDigits(end);
            if (end == whole) {
                throw Wrong("no value");
            }
            if (Is(end, ".") && AfterDigits(end + 1) > end + 1) {
                end = AfterDigits(end + 1);
            }
            if (Is(end, "eE")) {
                int exponent = end + (Is(end + 1, "+-") ? 2 : 1);
                end = AfterDigits(exponent) > exponent ? AfterDigits(exponent) : end;
            }
            return text.Substring(place, end - place);
        }

        private int AfterDigits(int from) {
            while (Is(from, "0123456789")) {
                from++;
            }
            return from;
        }

        private bool Is(int at, string any) {
            return at < text.Length && any.IndexOf(text[at]) >= 0;
        }

        private char NextAfterBlanks() {
            SkipBlanks();
            return Next();
        }

        private void SkipBlanks() {
            while (Is(place, " \t\n\r")) {
                place++;
            }
        }

        private char Next() {
            if (place >= text.Length) {
                throw Wrong("it ends too early");
            }
            return text[place];
        }

        private FormatException Wrong(string why) {
            string at = place.ToString(CultureInfo.InvariantCulture);
            return new FormatException("not JSON at character " + at + ": " + why);
        }

        private static readonly Dictionary<string, object> Words = new Dictionary<string, object> {
            { "null", null },
            { "true", true },
            { "false", false },
            { "NaN", new JsonNumber("NaN") },
            { "Infinity", new JsonNumber("Infinity") },
            { "-Infinity", new JsonNumber("-Infinity") },
        };
    }
}
