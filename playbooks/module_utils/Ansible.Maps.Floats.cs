// Floats in Python's spelling. The framework's own reading and writing of them is not exact before
// .NET Core 3.0, so both are done in whole numbers here.

using System;
using System.Globalization;
using System.Linq;
using Ansible.Maps.Digits;
using Ansible.Maps.Natural;

namespace Ansible.Maps.Floats {
    /// <summary>repr(float(text)).</summary>
    public static class FloatText {
        private const int Bits = 53, LeastExponent = -1074;
        private const long Hidden = 1L << (Bits - 1);
        private const int DigitsThatCount = 800;  // no tie between two doubles has more

        public static string Spelled(string text) {
            string sign = text[0] == '-' ? "-" : "";
            string[] parts = text.TrimStart('-').Split('e', 'E');
            string[] sides = parts[0].Split('.');
            string fraction = sides.Length > 1 ? sides[1] : "";
            long exponent = (parts.Length > 1 ? Bounded(parts[1]) : 0) - fraction.Length;
            return sign + Spelled((sides[0] + fraction).TrimStart('0'), exponent);
        }

        /// <summary>An exponent, or one of its sign that is out of all bounds.</summary>
        private static long Bounded(string text) {
            long exponent;
            if (text.Length < 12) {
                text = text.TrimStart('+');
                return long.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            }
            string digits = text.TrimStart('+', '-').TrimStart('0');
            bool small = long.TryParse(digits.Length == 0 ? "0" : digits, NumberStyles.None,
                CultureInfo.InvariantCulture, out exponent) && exponent < 1000000000000;
            exponent = small ? exponent : 1000000000000;
            return text[0] == '-' ? -exponent : exponent;
        }

        // digits * 10^exponent
        private static string Spelled(string digits, long exponent) {
            if (digits.Length == 0 || digits.Length + exponent < -330) {
                return "0.0";
            }
            if (digits.Length + exponent > 310) {
                return "Infinity";
            }
            if (digits.Length > DigitsThatCount) {
                exponent += digits.Length - DigitsThatCount - 1;
                bool more = digits.Substring(DigitsThatCount).Any(digit => digit != '0');
                digits = digits.Substring(0, DigitsThatCount) + (more ? "1" : "0");
            }
            return Nearest(BigNatural.Parsed(digits), (int)exponent);
        }

        /// <summary>The double mantissa * 2^power next to the number, the even one of two.</summary>
        private static string Nearest(BigNatural number, int exponent) {
            BigNatural above = number.TimesPowerOfTen(Math.Max(exponent, 0));
            BigNatural below = new BigNatural(1).TimesPowerOfTen(Math.Max(-exponent, 0));
            int power = above.BitLength - below.BitLength - Bits;  // 2^52 < mantissa < 2^54
            long mantissa = Quotient(above, below, Math.Max(power, LeastExponent));
            if (mantissa >= 2 * Hidden) {
                power++;
                mantissa = Quotient(above, below, Math.Max(power, LeastExponent));
            }
            return mantissa == 0 ? "0.0" : Shortest(mantissa, Math.Max(power, LeastExponent));
        }

        // above / below / 2^power, rounded; it is less than 2^54.
        private static long Quotient(BigNatural above, BigNatural below, int power) {
            above = above.ShiftedLeft(Math.Max(-power, 0));
            below = below.ShiftedLeft(Math.Max(power, 0));
            BigNatural divisor = below.ShiftedLeft(Bits + 1);
            long quotient = 0;
            for (int bit = 0; bit <= Bits; bit++) {
                above = above.ShiftedLeft(1);
                bool one = above.CompareTo(divisor) >= 0;
                above = one ? above.Minus(divisor) : above;
                quotient = 2 * quotient + (one ? 1 : 0);
            }
            int rest = above.ShiftedLeft(1).CompareTo(divisor);
            return quotient + (rest > 0 || (rest == 0 && quotient % 2 == 1) ? 1 : 0);
        }

        /// <summary>The fewest digits that read as this double, as Python shows them.</summary>
        private static string Shortest(long mantissa, int power) {
            if (mantissa == 2 * Hidden) {
                mantissa = Hidden;
                power++;
            }
            if (mantissa >= Hidden && power > 971) {
                return "Infinity";
            }
            ShortestDigits digits = new ShortestDigits(mantissa, power, LeastExponent, Hidden);
            return Placed(digits.Digits, digits.Point);
        }

        // Python: a float has an exponent below 1e-4 and from 1e16 on.
        private static string Placed(string digits, int point) {
            if (point <= -4 || point > 16) {
                string rest = digits.Length > 1 ? "." + digits.Substring(1) : "";
                string sign = point > 0 ? "e+" : "e-";
                return digits[0] + rest + sign
                    + Math.Abs(point - 1).ToString("00", CultureInfo.InvariantCulture);
            }
            if (point <= 0) {
                return "0." + new string('0', -point) + digits;
            }
            if (point >= digits.Length) {
                return digits + new string('0', point - digits.Length) + ".0";
            }
            return digits.Substring(0, point) + "." + digits.Substring(point);
        }
    }
}
