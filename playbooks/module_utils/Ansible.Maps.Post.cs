// One form to a token endpoint over https: no redirect, no proxy, a bounded answer.

using System;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;
using Ansible.Maps.Connection;
using Ansible.Maps.Masking;

namespace Ansible.Maps.Post {
    /// <summary>RFC 6749 section 6, and of the answer what may be seen. HTTP is our own: no client of
    /// .NET Framework 4.6.2 has a deadline that a slow server cannot put off.</summary>
    public static class Form {
        private const int Longest = 65536;

        private static readonly Regex Url = new Regex("\\A[!-~]+\\z");

        public static Dictionary<string, object> Post(IDictionary given, Redaction secrets) {
            Dictionary<string, object> said = new Dictionary<string, object> {
                { "done", false }, { "status", null }, { "body", null }, { "error", null }, { "about", null },
            };
            try {
                Uri url = Place((string)given["url"]);
                double timeout = Convert.ToDouble(given["timeout"], CultureInfo.InvariantCulture);
                using (ServerConnection connection = new ServerConnection(url.DnsSafeHost, timeout)) {
                    connection.Open(connection.Resolve(), url.Port);
                    if (url.Scheme == "https") {
                        connection.Secure((string)given["ca_file"]);
                    }
                    connection.Write(Request(url, given, secrets));
                    int status;
                    byte[] body = Body(connection, out status);
                    said["status"] = status;
                    said["done"] = status == 200;
                    said["body"] = Shown(Tokens.Bytes.GetString(body), given, secrets);
                }
            } catch (Ended ended) {
                said["error"] = ended.Word;
                said["about"] = ended.About == null ? null : secrets.Line(ended.About, 200);
            }
            return said;
        }

        // It carries secrets: in the clear only to this machine itself.
        private static Uri Place(string text) {
            Uri url;
            if (!Url.IsMatch(text) || !Uri.TryCreate(text, UriKind.Absolute, out url)) {
                throw new Ended("unsendable", "url");
            }
            string[] loopback = { "localhost", "127.0.0.1", "::1" };
            if (url.Scheme != "https" && !(url.Scheme == "http" && loopback.Contains(url.DnsSafeHost))) {
                throw new Ended("no_https");
            }
            return url;
        }

        private static byte[] Request(Uri url, IDictionary given, Redaction secrets) {
            IDictionary fields = (IDictionary)given["fields"];
            string form = string.Join("&", fields.Keys.Cast<object>().Select(one => Quoted(one) + "=" + Quoted(fields[one])));
            List<string> lines = new List<string> {
                "POST " + url.PathAndQuery + " HTTP/1.1", "Host: " + url.Authority, "Accept: application/json",
                "Accept-Encoding: identity", "Connection: close",
                "Content-Type: application/x-www-form-urlencoded", "Content-Length: " + form.Length };
            IList basic = (IList)given["basic"];
            if (basic != null) {  // RFC 6749 section 2.3.1
                string pair = Quoted(basic[0]) + ":" + Quoted(basic[1]);
                string encoded = Convert.ToBase64String(Encoding.ASCII.GetBytes(pair));
                secrets.Add(encoded);
                lines.Add("Authorization: Basic " + encoded);
            }
            return Encoding.ASCII.GetBytes(string.Join("\r\n", lines) + "\r\n\r\n" + form);
        }

        private static string Quoted(object text) {
            return Redaction.Url(Encoding.UTF8.GetBytes((string)text), "X2").Replace("%20", "+");
        }

        // RFC 9112; a 100 Continue is no answer yet. All heads together are bounded.
        private static byte[] Body(ServerConnection connection, out int status) {
            int size = 0;
            Dictionary<string, string> fields;
            do {
                string line = Head(connection, ref size);
                Match first = Regex.Match(line, "\\AHTTP/1\\.[01] ([1-5][0-9][0-9])(?: |\\z)");
                if (!first.Success) { throw new Ended("no_http", "status line"); }
                status = int.Parse(first.Groups[1].Value, CultureInfo.InvariantCulture);
                fields = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
                while ((line = Head(connection, ref size)) != "") {
                    string[] parts = line.Split(new[] { ':' }, 2);
                    fields[parts[0]] = parts.Last().Trim();
                }
            } while (status < 200);
            MemoryStream body = new MemoryStream();
            if (fields.ContainsKey("Transfer-Encoding")) {
                long chunk;
                while (body.Length < Longest && (chunk = Number(
                    Head(connection, ref size).Split(';')[0].Trim(), NumberStyles.AllowHexSpecifier)) > 0) {
                    Copy(connection, body, chunk);
                    if (body.Length < Longest) {
                        Head(connection, ref size);
                    }
                }
            } else if (status != 204 && status != 304) {
                bool known = fields.ContainsKey("Content-Length");
                try {
                    Copy(connection, body, known ? Number(fields["Content-Length"], NumberStyles.None) : Longest);
                } catch (Ended ended) {
                    if (ended.Word != "closed") { throw; }
                }
            }
            return body.ToArray();
        }

        private static string Head(ServerConnection connection, ref int size) {
            byte[] line = connection.Line();
            if ((size += line.Length + 1) > Longest) { throw new Ended("too_long", "head"); }
            return Tokens.Bytes.GetString(line).TrimEnd('\r');
        }

        private static int Number(string text, NumberStyles style) {
            int number;
            if (!int.TryParse(text, style, CultureInfo.InvariantCulture, out number) || number < 0) {
                throw new Ended("no_http", "length");
            }
            return number;
        }

        private static void Copy(ServerConnection connection, MemoryStream body, long count) {
            for (count = Math.Min(count, Longest - body.Length); count > 0;) {
                byte[] some = connection.Some((int)count);
                body.Write(some, 0, some.Length);
                count -= some.Length;
            }
        }

        private static string Shown(string text, IDictionary given, Redaction secrets) {
            ISet<string> keys = Tokens.Quoted(((IEnumerable)given["keys"]).Cast<string>());
            ISet<string> shown = Tokens.Quoted(((IEnumerable)given["shown"]).Cast<string>());
            string masked = Tokens.ReplaceHidden(text, keys, shown, token => "\"***\"");
            return masked == null ? null : secrets.Line(Encoding.UTF8.GetString(Tokens.Bytes.GetBytes(masked)), 4000);
        }
    }
}
