// Whether a server's certificate is accepted: its chain by Windows, its name by RFC 6125.

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using Ansible.Maps.Redaction;

namespace Ansible.Maps.Certificate {
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

    /// <summary>The check of one connection's certificate. Problem says why it is not accepted.</summary>
    public sealed class CertificateCheck {
        private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
        private const X509ChainStatusFlags Unanchored =
            X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain;

        private readonly string host;
        private readonly TrustAnchors anchors;

        public CertificateCheck(string host, TrustAnchors anchors) {
            this.host = host;
            this.anchors = anchors;
        }

        public string Problem { get; private set; }

        /// <summary>As RemoteCertificateValidationCallback. The system's own judgement of the chain
        /// and the name is not asked: it knows no further anchors, and takes a common name.</summary>
        public bool Accept(object sender, X509Certificate certificate, X509Chain sent,
                SslPolicyErrors errors) {
            try {
                Problem = certificate == null ? "the server showed none"
                    : ProblemOf(new X509Certificate2(certificate), sent);
            } catch (Exception) {  // of the system's decoders or of ours: not accepted, either way
                Problem = "it cannot be read";
            }
            return Problem == null;
        }

        private string ProblemOf(X509Certificate2 certificate, X509Chain sent) {
            string problem = ChainProblem(certificate, sent);
            if (problem != null) {
                return problem;
            }
            return CertificateNames.Fit(certificate, host) ? null : CertificateNames.Mismatch(host);
        }

        private string ChainProblem(X509Certificate2 certificate, X509Chain sent) {
            X509Chain chain = new X509Chain();
            SetPolicy(chain.ChainPolicy, sent);
            chain.Build(certificate);  // what it returns knows no further anchors: the flags do
            X509ChainStatusFlags flags = Flags(chain);
            bool anchored = chain.ChainElements.Cast<X509ChainElement>().Any(
                element => anchors.Contain(element.Certificate));
            flags = anchored ? flags & ~Unanchored : flags;
            if (flags != X509ChainStatusFlags.NoError) {
                return Words(flags, certificate);
            }
            return ServesServers(certificate) ? null : "unsuitable certificate purpose";
        }

        // Revocation is not asked, as Python does not ask: it takes requests to other hosts, which
        // a MAPS server behind a firewall cannot send.
        private void SetPolicy(X509ChainPolicy policy, X509Chain sent) {
            policy.RevocationMode = X509RevocationMode.NoCheck;
            policy.UrlRetrievalTimeout = TimeSpan.FromSeconds(5);
            policy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
            policy.ExtraStore.AddRange(anchors.All);
            if (sent == null) {
                return;
            }
            policy.ExtraStore.AddRange(sent.ChainPolicy.ExtraStore);
            foreach (X509ChainElement element in sent.ChainElements) {
                policy.ExtraStore.Add(element.Certificate);
            }
        }

        private static X509ChainStatusFlags Flags(X509Chain chain) {
            IEnumerable<X509ChainStatus> all = chain.ChainElements.Cast<X509ChainElement>()
                .SelectMany(element => element.ChainElementStatus).Concat(chain.ChainStatus);
            return all.Aggregate(X509ChainStatusFlags.NoError, (sum, one) => sum | one.Status);
        }

        // ApplicationPolicy says so as well; Mono does not read it.
        private static bool ServesServers(X509Certificate2 certificate) {
            X509EnhancedKeyUsageExtension usage =
                certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().FirstOrDefault();
            return usage == null || usage.EnhancedKeyUsages.Cast<Oid>().Any(
                one => one.Value == ServerAuthentication);
        }

        private static string Words(X509ChainStatusFlags flags, X509Certificate2 certificate) {
            if ((flags & X509ChainStatusFlags.NotTimeValid) != 0) {
                return certificate.NotBefore > DateTime.Now
                    ? "certificate is not yet valid" : "certificate has expired";
            }
            if ((flags & ~Unanchored) == 0) {
                return "unable to get local issuer certificate";
            }
            return flags.ToString();
        }
    }

    /// <summary>The names that a certificate is for: dNSName and iPAddress, never its common name.</summary>
    public static class CertificateNames {
        private const string AlternativeNames = "2.5.29.17";
        private const int DnsName = 0x82, IpAddress = 0x87, Sequence = 0x30;

        /// <summary>Whether it is for this host, a name in ASCII or an address.</summary>
        public static bool Fit(X509Certificate2 certificate, string host) {
            X509Extension found = certificate.Extensions.Cast<X509Extension>()
                .FirstOrDefault(extension => extension.Oid.Value == AlternativeNames);
            if (found == null) {
                return false;
            }
            IPAddress address;
            bool isAddress = IPAddress.TryParse(host, out address);
            return Entries(found.RawData).Any(entry => isAddress
                ? entry.Key == IpAddress && entry.Value.SequenceEqual(address.GetAddressBytes())
                : entry.Key == DnsName && Matches(Encoding.ASCII.GetString(entry.Value), host));
        }

        /// <summary>Whether a host is meant by a name of a certificate: RFC 6125 section 6.4.</summary>
        public static bool Matches(string name, string host) {
            if (string.Equals(name, host, StringComparison.OrdinalIgnoreCase)) {
                return true;
            }
            // The whole left-most label only, and never one right below a top-level domain.
            int label = host.IndexOf('.');
            string tail = label > 0 ? host.Substring(label) : "";
            return name.StartsWith("*.", StringComparison.Ordinal) && tail.LastIndexOf('.') > 0
                && string.Equals(name.Substring(1), tail, StringComparison.OrdinalIgnoreCase);
        }

        public static string Mismatch(string host) {
            IPAddress address;
            string kind = IPAddress.TryParse(host, out address) ? "IP address" : "Hostname";
            return kind + " mismatch, certificate is not valid for '" + host + "'";
        }

        // GeneralNames of RFC 5280 section 4.2.1.6, as DER: a sequence of tag, length, content.
        private static IEnumerable<KeyValuePair<int, byte[]>> Entries(byte[] data) {
            int place = 0;
            KeyValuePair<int, byte[]> whole = Element(data, ref place);
            List<KeyValuePair<int, byte[]>> entries = new List<KeyValuePair<int, byte[]>>();
            for (place = 0; whole.Key == Sequence && place < whole.Value.Length;) {
                entries.Add(Element(whole.Value, ref place));
            }
            return entries;
        }

        private static KeyValuePair<int, byte[]> Element(byte[] data, ref int place) {
            int tag = Next(data, ref place), length = Next(data, ref place);
            if (length > 0x80) {
                int octets = length - 0x80;
                length = 0;
                for (; octets > 0; octets--) {
                    length = checked(length * 256 + Next(data, ref place));
                }
            }
            if (length > data.Length - place) {
                throw new CryptographicException("a certificate's name is cut off");
            }
            place += length;
            return new KeyValuePair<int, byte[]>(tag,
                data.Skip(place - length).Take(length).ToArray());
        }

        private static int Next(byte[] data, ref int place) {
            if (place >= data.Length) {
                throw new CryptographicException("a certificate's name is cut off");
            }
            return data[place++];
        }
    }
}
