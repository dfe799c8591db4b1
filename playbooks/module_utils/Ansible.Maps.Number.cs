// Numbers of JSON in Python's spelling.

using System;
using System.Globalization;
using Ansible.Maps.Floats;

namespace Ansible.Maps.Number {
    /// <summary>A number that no long holds: Text is what Python's json module writes of it.</summary>
    public sealed class JsonNumber {
        private const int MostDigits = 4300;  // as Python reads: sys.get_int_max_str_digits()

        public readonly string Text;

        public JsonNumber(string text) {
            Text = text;
        }

        /// <summary>A long or a JsonNumber of what the grammar of JSON calls a number.</summary>
        public static object Parsed(string text) {
            if (text.IndexOfAny(new[] { '.', 'e', 'E' }) >= 0) {
                return new JsonNumber(FloatText.Spelled(text));
            }
            long whole;
            if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out whole)) {
                return whole;
            }
            if (text.TrimStart('-').Length > MostDigits) {
                throw new FormatException("a number of too many digits");
            }
            return new JsonNumber(text);
        }

        public override bool Equals(object other) {
            return other is JsonNumber && ((JsonNumber)other).Text == Text;
        }

        public override int GetHashCode() {
            return StringComparer.Ordinal.GetHashCode(Text);
        }

        public override string ToString() {
            return Text;
        }
    }
}
