// What DIGEST-MD5 and CRAM-MD5 answer: RFC 2831, RFC 2195. Twin of a part of maps_sasl.py.

using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Ansible.Maps.Utf8;

namespace Ansible.Maps.Digest {
    /// <summary>The mechanism cannot go on. The text names no secret.</summary>
    public sealed class SaslException : Exception {
        public SaslException(string words) : base(words) {
        }
    }

    /// <summary>The client's answer to one DIGEST-MD5 challenge.</summary>
    public sealed class DigestAnswer {
        private static readonly Regex Directive =
            new Regex("([A-Za-z-]+)\\s*=\\s*(?:\"((?:[^\"\\\\]|\\\\.)*)\"|([^\\s,\"]+))");

        private readonly string user, password, uri, realm, nonce, cnonce;

        public DigestAnswer(string user, string password, string uri,
                Dictionary<string, string> fields, string cnonce) {
            this.user = user;
            this.password = password;
            this.uri = uri;
            this.cnonce = cnonce;
            nonce = fields["nonce"];
            realm = fields.ContainsKey("realm") ? fields["realm"] : "";
        }

        /// <summary>The directives of a challenge; SaslException if it cannot be answered.</summary>
        public static Dictionary<string, string> Challenge(byte[] challenge) {
            Dictionary<string, string> fields = Parsed(LenientUtf8.Decoded(challenge));
            if (!fields.ContainsKey("nonce")) {
                throw new SaslException("the server's DIGEST-MD5 challenge has no nonce");
            }
            string offered = fields.ContainsKey("qop") ? fields["qop"] : "auth";
            if (!offered.Split(new[] { ',', ' ' }).Contains("auth")) {
                throw new SaslException("the server's DIGEST-MD5 challenge does not offer qop=auth");
            }
            return fields;
        }

        /// <summary>`realm="a",nonce="b"` as names and values; the first of several counts.</summary>
        public static Dictionary<string, string> Parsed(string text) {
            Dictionary<string, string> found = new Dictionary<string, string>();
            foreach (Match match in Directive.Matches(text)) {
                string name = match.Groups[1].Value.ToLowerInvariant();
                string quoted = Regex.Replace(match.Groups[2].Value, "\\\\(.)", "$1");
                if (!found.ContainsKey(name)) {
                    found[name] = quoted.Length > 0 ? quoted : match.Groups[3].Value;
                }
            }
            return found;
        }

        /// <summary>The response: of "AUTHENTICATE" the client's, of "" the server's.</summary>
        public string Response(string method) {
            byte[] identity = Md5.Of(Bytes(user + ":" + realm + ":" + password));
            byte[] tail = Bytes(":" + nonce + ":" + cnonce);
            string a1 = Md5.Hex(Md5.Of(identity.Concat(tail).ToArray()));
            string a2 = Md5.Hex(Md5.Of(Bytes(method + ":" + uri)));
            string middle = string.Join(":", a1, nonce, "00000001", cnonce, "auth", a2);
            return Md5.Hex(Md5.Of(Bytes(middle)));
        }

        /// <summary>The answer as it is sent.</summary>
        public string Directives() {
            return "username=" + Quoted(user) + ",realm=" + Quoted(realm) + ",nonce=" + Quoted(nonce)
                + ",cnonce=" + Quoted(cnonce) + ",digest-uri=" + Quoted(uri)
                + ",charset=utf-8,nc=00000001,qop=auth,response=" + Response("AUTHENTICATE");
        }

        private static string Quoted(string value) {
            return "\"" + value.Replace("\\", "\\\\").Replace("\"", "\\\"") + "\"";
        }

        private static byte[] Bytes(string text) {
            return Encoding.UTF8.GetBytes(text);
        }
    }

    /// <summary>MD5 as the RFCs ask for it; a host in FIPS mode may not have it.</summary>
    public static class Md5 {
        private const int Block = 64;

        public static byte[] Of(byte[] data) {
            try {
                using (MD5 hash = MD5.Create()) {
                    return hash.ComputeHash(data);
                }
            } catch (Exception) {  // InvalidOperationException, or that inside of another one
                throw new SaslException(
                    "this host forbids MD5 (FIPS mode), so the mechanism cannot be spoken");
            }
        }

        /// <summary>HMAC-MD5: RFC 2104 section 2.</summary>
        public static byte[] Keyed(byte[] key, byte[] data) {
            byte[] padded = new byte[Block];
            byte[] shortened = key.Length > Block ? Of(key) : key;
            shortened.CopyTo(padded, 0);
            byte[] inner = Of(padded.Select(one => (byte)(one ^ 0x36)).Concat(data).ToArray());
            return Of(padded.Select(one => (byte)(one ^ 0x5c)).Concat(inner).ToArray());
        }

        public static string Hex(byte[] data) {
            return string.Concat(data.Select(one => one.ToString("x2")));
        }
    }
}
