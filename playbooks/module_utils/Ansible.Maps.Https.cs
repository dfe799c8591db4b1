// One POST of a form over HTTP/1.1: no redirect is followed, no proxy asked, the answer is bounded.
// .NET has no request of its own that both of its families know without a warning.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Net;
using System.Text;
using Ansible.Maps.Anchors;
using Ansible.Maps.Connection;
using Ansible.Maps.Http;
using Ansible.Maps.Network;

namespace Ansible.Maps.Https {
    /// <summary>A form to be posted.</summary>
    public sealed class FormPost {
        private readonly Uri url;
        private readonly byte[] form;
        private readonly string authorization;

        /// <summary>`authorization`: the header's value, or null.</summary>
        public FormPost(Uri url, IEnumerable<KeyValuePair<string, string>> fields, string authorization) {
            this.url = url;
            this.authorization = authorization;
            form = Encoding.ASCII.GetBytes(string.Join("&", fields.Select(
                field => Quoted(field.Key) + "=" + Quoted(field.Value))));
        }

        /// <summary>
        /// The answer, within `limit` as a whole. NoAddress, LostConnection, TlsFailure, NotHttp.
        /// </summary>
        public WebAnswer Sent(TrustAnchors anchors, TimeLimit limit) {
            IPAddress[] addresses = HostNames.Addresses(url.DnsSafeHost, limit);
            using (ServerConnection connection = ServerConnection.To(addresses, url.Port, limit)) {
                if (url.Scheme == Uri.UriSchemeHttps) {
                    connection.Secure(url.DnsSafeHost, anchors);
                }
                connection.Write(Head().Concat(form).ToArray());
                return new AnswerReader(connection).Answer();
            }
        }

        private byte[] Head() {
            List<string> lines = new List<string> {
                "POST " + url.PathAndQuery + " HTTP/1.1",
                "Host: " + Place(),
                "User-Agent: maps-provisioner",
                "Accept: application/json",
                "Accept-Encoding: identity",
                "Content-Type: application/x-www-form-urlencoded",
                "Content-Length: " + form.Length.ToString(CultureInfo.InvariantCulture),
                "Connection: close",
            };
            if (authorization != null) {
                lines.Add("Authorization: " + authorization);
            }
            return Encoding.ASCII.GetBytes(string.Join("\r\n", lines) + "\r\n\r\n");
        }

        private string Place() {
            string host = url.HostNameType == UriHostNameType.IPv6
                ? "[" + url.DnsSafeHost + "]" : HostNames.Ascii(url.DnsSafeHost);
            return url.IsDefaultPort ? host
                : host + ":" + url.Port.ToString(CultureInfo.InvariantCulture);
        }

        /// <summary>As application/x-www-form-urlencoded has it: urllib.parse.quote_plus().</summary>
        public static string Quoted(string text) {
            return string.Concat(Encoding.UTF8.GetBytes(text).Select(Quoted));
        }

        private static string Quoted(byte one) {
            bool plain = (one >= 'a' && one <= 'z') || (one >= 'A' && one <= 'Z')
                || (one >= '0' && one <= '9') || "_.-~".IndexOf((char)one) >= 0;
            if (plain || one == ' ') {
                return one == ' ' ? "+" : ((char)one).ToString();
            }
            return "%" + one.ToString("X2", CultureInfo.InvariantCulture);
        }
    }
}
