// Natural numbers of any size: System.Numerics is no assembly that a module may count on.

using System;
using System.Collections.Generic;

namespace Ansible.Maps.Natural {
    /// <summary>A natural number, and the little that is asked of one.</summary>
    public sealed class BigNatural : IComparable<BigNatural> {
        private readonly List<uint> limbs;  // the least first, and the greatest is not zero

        public BigNatural(ulong value) : this(new List<uint> { (uint)value, (uint)(value >> 32) }) {
        }

        private BigNatural(List<uint> limbs) {
            while (limbs.Count > 0 && limbs[limbs.Count - 1] == 0) {
                limbs.RemoveAt(limbs.Count - 1);
            }
            this.limbs = limbs;
        }

        /// <summary>How many bits it has without leading zeros.</summary>
        public int BitLength {
            get {
                int bits = 32 * Math.Max(limbs.Count - 1, 0);
                for (uint top = limbs.Count > 0 ? limbs[limbs.Count - 1] : 0; top != 0; top >>= 1) {
                    bits++;
                }
                return bits;
            }
        }

        public static BigNatural Parsed(string digits) {
            BigNatural number = new BigNatural(0);
            foreach (char digit in digits) {
                number = number.TimesAndPlus(10, (uint)(digit - '0'));
            }
            return number;
        }

        public BigNatural Times(uint factor) {
            return TimesAndPlus(factor, 0);
        }

        public BigNatural TimesPowerOfTen(int exponent) {
            BigNatural number = this;
            for (; exponent > 0; exponent--) {
                number = number.Times(10);
            }
            return number;
        }

        public BigNatural Plus(BigNatural other) {
            List<uint> sum = new List<uint>();
            ulong carry = 0;
            for (int place = 0; place < Math.Max(limbs.Count, other.limbs.Count); place++) {
                carry += (ulong)Limb(place) + other.Limb(place);
                sum.Add((uint)carry);
                carry >>= 32;
            }
            sum.Add((uint)carry);
            return new BigNatural(sum);
        }

        /// <summary>The difference; `other` is not greater.</summary>
        public BigNatural Minus(BigNatural other) {
            List<uint> difference = new List<uint>();
            long carry = 0;
            for (int place = 0; place < limbs.Count; place++) {
                carry += (long)Limb(place) - other.Limb(place);
                difference.Add((uint)(carry & uint.MaxValue));
                carry >>= 32;
            }
            return new BigNatural(difference);
        }

        public BigNatural ShiftedLeft(int bits) {
            List<uint> shifted = new List<uint>(new uint[bits / 32]);
            shifted.AddRange(Times(1u << (bits % 32)).limbs);
            return new BigNatural(shifted);
        }

        public int CompareTo(BigNatural other) {
            int place = Math.Max(limbs.Count, other.limbs.Count) - 1;
            while (place > 0 && Limb(place) == other.Limb(place)) {
                place--;
            }
            return Limb(place).CompareTo(other.Limb(place));
        }

        private uint Limb(int place) {
            return place >= 0 && place < limbs.Count ? limbs[place] : 0;
        }

        private BigNatural TimesAndPlus(uint factor, uint added) {
            List<uint> product = new List<uint>(limbs.Count + 1);
            ulong carry = added;
            foreach (uint limb in limbs) {
                carry += (ulong)limb * factor;
                product.Add((uint)carry);
                carry >>= 32;
            }
            product.Add((uint)carry);
            return new BigNatural(product);
        }
    }
}
