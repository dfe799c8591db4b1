// Whether a server's certificate is accepted: its chain by the system or a PEM file, its name by RFC 9525.
//NoWarn -Name SYSLIB0057 -CLR Core

using System;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;

namespace Ansible.Maps.Certificate {
    /// <summary>The check of one connection's certificate.</summary>
    public sealed class CertificateCheck {
        private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1", AlternativeNames = "2.5.29.17";
        private const X509ChainStatusFlags Unanchored = X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain;

        private static readonly Regex Block = new Regex(
            "-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\\s]+)-----END CERTIFICATE-----");

        private readonly string host;
        private readonly X509Certificate2Collection anchors = new X509Certificate2Collection();

        /// <summary>For a host, by the system's anchors and those of a PEM file, if any. Throws what
        /// File and the decoder throw.</summary>
        public CertificateCheck(string host, string file) {
            this.host = host;
            if (string.IsNullOrEmpty(file)) { return; }
            foreach (Match block in Block.Matches(File.ReadAllText(file))) {
                anchors.Add(new X509Certificate2(Convert.FromBase64String(block.Groups[1].Value)));
            }
            if (anchors.Count == 0) { throw new FormatException(); }
        }

        /// <summary>Why it is not accepted.</summary>
        public string Problem { get; private set; }

        /// <summary>Not the absence of a problem: the callback may be left out.</summary>
        public bool Accepted { get; private set; }

        /// <summary>As RemoteCertificateValidationCallback. The system's judgement is not asked: it knows no
        /// further anchors, takes a common name, and may say nothing of an unknown authority.</summary>
        public bool Accept(object sender, X509Certificate shown, X509Chain sent, SslPolicyErrors errors) {
            try {
                Problem = shown == null ? "the server showed none" : ProblemOf(new X509Certificate2(shown), sent);
            } catch (Exception) {  // of the system's decoders or of ours: not accepted, either way
                Problem = "it cannot be read";
            }
            return Accepted = Problem == null;
        }

        // What Build returns is not used: each element's flags are. Revocation is not asked, as Python
        // does not: it takes requests to other hosts.
        private string ProblemOf(X509Certificate2 leaf, X509Chain sent) {
            using (X509Chain chain = new X509Chain()) {
                chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
                chain.ChainPolicy.UrlRetrievalTimeout = TimeSpan.FromSeconds(1);
                chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ServerAuthentication));
                chain.ChainPolicy.ExtraStore.AddRange(anchors);
                if (sent != null) {
                    chain.ChainPolicy.ExtraStore.AddRange(sent.ChainPolicy.ExtraStore);
                }
                chain.Build(leaf);
                X509ChainStatusFlags flags = Joined(chain.ChainStatus);
                bool anchored = false;
                foreach (X509ChainElement element in chain.ChainElements) {
                    string problem = ProblemOf(element, leaf);
                    if (problem != null) { return problem; }
                    flags |= Joined(element.ChainElementStatus);
                    anchored |= anchors.Cast<X509Certificate2>()
                        .Any(one => one.RawData.SequenceEqual(element.Certificate.RawData));
                }
                flags = anchored ? flags & ~Unanchored : flags;
                if (flags != X509ChainStatusFlags.NoError) {
                    return (flags & ~Unanchored) == 0 ? "unknown authority" : flags.ToString();
                }
            }
            return Fits(leaf, host) ? null : "for another name than " + host;
        }

        private static X509ChainStatusFlags Joined(X509ChainStatus[] all) {
            return all.Aggregate(X509ChainStatusFlags.NoError, (sum, one) => sum | one.Status);
        }

        // What some systems do not see: OpenSSL, Windows, Wine and Mono each look at other things.
        private static string ProblemOf(X509ChainElement element, X509Certificate2 leaf) {
            X509Certificate2 shown = element.Certificate;
            if ((Joined(element.ChainElementStatus) & X509ChainStatusFlags.NotTimeValid) != 0) {
                return shown.NotBefore > DateTime.Now ? "not yet valid" : "expired";
            }
            X509EnhancedKeyUsageExtension usage = shown.Extensions.OfType<X509EnhancedKeyUsageExtension>().FirstOrDefault();
            if (usage != null && !usage.EnhancedKeyUsages.Cast<Oid>().Any(one => one.Value == ServerAuthentication)) {
                return "not for servers";
            }
            X509BasicConstraintsExtension limits = shown.Extensions.OfType<X509BasicConstraintsExtension>().FirstOrDefault();
            // A root of version 1 cannot have it.
            bool signs = limits == null ? shown.Version < 3 && shown.Subject == shown.Issuer : limits.CertificateAuthority;
            return signs || shown.Thumbprint == leaf.Thumbprint ? null : "an issuer that is not an authority";
        }

        /// <summary>Whether it is for a host, a name in ASCII or an address: never by common name.</summary>
        private static bool Fits(X509Certificate2 leaf, string host) {
            X509Extension names = leaf.Extensions.Cast<X509Extension>().FirstOrDefault(one => one.Oid.Value == AlternativeNames);
            int place = 0, tag;
            byte[] all = names == null ? new byte[0] : Element(names.RawData, ref place, out tag);
            IPAddress address;
            bool isAddress = IPAddress.TryParse(host, out address);
            for (place = 0; place < all.Length;) {
                byte[] name = Element(all, ref place, out tag);
                if (isAddress ? tag == 0x87 && name.SequenceEqual(address.GetAddressBytes())
                        : tag == 0x82 && Matches(Encoding.ASCII.GetString(name), host)) {
                    return true;
                }
            }
            return false;
        }

        /// <summary>Whether a dNSName fits. A star is the whole left-most label, and not right below a
        /// top-level domain: RFC 9525 section 6.3.</summary>
        public static bool Matches(string name, string host) {
            int label = host.IndexOf('.');
            string tail = label > 0 ? host.Substring(label) : "";
            return string.Equals(name, host, StringComparison.OrdinalIgnoreCase)
                || (tail.LastIndexOf('.') > 0 && string.Equals(name, "*" + tail, StringComparison.OrdinalIgnoreCase));
        }

        // DER: tag, length, content.
        private static byte[] Element(byte[] data, ref int place, out int tag) {
            tag = data[place++];
            int length = data[place++];
            if (length >= 0x80) {
                int octets = length - 0x80;
                for (length = 0; octets > 0; octets--) {
                    length = checked(length * 256 + data[place++]);
                }
            }
            if (length > data.Length - place) { throw new CryptographicException(); }
            place += length;
            return data.Skip(place - length).Take(length).ToArray();
        }
    }
}
