// The fewest digits that tell a float from its neighbours.

using System;
using System.Text;
using Ansible.Maps.Natural;

namespace Ansible.Maps.Digits {
    /// <summary>
    /// The algorithm of Burger and Dybvig: https://doi.org/10.1145/231379.231397 (figure 1). The
    /// number is 0.DIGITS * 10^Point.
    /// </summary>
    internal sealed class ShortestDigits {
        private BigNatural rest, whole, above, below;  // of the number; its distance to half-way
        private readonly bool even;

        public ShortestDigits(long mantissa, int power, int leastPower, long leastMantissa) {
            even = mantissa % 2 == 0;
            bool uneven = mantissa == leastMantissa && power > leastPower;
            int doubled = uneven ? 2 : 1;
            rest = new BigNatural((ulong)mantissa).ShiftedLeft(Math.Max(power, 0) + doubled);
            whole = new BigNatural(1).ShiftedLeft(Math.Max(-power, 0) + doubled);
            below = new BigNatural(1).ShiftedLeft(Math.Max(power, 0));
            above = below.ShiftedLeft(doubled - 1);
            Scale();
            Digits = Generated();
        }

        public string Digits { get; private set; }

        public int Point { get; private set; }

        private void Scale() {
            for (; Reaches(rest, above); Point++) {
                whole = whole.Times(10);
            }
            for (; !Reaches(rest.Times(10), above.Times(10)); Point--) {
                MultiplyByTen();
            }
        }

        private bool Reaches(BigNatural number, BigNatural distance) {
            int compared = number.Plus(distance).CompareTo(whole);
            return compared > 0 || (even && compared == 0);
        }

        private void MultiplyByTen() {
            rest = rest.Times(10);
            above = above.Times(10);
            below = below.Times(10);
        }

        private string Generated() {
            StringBuilder digits = new StringBuilder();
            while (true) {
                MultiplyByTen();
                int digit = 0;
                for (; rest.CompareTo(whole) >= 0; digit++) {
                    rest = rest.Minus(whole);
                }
                int low = rest.CompareTo(below);
                bool enough = low < 0 || (even && low == 0), tooMuch = Reaches(rest, above);
                if (enough || tooMuch) {
                    return digits.Append((char)('0' + Last(digit, enough, tooMuch))).ToString();
                }
                digits.Append((char)('0' + digit));
            }
        }

        private int Last(int digit, bool enough, bool tooMuch) {
            if (enough != tooMuch) {
                return enough ? digit : digit + 1;
            }
            int half = rest.ShiftedLeft(1).CompareTo(whole);
            return half > 0 || (half == 0 && digit % 2 == 1) ? digit + 1 : digit;
        }
    }
}
