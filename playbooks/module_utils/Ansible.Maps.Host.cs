// What this host is: Windows, unless the tests have said otherwise.

using Ansible.Maps.Files;
using Ansible.Maps.Processes;
using Ansible.Maps.WindowsFiles;
using Ansible.Maps.WindowsProcesses;

namespace Ansible.Maps.Host {
    /// <summary>The files of this host.</summary>
    public static class HostFiles {
        public static IFiles Current = new WindowsHostFiles();
    }

    /// <summary>The programs of this host.</summary>
    public static class HostProcesses {
        public static IProcesses Current = new WindowsHostProcesses();
    }
}
