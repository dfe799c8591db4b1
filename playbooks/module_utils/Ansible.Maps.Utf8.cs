// UTF-8 from outside, as Python's decode("utf-8", "replace") reads it. How many U+FFFD stand for a
// damaged character differs between .NET Framework, .NET and Mono.

using System.Text;

namespace Ansible.Maps.Utf8 {
    /// <summary>Text that may be damaged.</summary>
    public static class LenientUtf8 {
        private const char Damaged = '\ufffd';

        /// <summary>The text of some bytes; of what is no UTF-8, U+FFFD for each part that could
        /// have begun a character: https://www.unicode.org/versions/latest/ section 3.9.</summary>
        public static string Decoded(byte[] data) {
            StringBuilder text = new StringBuilder(data.Length);
            for (int place = 0; place < data.Length;) {
                int needed = Needed(data[place]), length = Valid(data, place, needed);
                if (length == needed) {
                    text.Append(Encoding.UTF8.GetString(data, place, length));
                } else {
                    text.Append(Damaged);
                }
                place += length > 0 ? length : 1;
            }
            return text.ToString();
        }

        // How many bytes a character has that begins so; -1: none does.
        private static int Needed(byte first) {
            if (first < 0x80) {
                return 1;
            }
            if (first < 0xc2 || first > 0xf4) {
                return -1;
            }
            return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
        }

        // How many of them are there, from the first one on: table 3-7 of the same section.
        private static int Valid(byte[] data, int place, int needed) {
            int count = needed < 0 ? 0 : 1;
            while (count < needed && place + count < data.Length
                    && Continues(data[place], data[place + count], count)) {
                count++;
            }
            return count;
        }

        private static bool Continues(byte first, byte next, int count) {
            int least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
            int most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
            return count > 1 ? next >= 0x80 && next <= 0xbf : next >= least && next <= most;
        }
    }
}
