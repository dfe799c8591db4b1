// Whether two JSON values are equal, as Python's == has it. Pure.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Ansible.Maps.Number;

namespace Ansible.Maps.Equality {
    /// <summary>Equality of JSON values.</summary>
    public static class Same {
        /// <summary>Whether they are equal: 1, 1.0 and true are; NaN is equal to nothing.</summary>
        public static bool Values(object one, object other) {
            if (ReferenceEquals(one, other)) {
                return true;
            }
            Dictionary<string, object> table = one as Dictionary<string, object>;
            if (table != null) {
                return Tables(table, other as Dictionary<string, object>);
            }
            List<object> list = one as List<object>;
            if (list != null) {
                return Lists(list, other as List<object>);
            }
            return IsNumber(one) && IsNumber(other) ? Numbers(one, other) : Equals(one, other);
        }

        private static bool Tables(
            Dictionary<string, object> one,
            Dictionary<string, object> other
        ) {
            return other != null
                && one.Count == other.Count
                && one.All(p => other.ContainsKey(p.Key) && Values(p.Value, other[p.Key]));
        }

        private static bool Lists(List<object> one, List<object> other) {
            return other != null
                && one.Count == other.Count
                && one.Select((value, i) => Values(value, other[i])).All(equal => equal);
        }

        private static bool IsNumber(object value) {
            return value is bool || value is long || value is JsonNumber;
        }

        private static bool Numbers(object one, object other) {
            string text = WholeText(one), otherText = WholeText(other);
            if (text != null && otherText != null) {
                return text == otherText;
            }
            return Fraction(one).Equals(Fraction(other)) && !double.IsNaN(Fraction(one));
        }

        // The digits of a whole number, however many; null if it is written as a fraction.
        private static string WholeText(object value) {
            if (value is bool) {
                return (bool)value ? "1" : "0";
            }
            if (value is long) {
                return ((long)value).ToString(CultureInfo.InvariantCulture);
            }
            string text = ((JsonNumber)value).Text;
            return text.TrimStart('-').All(char.IsDigit) ? text : null;
        }

        private static double Fraction(object value) {
            string text = WholeText(value) ?? ((JsonNumber)value).Text;
            switch (text) {
                case "NaN":
                    return double.NaN;
                case "Infinity":
                    return double.PositiveInfinity;
                case "-Infinity":
                    return double.NegativeInfinity;
                default:
                    double number;
                    bool fits = double.TryParse(
                        text, NumberStyles.Float, CultureInfo.InvariantCulture, out number);
                    return fits ? number : double.NaN;  // .NET Framework has no more digits
            }
        }
    }
}
