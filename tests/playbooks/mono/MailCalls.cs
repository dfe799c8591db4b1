// Calls about the mail: the conversation and its parts.

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Net.Sockets;
using System.Text;
using Ansible.Maps.Answer;
using Ansible.Maps.CertificateName;
using Ansible.Maps.Challenge;
using Ansible.Maps.Digest;
using Ansible.Maps.Message;
using Ansible.Maps.Mime;
using Ansible.Maps.Network;
using Ansible.Maps.OAuth;
using Ansible.Maps.PostCheck;
using Ansible.Maps.Resolver;
using Ansible.Maps.Sasl;
using Ansible.Maps.Smtp;
using Ansible.Maps.TestEmail;
using Ansible.Maps.Utf8;

public static class MailCalls {
    public static object Call(string name, Dictionary<string, object> arguments) {
        switch (name) {
            case "mail.converse":
                return SmtpConversation.Hold(
                    Members(arguments["account"]), Members(arguments["message"]), Seconds(arguments));
            case "mail.prove_refresh":
                return TokenRefresh.Proven(
                    Members(arguments["entry"]), (string)arguments["ca_file"], Seconds(arguments));
            case "mail.delivered":
                return Check(arguments).Delivered(Members(arguments["entry"]),
                    Members(arguments["before"]), (bool)arguments["refreshable"]);
            case "mail.given_back":
                return Check(arguments).GivenBack(
                    Members(arguments["entry"]), (string)arguments["refresh_at"]);
            case "mail.module":
                return Module(Members(arguments["parameters"]), (bool)arguments["check_mode"]);
            case "mail.text":
                return Text(new MailText(
                    Members(arguments["message"]), (string)arguments["client_name"]));
            case "mail.test_message":
                return TestMessage.Of(
                    Members(arguments["server"]), (string)arguments["sender"],
                    (string)arguments["recipient"], (string)arguments["run_id"],
                    (string)arguments["document"]);
            case "mail.exchange":
                return Exchange(arguments);
            case "mail.digest":
                return Digest(arguments);
            case "mail.challenge":
                return Encoded(ChallengeText.Decoded((string)arguments["text"]));
            case "mail.utf8":
                return LenientUtf8.Decoded(Decoded(arguments["data"]));
            case "mail.name_matches":
                return CertificateNames.Matches(
                    (string)arguments["name"], (string)arguments["host"]);
            case "mail.resolver_failure":
                return Failure(arguments);
            default:
                throw new ArgumentException("there is no call " + name);
        }
    }

    private static HostPostCheck Check(Dictionary<string, object> arguments) {
        return new HostPostCheck(
            Members(arguments["mails"]), (string)arguments["run_id"], (string)arguments["document"],
            (string)arguments["ca_file"], Seconds(arguments));
    }

    private static object Module(Dictionary<string, object> parameters, bool checkMode) {
        ModuleAnswer answer = TestEmailModule.Run(parameters, checkMode);
        return new Dictionary<string, object> {
            { "changed", answer.Changed },
            { "sealed", answer.Sealed() },
            { "failed", answer.Failure != "" },
        };
    }

    private static double Seconds(Dictionary<string, object> arguments) {
        return double.Parse(arguments["seconds"].ToString(), CultureInfo.InvariantCulture);
    }

    private static Dictionary<string, object> Members(object value) {
        return (Dictionary<string, object>)value;
    }

    private static object Text(MailText mail) {
        return new Dictionary<string, object> {
            { "message_id", mail.MessageId },
            { "data", Encoded(mail.Bytes) },
        };
    }

    // The answers to a list of challenges, the first of which is null; null at the end: no more.
    private static object Exchange(Dictionary<string, object> arguments) {
        SaslMechanism steps = new SaslMechanism(
            (string)arguments["mechanism"], (string)arguments["user"], (string)arguments["secret"],
            (string)arguments["host"], (long)arguments["port"]);
        List<object> answers = new List<object>();
        foreach (object challenge in (List<object>)arguments["challenges"]) {
            byte[] answer;
            bool goes = steps.Goes(Decoded(challenge), out answer);
            answers.Add(new List<object> { goes, Encoded(answer) });
        }
        return answers;
    }

    private static object Digest(Dictionary<string, object> arguments) {
        return new DigestAnswer(
            (string)arguments["user"], (string)arguments["password"], (string)arguments["uri"],
            DigestAnswer.Parsed((string)arguments["challenge"]), (string)arguments["cnonce"]
        ).Response((string)arguments["method"]);
    }

    // What is said of a host, given the resolver's error and the status of DnsQuery.
    private static object Failure(Dictionary<string, object> arguments) {
        NoAddress failure = HostNames.Failure(
            (SocketError)Enum.Parse(typeof(SocketError), (string)arguments["code"]),
            NameServers.IsDenial((int)(long)arguments["status"]), (string)arguments["words"]);
        return new List<object> { failure.Unknown, failure.Message };
    }

    private static byte[] Decoded(object base64) {
        return base64 == null ? null : Convert.FromBase64String((string)base64);
    }

    private static string Encoded(byte[] data) {
        return data == null ? null : Convert.ToBase64String(data);
    }
}
