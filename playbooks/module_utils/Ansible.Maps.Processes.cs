// Starting a program on a host, and ending all that it has started: the seam between AdminCommand
// and what Windows does. The tests put a POSIX twin there.

using System;
using System.Collections.Generic;
using System.Text;
using Ansible.Maps.Files;

namespace Ansible.Maps.Processes {
    public interface IProcesses {
        /// <summary>
        /// Start a program, without a shell, with nothing to read, and with one pipe for what it
        /// says. `held`: a lock that it holds beside us while it runs; null: none. FileFault: enoent
        /// if there is no such program, else why it cannot be started.
        /// </summary>
        IRunningProcess Start(string[] argv, IFileLock held);

        /// <summary>How programs here may write what is not ASCII, besides as UTF-8.</summary>
        IList<Encoding> OtherEncodings { get; }
    }

    public interface IRunningProcess : IDisposable {
        /// <summary>
        /// The next bytes of its standard output and standard error; 0 once nobody can write there.
        /// </summary>
        int Read(byte[] piece);

        /// <summary>Once it has ended.</summary>
        int ExitCode { get; }

        /// <summary>Whether it has ended within that time.</summary>
        bool Wait(TimeSpan time);

        /// <summary>Kill it and all that it has started, and see it end.</summary>
        void KillAll();
    }
}
