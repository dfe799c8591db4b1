// Runs a module of maps-provisioner as PowerShell would, on POSIX: one JSON object in, one out.
//
//   in:  {"given": {...}, "json": [names], "check_mode": ..., "restart": {"code", "output", "log"}}
//   out: {"changed": ..., "failure": ..., "maps_sealed": ...}

using System;
using System.Collections;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Text;
using Ansible.Maps.Answer;
using Ansible.Maps.Arguments;
using Ansible.Maps.Host;
using Ansible.Maps.Json;

public static class ModuleRun {
    public static int Main() {
        HostFiles.Current = new PosixFiles();
        HostProcesses.Current = new PosixProcesses();
        Stream input = Console.OpenStandardInput(), output = Console.OpenStandardOutput();
        string text = new StreamReader(input, new UTF8Encoding(false)).ReadToEnd();
        Dictionary<string, object> call = (Dictionary<string, object>)JsonText.Parse(text);
        string[] json = ((List<object>)call["json"]).Cast<string>().ToArray();
        Dictionary<string, object> arguments = ModuleArguments.Of(Given(call["given"]), json);
        ModuleAnswer answer = Module.Run(
            arguments,
            (bool)call["check_mode"],
            (Dictionary<string, object>)call["restart"]
        );
        Dictionary<string, object> said = new Dictionary<string, object> {
            { "changed", answer.Changed },
            { "failure", answer.Failure },
            { "maps_sealed", answer.Sealed() },
        };
        byte[] bytes = Encoding.ASCII.GetBytes(JsonText.Compact(said, false));
        output.Write(bytes, 0, bytes.Length);
        return 0;
    }

    // As Ansible.Basic has them: a Hashtable, whole numbers as int, List<object>.
    private static Hashtable Given(object given) {
        Hashtable table = new Hashtable();
        foreach (KeyValuePair<string, object> pair in (Dictionary<string, object>)given) {
            object value = pair.Value;
            table[pair.Key] = value is long ? (int)(long)value : value;
        }
        return table;
    }
}
