// win_maps_email_servers for ModuleRun.cs; the service is a file that says who was restarted.

using System.Collections.Generic;
using System.IO;
using Ansible.Maps.Answer;
using Ansible.Maps.Command;
using Ansible.Maps.EmailServers;

public static class Module {
    public static ModuleAnswer Run(
        Dictionary<string, object> arguments,
        bool checkMode,
        Dictionary<string, object> restart
    ) {
        return EmailServersModule.Run(arguments, checkMode, (service, timeout) => {
            File.AppendAllText((string)restart["log"], service + " within " + timeout + " s\n");
            return new Ended((int)(long)restart["code"], (string)restart["output"], true);
        });
    }
}
