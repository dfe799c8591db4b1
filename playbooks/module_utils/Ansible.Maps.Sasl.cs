// SASL mechanisms as conversations: each says what to send next and is told the challenge. Twin of
// maps_sasl.py.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using Ansible.Maps.Digest;
using Ansible.Maps.Utf8;

namespace Ansible.Maps.Sasl {
    /// <summary>One conversation of a mechanism.</summary>
    public sealed class SaslMechanism {
        // What a security level may be spoken with, best first. auto_detect depends on TLS: below.
        private static readonly Dictionary<string, string[]> Known = new Dictionary<string, string[]> {
            { "login", new[] { "LOGIN" } },
            { "plain", new[] { "PLAIN" } },
            { "cram_md5", new[] { "CRAM-MD5" } },
            { "digest_md5", new[] { "DIGEST-MD5" } },
            { "oauth2", new[] { "XOAUTH2", "OAUTHBEARER" } },
        };
        private static readonly string[] InTheClearSafe = { "CRAM-MD5", "DIGEST-MD5" };
        private static readonly string[] OnlyOverTlsSafe = { "PLAIN", "LOGIN" };

        private readonly string user, secret, host;
        private readonly long port;
        private readonly IEnumerator<byte[]> steps;
        private byte[] challenge;

        public SaslMechanism(string mechanism, string user, string secret, string host, long port) {
            this.user = user;
            this.secret = secret;
            this.host = host;
            this.port = port;
            steps = Steps(mechanism).GetEnumerator();
        }

        /// <summary>The mechanism to speak at a level, or null if none that is offered fits.</summary>
        public static string Choose(string level, ICollection<string> offered, bool overTls) {
            return Fitting(level, overTls).FirstOrDefault(offered.Contains);
        }

        /// <summary>
        /// Whether there is something to send after a challenge (null at first), and then what.
        /// A first answer of null: the server speaks first.
        /// </summary>
        public bool Goes(byte[] received, out byte[] answer) {
            challenge = received;
            bool goes = steps.MoveNext();
            answer = goes ? steps.Current : null;
            return goes;
        }

        private static IEnumerable<string> Fitting(string level, bool overTls) {
            if (level != "auto_detect") {
                return Known[level];
            }
            return overTls ? OnlyOverTlsSafe.Concat(InTheClearSafe)
                : InTheClearSafe.Concat(OnlyOverTlsSafe);
        }

        private IEnumerable<byte[]> Steps(string mechanism) {
            switch (mechanism) {
                case "XOAUTH2":
                    return XOAuth2();
                case "OAUTHBEARER":
                    return OAuthBearer();
                case "PLAIN":
                    return Plain();
                case "LOGIN":
                    return Login();
                case "CRAM-MD5":
                    return CramMd5();
                case "DIGEST-MD5":
                    return DigestMd5();
                default:
                    throw new ArgumentException("no such mechanism: " + mechanism);
            }
        }

        // https://developers.google.com/workspace/gmail/imap/xoauth2-protocol: a challenge is the
        // error as JSON, and it is answered by an empty line; the final reply comes only then.
        private IEnumerable<byte[]> XOAuth2() {
            yield return Bytes("user=" + user + "\u0001auth=Bearer " + secret + "\u0001\u0001");
            yield return new byte[0];
        }

        // RFC 7628 section 3.1; section 3.2.3: the error challenge is answered by a lone %x01.
        private IEnumerable<byte[]> OAuthBearer() {
            string name = user.Replace("=", "=3D").Replace(",", "=2C");
            yield return Bytes("n,a=" + name + ",\u0001host=" + host + "\u0001port="
                + port.ToString(CultureInfo.InvariantCulture) + "\u0001auth=Bearer " + secret
                + "\u0001\u0001");
            yield return new byte[] { 1 };
        }

        // RFC 4616
        private IEnumerable<byte[]> Plain() {
            yield return Bytes("\0" + user + "\0" + secret);
        }

        // draft-murchison-sasl-login: the prompts vary, their order does not.
        private IEnumerable<byte[]> Login() {
            yield return null;
            yield return Bytes(user);
            yield return Bytes(secret);
        }

        // RFC 2195
        private IEnumerable<byte[]> CramMd5() {
            yield return null;
            yield return Bytes(user + " " + Md5.Hex(Md5.Keyed(Bytes(secret), challenge)));
        }

        // RFC 2831 section 2.1
        private IEnumerable<byte[]> DigestMd5() {
            yield return null;
            DigestAnswer answer = new DigestAnswer(
                user, secret, "smtp/" + host, DigestAnswer.Challenge(challenge), Nonce());
            yield return Bytes(answer.Directives());
            string proof;
            DigestAnswer.Parsed(LenientUtf8.Decoded(challenge)).TryGetValue("rspauth", out proof);
            if (proof != answer.Response("")) {
                throw new SaslException("the server could not prove that it knows the password");
            }
            yield return new byte[0];
        }

        private static string Nonce() {
            byte[] random = new byte[16];
            using (RandomNumberGenerator source = RandomNumberGenerator.Create()) {
                source.GetBytes(random);
            }
            return Md5.Hex(random);
        }

        private static byte[] Bytes(string text) {
            return Encoding.UTF8.GetBytes(text);
        }
    }
}
