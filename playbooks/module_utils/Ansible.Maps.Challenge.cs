// What a server's challenge (reply 334) says.

using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;
using Ansible.Maps.Json;
using Ansible.Maps.Redaction;

namespace Ansible.Maps.Challenge {
    /// <summary>The text after a 334.</summary>
    public static class ChallengeText {
        private static readonly Regex Base64 = new Regex(@"^[A-Za-z0-9+/]*={0,2}\z");

        private static readonly Encoding Utf8 = new UTF8Encoding(false, true);

        /// <summary>Its bytes; none if it is no base64 to the letter.</summary>
        public static byte[] Decoded(string text) {
            bool whole = text.Length % 4 == 0 && Base64.IsMatch(text);
            return whole ? Convert.FromBase64String(text) : new byte[0];
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
