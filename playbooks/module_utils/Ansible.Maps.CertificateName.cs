// The names that a server's certificate is for: RFC 6125, RFC 9525.

using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Ansible.Maps.CertificateName {
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
