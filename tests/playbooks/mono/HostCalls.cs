// Calls about the program itself: what the tests of its Python side need.

using System;
using System.Collections.Generic;
using System.Threading;
using Ansible.Maps.Refusal;

public static class HostCalls {
    public static object Call(string name, Dictionary<string, object> arguments) {
        switch (name) {
            case "host.echo":
                return arguments;
            case "host.refuse":
                throw new HostRefusal((string)arguments["reason"], (string)arguments["message"]);
            case "host.fail":
                throw new InvalidOperationException((string)arguments["message"]);
            case "host.sleep":
                Thread.Sleep((int)(long)arguments["milliseconds"]);
                return null;
            case "host.exit":
                Console.Error.WriteLine("exiting as told");
                Environment.Exit((int)(long)arguments["code"]);
                return null;
            case "host.die_at":
                Libc.EndAt((int)(long)arguments["half"], Libc.Die);
                return null;
            case "host.stopped_at":
                return StoppedCall.At((int)(long)arguments["half"], arguments);
            case "host.umask":
                return (long)Libc.umask((uint)(long)arguments["mask"]);
            default:
                throw new ArgumentException("there is no call " + name);
        }
    }
}
