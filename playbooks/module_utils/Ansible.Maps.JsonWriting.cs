// JSON as json.dumps writes it.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using Ansible.Maps.CaseFolding;
using Ansible.Maps.Number;

namespace Ansible.Maps.JsonWriting {
    /// <summary>Writes one value.</summary>
    internal sealed class JsonWriter {
        private readonly StringBuilder written = new StringBuilder();
        private readonly bool ascii;
        private readonly bool sorted;
        private readonly bool indented;
        private int depth;

        public JsonWriter(bool ascii, bool sorted, bool indented) {
            this.ascii = ascii;
            this.sorted = sorted;
            this.indented = indented;
        }

        public string Written(object value) {
            Write(value);
            return written.ToString();
        }

        private void Write(object value) {
            IDictionary<string, object> members = value as IDictionary<string, object>;
            if (members != null) {
                WriteMembers(members);
            } else if (value is IEnumerable<object>) {
                WriteAll('[', (IEnumerable<object>)value, Write, ']');
            } else if (value is string) {
                WriteText((string)value);
            } else {
                written.Append(Word(value));
            }
        }

        private void WriteMembers(IDictionary<string, object> members) {
            IEnumerable<string> names = members.Keys;
            names = sorted ? names.OrderBy(name => name, Names.Order) : names;
            WriteAll('{', names, name => WriteMember(name, members[name]), '}');
        }

        private void WriteMember(string name, object value) {
            WriteText(name);
            written.Append(": ");
            Write(value);
        }

        private void WriteAll<T>(char begin, IEnumerable<T> elements, Action<T> write, char end) {
            bool first = true;
            written.Append(begin);
            depth++;
            foreach (T element in elements) {
                written.Append(first ? "" : indented ? "," : ", ");
                first = false;
                WriteLineBreak();
                write(element);
            }
            depth--;
            if (!first) {
                WriteLineBreak();
            }
            written.Append(end);
        }

        private void WriteLineBreak() {
            if (indented) {
                written.Append('\n').Append(' ', 2 * depth);
            }
        }

        private void WriteText(string text) {
            written.Append('"');
            foreach (char one in text) {
                int known = "\"\\\b\f\n\r\t".IndexOf(one);
                if (known >= 0) {
                    written.Append('\\').Append("\"\\bfnrt"[known]);
                } else if (one < ' ' || (ascii && one > '~')) {
                    written.Append("\\u").Append(((int)one).ToString("x4", CultureInfo.InvariantCulture));
                } else {
                    written.Append(one);
                }
            }
            written.Append('"');
        }

        private static string Word(object value) {
            if (value == null) {
                return "null";
            }
            if (value is bool) {
                return (bool)value ? "true" : "false";
            }
            if (value is long || value is int) {
                return Convert.ToInt64(value, CultureInfo.InvariantCulture)
                    .ToString(CultureInfo.InvariantCulture);
            }
            JsonNumber number = value as JsonNumber;
            if (number == null) {
                throw new ArgumentException("no JSON has a " + value.GetType().Name);
            }
            return number.Text;
        }
    }
}
