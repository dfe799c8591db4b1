// What a server's challenge (reply 334) says.

using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Ansible.Maps.Json;
using Ansible.Maps.Redaction;

namespace Ansible.Maps.Challenge {
    /// <summary>The text after a 334.</summary>
    public static class ChallengeText {
        private const string Alphabet =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

        private static readonly Encoding Utf8 = new UTF8Encoding(false, true);

        /// <summary>Its bytes; none if it is no base64. What is not of the alphabet is passed over, as
        /// Python does.</summary>
        public static byte[] Decoded(string text) {
            string digits = string.Concat(Significant(text));
            int padding = digits.Length % 4 == 0 ? 0 : 4 - digits.Length % 4;
            bool whole = padding == 0 || (padding < 3 && text.Count(one => one == '=') >= padding);
            return whole ? Convert.FromBase64String(digits + new string('=', padding)) : new byte[0];
        }

        // Up to the padding that ends it.
        private static IEnumerable<char> Significant(string text) {
            int count = 0, padding = 0;
            foreach (char one in text) {
                if (one == '=' && count % 4 >= 2 && count % 4 + ++padding >= 4) {
                    yield break;
                }
                if (Alphabet.IndexOf(one) >= 0) {
                    count++;
                    padding = 0;
                    yield return one;
                }
            }
        }

        /// <summary>The error that a provider puts there (RFC 7628 section 3.2.2), strings only; null
        /// if there is none.</summary>
        public static Dictionary<string, object> Error(byte[] challenge) {
            Dictionary<string, object> content;
            try {
                content = JsonText.Parse(Utf8.GetString(challenge)) as Dictionary<string, object>;
            } catch (FormatException) {
                return null;
            } catch (ArgumentException) {  // no UTF-8
                return null;
            }
            if (content == null) {
                return null;
            }
            Dictionary<string, object> error = new Dictionary<string, object>(StringComparer.Ordinal);
            foreach (KeyValuePair<string, object> member in content.Take(10)) {
                string words = member.Value as string ?? JsonText.Compact(member.Value, false);
                error[Redacted.OneLine(member.Key, 40)] = Redacted.OneLine(words, 300);
            }
            return error;
        }
    }
}
