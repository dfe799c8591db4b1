// Whether a refresh works from this host: MAPS will have to do the same in an hour. Twin of
// maps_oauth.py.

using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Text.RegularExpressions;
using Ansible.Maps.Anchors;
using Ansible.Maps.Document;
using Ansible.Maps.Http;
using Ansible.Maps.Https;
using Ansible.Maps.Json;
using Ansible.Maps.Network;

namespace Ansible.Maps.OAuth {
    /// <summary>The trial of an entry's refresh token.</summary>
    public static class TokenRefresh {
        private static readonly string[] Loopback = { "localhost", "127.0.0.1", "::1" };
        private static readonly Encoding Utf8 = new UTF8Encoding(false, true);

        // RFC 6749 section 5.2; anything else (temporarily_unavailable, slow_down) passes by itself.
        private static readonly string[] Wrong = {
            "invalid_client", "invalid_grant", "invalid_request", "invalid_scope",
            "unauthorized_client", "unsupported_grant_type", "interaction_required",
            "login_required", "consent_required",
        };
        private static readonly Regex Error = new Regex(@"\A[A-Za-z0-9_.:-]{1,60}\z");
        private static readonly Regex VendorCode = new Regex(@"\bAADSTS[0-9]{4,9}\b");

        /// <summary>
        /// Ask the token endpoint for a new access token, and throw the answer away. Only for
        /// providers that leave the old refresh token valid. outcome is proven, wrong, unreachable
        /// or inconclusive; stage "refresh"; error, code and http_status as far as known.
        /// </summary>
        public static Dictionary<string, object> Proven(
                Dictionary<string, object> entry, string caFile, double timeout) {
            string token;
            return Refreshed(entry, caFile, timeout, out token);
        }

        /// <summary>The same, and the new access token (null without one), which nobody writes
        /// down.</summary>
        public static Dictionary<string, object> Refreshed(
                Dictionary<string, object> entry, string caFile, double timeout, out string token) {
            token = null;
            Uri url;
            bool known = Uri.TryCreate(HostDocument.RefreshEndpoint(entry) as string, UriKind.Absolute, out url);
            if (!known || !MayCarrySecrets(url)) {
                return Fact("wrong", "insecure_token_url");
            }
            WebAnswer answer;
            try {
                answer = Post(url, entry).Sent(new TrustAnchors(caFile), new TimeLimit(timeout));
            } catch (UnusableAnchors) {
                return Fact("wrong", "ca_file");
            } catch (NoAddress failure) {
                return failure.Unknown ? Fact("wrong", "unknown_host") : Fact("unreachable");
            } catch (TlsFailure failure) {
                return failure.Certificate ? Fact("wrong", "certificate") : Fact("unreachable");
            } catch (LostConnection) {
                return Fact("unreachable");
            } catch (NotHttp) {
                return Fact("unreachable");
            }
            return Judged(answer.Status, Parsed(answer.Body), out token);
        }

        private static bool MayCarrySecrets(Uri url) {
            return url.Scheme == Uri.UriSchemeHttps
                || (url.Scheme == Uri.UriSchemeHttp && Loopback.Contains(url.DnsSafeHost));
        }

        // RFC 6749 section 6, with the client as section 2.3.1 has it.
        private static FormPost Post(Uri url, Dictionary<string, object> entry) {
            Dictionary<string, string> fields = new Dictionary<string, string> {
                { "grant_type", "refresh_token" },
                { "refresh_token", Text(entry, "token", "refresh_token") },
            };
            if (Text(entry, "scope_for_token") != "") {
                fields["scope"] = Text(entry, "scope_for_token");
            }
            string client = Text(entry, "client_id"), secret = Text(entry, "client_secret");
            string method = Text(entry, "token", "token_endpoint_auth_method");
            if (method == "client_secret_basic") {
                string pair = FormPost.Quoted(client) + ":" + FormPost.Quoted(secret);
                return new FormPost(url, fields,
                    "Basic " + Convert.ToBase64String(Encoding.ASCII.GetBytes(pair)));
            }
            fields["client_id"] = client;
            if (secret != "" && method != "none") {
                fields["client_secret"] = secret;
            }
            return new FormPost(url, fields, null);
        }

        private static string Text(Dictionary<string, object> entry, params string[] path) {
            return HostDocument.At(entry, new[] { "oauth2" }.Concat(path).ToArray()) as string ?? "";
        }

        private static Dictionary<string, object> Parsed(byte[] answer) {
            object content = null;
            try {
                content = JsonText.Parse(Utf8.GetString(answer));
            } catch (FormatException) {
                content = null;
            } catch (ArgumentException) {  // no UTF-8
                content = null;
            }
            return content as Dictionary<string, object> ?? new Dictionary<string, object>();
        }

        private static Dictionary<string, object> Judged(
                int status, Dictionary<string, object> content, out string token) {
            string granted = HostDocument.At(content, "access_token") as string;
            token = status == 200 && !string.IsNullOrEmpty(granted) ? granted : null;
            if (token != null) {
                return Fact("proven", null, null, status);
            }
            string error = HostDocument.At(content, "error") as string;
            error = error != null && Error.IsMatch(error) ? error : null;
            string description = HostDocument.At(content, "error_description") as string ?? "";
            Match vendor = VendorCode.Match(description);
            string outcome = Wrong.Contains(error) && status < 500 ? "wrong" : "inconclusive";
            return Fact(outcome, error, vendor.Success ? vendor.Value : null, status);
        }

        private static Dictionary<string, object> Fact(
                string outcome, string error = null, string code = null, int? status = null) {
            return new Dictionary<string, object>(StringComparer.Ordinal) {
                { "outcome", outcome },
                { "stage", "refresh" },
                { "error", error },
                { "code", code },
                { "http_status", status.HasValue ? (object)(long)status.Value : null },
            };
        }
    }
}
