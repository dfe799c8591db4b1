// The test email: what it says of itself, whoever sends it. Twin of maps_message.py.

using System;
using System.Collections.Generic;
using System.Net;

namespace Ansible.Maps.Message {
    /// <summary>The message for a conversation.</summary>
    public static class TestMessage {
        /// <summary>
        /// `server`: an entry, for its name, host and port. `document`: generation and fingerprint
        /// of the document that the host sends with, as one text, or null.
        /// </summary>
        public static Dictionary<string, object> Of(Dictionary<string, object> server, string sender,
                string recipient, string runId, string document) {
            object name = server["server_name"];
            return new Dictionary<string, object>(StringComparer.Ordinal) {
                { "from", sender },
                { "to", recipient },
                { "subject", "Test email of the MAPS email server \"" + name + "\"" },
                { "body", Body(server, runId, document) },
                { "headers", Headers(runId) },
            };
        }

        private static Dictionary<string, object> Headers(string runId) {
            return new Dictionary<string, object>(StringComparer.Ordinal) {
                { "X-Maps-Provisioner-Run", runId },
                { "Auto-Submitted", "auto-generated" },  // RFC 3834: no out-of-office answer to this
            };
        }

        private static string Body(Dictionary<string, object> server, string runId, string document) {
            string which = string.IsNullOrEmpty(document) ? "" : "Document:  " + document + "\n";
            return "This test email went through the MAPS email server \"" + server["server_name"]
                + "\",\nwith the settings and the sign-in that are declared for it.\n"
                + "\n"
                + "Server:    " + server["host"] + ":" + server["port"] + "\n"
                + "Sent from: " + Dns.GetHostName() + "\n"
                + "Run:       " + runId + "\n"
                + which
                + "\n"
                + "It was sent by maps-provisioner and not by MAPS: it proves the\n"
                + "settings and the sign-in, not MAPS itself. No answer is needed.\n";
        }
    }
}
