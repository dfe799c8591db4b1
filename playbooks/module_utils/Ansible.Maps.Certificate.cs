// Whether a server's certificate is accepted: its chain by Windows, its name by RFC 6125.

using System;
using System.Collections.Generic;
using System.Linq;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Ansible.Maps.Anchors;
using Ansible.Maps.CertificateName;

namespace Ansible.Maps.Certificate {

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
            X509ChainStatusFlags flags;
            using (X509Chain chain = new X509Chain()) {
                SetPolicy(chain.ChainPolicy, sent);
                chain.Build(certificate);  // what it returns knows no further anchors: the flags do
                bool anchored = chain.ChainElements.Cast<X509ChainElement>().Any(
                    element => anchors.Contain(element.Certificate));
                flags = anchored ? Flags(chain) & ~Unanchored : Flags(chain);
            }
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
}
