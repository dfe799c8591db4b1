// win_maps_test_email for ModuleRun.cs.

using System.Collections.Generic;
using Ansible.Maps.Answer;
using Ansible.Maps.TestEmail;

public static class Module {
    public static ModuleAnswer Run(
        Dictionary<string, object> arguments,
        bool checkMode,
        Dictionary<string, object> restart
    ) {
        return TestEmailModule.Run(arguments, checkMode);
    }
}
