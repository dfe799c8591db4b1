// The C# of the Windows modules as a program for the tests: a line of JSON in, a line of JSON out.
//
//   {"call": "json.compact", "arguments": {...}}
//   {"result": ...} or {"refusal": {"reason": ..., "message": ...}} or {"error": "FormatException"}
//
// What an error is about goes to standard error. It ends when its input does.

using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Ansible.Maps.Host;
using Ansible.Maps.Json;
using Ansible.Maps.Refusal;

public static class MapsHost {
    // What is before the dot of a call's name -> who answers it.
    private static readonly Dictionary<string, Func<string, Dictionary<string, object>, object>>
        Areas = new Dictionary<string, Func<string, Dictionary<string, object>, object>> {
            { "host", HostCalls.Call },
            { "mail", MailCalls.Call },
            { "json", GroundCalls.Call },
            { "names", GroundCalls.Call },
            { "redaction", GroundCalls.Call },
            { "sealed", GroundCalls.Call },
            { "document", GroundCalls.Call },
            { "windows", GroundCalls.Call },
            { "store", StoreCalls.Call },
        };

    public static int Main() {
        HostFiles.Current = new PosixFiles();
        HostProcesses.Current = new PosixProcesses();
        Stream input = Console.OpenStandardInput(), output = Console.OpenStandardOutput();
        using (StreamReader calls = new StreamReader(input, new UTF8Encoding(false))) {
            for (string line = calls.ReadLine(); line != null; line = calls.ReadLine()) {
                byte[] answer = Encoding.ASCII.GetBytes(JsonText.Compact(Answer(line), false) + "\n");
                output.Write(answer, 0, answer.Length);
                output.Flush();
            }
        }
        return 0;
    }

    private static Dictionary<string, object> Answer(string line) {
        try {
            return Said("result", Called((Dictionary<string, object>)JsonText.Parse(line)));
        } catch (HostRefusal refusal) {
            Dictionary<string, object> words = Said("reason", refusal.Reason);
            words["message"] = refusal.Message;
            return Said("refusal", words);
        } catch (Exception error) {
            Console.Error.WriteLine(error);
            return Said("error", error.GetType().Name);
        }
    }

    public static object Called(Dictionary<string, object> call) {
        string name = (string)call["call"];
        string area = name.Substring(0, name.IndexOf('.'));
        if (!Areas.ContainsKey(area)) {
            throw new ArgumentException("nobody answers " + name + ": see the list in MapsHost.cs");
        }
        return Areas[area](name, (Dictionary<string, object>)call["arguments"]);
    }

    private static Dictionary<string, object> Said(string name, object value) {
        return new Dictionary<string, object> { { name, value } };
    }
}
