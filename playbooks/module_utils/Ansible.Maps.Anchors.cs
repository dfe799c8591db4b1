// The certificates of a private authority.

using System;
using System.IO;
using System.Linq;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using Ansible.Maps.Redaction;

namespace Ansible.Maps.Anchors {
    /// <summary>A CA file that cannot be used; the words name it, and why.</summary>
    public sealed class UnusableAnchors : Exception {
        public UnusableAnchors(string file, string why)
            : base("the CA file " + file + " cannot be used: " + why) {
        }
    }

    /// <summary>The certificates of a PEM bundle, which are trusted beside the system's.</summary>
    public sealed class TrustAnchors {
        private static readonly Regex Block = new Regex(
            "-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\\s]+)-----END CERTIFICATE-----");

        public readonly X509Certificate2Collection All = new X509Certificate2Collection();

        /// <summary>Read them from a file; none without one. UnusableAnchors.</summary>
        public TrustAnchors(string file) {
            if (string.IsNullOrEmpty(file)) {
                return;
            }
            foreach (Match block in Block.Matches(Text(file))) {
                All.Add(Loaded(file, block.Groups[1].Value));
            }
            if (All.Count == 0) {
                throw new UnusableAnchors(file, "no certificate in it");
            }
        }

        /// <summary>Whether one is among them, to the byte.</summary>
        public bool Contain(X509Certificate2 certificate) {
            return All.Cast<X509Certificate2>().Any(
                anchor => anchor.RawData.SequenceEqual(certificate.RawData));
        }

        private static string Text(string file) {
            try {
                return File.ReadAllText(file, Encoding.UTF8);
            } catch (FileNotFoundException) {
                throw new UnusableAnchors(file, "No such file or directory");
            } catch (DirectoryNotFoundException) {
                throw new UnusableAnchors(file, "No such file or directory");
            } catch (UnauthorizedAccessException) {
                throw new UnusableAnchors(file, "Permission denied");
            } catch (IOException error) {
                throw new UnusableAnchors(file, Redacted.OneLine(error.Message, 200));
            }
        }

        private static X509Certificate2 Loaded(string file, string base64) {
            try {
#if CORECLR
#pragma warning disable SYSLIB0057  // .NET 9 has another way, which .NET 8 does not know
#endif
                return new X509Certificate2(Convert.FromBase64String(base64));
#if CORECLR
#pragma warning restore SYSLIB0057
#endif
            } catch (FormatException) {
                throw new UnusableAnchors(file, "a certificate in it is damaged");
            } catch (CryptographicException) {
                throw new UnusableAnchors(file, "a certificate in it is damaged");
            }
        }
    }
}
