// Programs of a Windows host, each in a job object, so that a time-out ends all that it has started.

using System;
using System.Collections.Generic;
using System.Linq;
using System.Runtime.InteropServices;
using System.Text;
using Ansible.Maps.Files;
using Ansible.Maps.Processes;
using Ansible.Maps.Quoting;
using Ansible.Maps.WindowsCalls;
using Ansible.Maps.WindowsFiles;

namespace Ansible.Maps.WindowsProcesses {
    public sealed class WindowsHostProcesses : IProcesses {
        private const string NoBatchFile = "Windows hands a batch file to cmd.exe, which reads its "
            + "arguments in another way: name a program, e.g. powershell.exe with -NoProfile, -File "
            + "and a script";

        public IRunningProcess Start(string[] argv, IFileLock held) {
            if (CommandLine.IsBatchFile(argv[0])) {
                throw new FileFault("enoexec", NoBatchFile, argv[0], null);
            }
            return new WindowsProcess(CommandLine.Of(argv), argv[0], (WindowsFileLock)held);
        }

        /// <summary>
        /// Those of consoles and of programs without Unicode:
        /// https://learn.microsoft.com/en-us/windows/win32/intl/code-page-identifiers
        /// </summary>
        public IList<Encoding> OtherEncodings {
            get {
#if CORECLR
                // Without it .NET knows hardly any.
                Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
#endif
                uint[] pages = { Native.GetOEMCP(), Native.GetACP() };
                return pages.Select(page => Encoding.GetEncoding((int)page)).ToList();
            }
        }
    }

    /// <summary>
    /// A process that belongs to a job before its first instruction: it is created suspended. The job
    /// kills nothing when it is closed: a module that is killed leaves its command behind.
    /// https://learn.microsoft.com/en-us/windows/win32/procthread/job-objects
    /// </summary>
    internal sealed class WindowsProcess : IRunningProcess {
        private const uint KilledCode = 1, Patience = 10000;

        private readonly string program;
        private readonly WindowsHandle job, process, output;

        internal WindowsProcess(string commandLine, string program, WindowsFileLock held) {
            this.program = program;
            job = Native.CreateJobObjectW(IntPtr.Zero, null);
            Check(!job.IsInvalid);
            using (SecurityAttributes inherited = new SecurityAttributes(null, true)) {
                WindowsHandle written;
                Check(Native.CreatePipe(out output, out written, inherited, 0));
                using (written)  // or its end would never be read here
                using (WindowsHandle nothing = Nothing(inherited)) {
                    Check(Native.SetHandleInformation(output, Native.Inherited, 0));
                    ProcessInformation created = Created(commandLine, nothing, written);
                    process = new WindowsHandle(created.Process);
                    using (WindowsHandle thread = new WindowsHandle(created.Thread)) {
                        Begin(thread, held);
                    }
                }
            }
        }

        public int Read(byte[] piece) {
            uint count;
            if (Native.ReadFile(output, piece, (uint)piece.Length, out count, IntPtr.Zero)) {
                return (int)count;
            }
            int error = Marshal.GetLastWin32Error();
            if (error != WindowsFault.BrokenPipe) {
                throw WindowsFault.Of(error, program);
            }
            output.Dispose();
            return 0;
        }

        public int ExitCode {
            get {
                int code;
                Check(Native.GetExitCodeProcess(process, out code));
                return code;
            }
        }

        public bool Wait(TimeSpan time) {
            uint milliseconds = (uint)Math.Min(time.TotalMilliseconds, int.MaxValue);
            uint ended = Native.WaitForSingleObject(process, milliseconds);
            Check(ended != Native.WaitFailed);
            return ended != Native.WaitTimedOut;
        }

        public void KillAll() {
            Check(Native.TerminateJobObject(job, KilledCode));
            Native.WaitForSingleObject(process, Patience);
        }

        /// <summary>
        /// What still runs in the job goes on: it may be MAPS itself. So does the reading of what
        /// that says; whoever reads its end closes the pipe, since a handle that is being read
        /// cannot be closed beside.
        /// </summary>
        public void Dispose() {
            process.Dispose();
            job.Dispose();
        }

        private WindowsHandle Nothing(SecurityAttributes inherited) {
            WindowsHandle nothing = Native.CreateFileW("NUL", Native.GenericRead, Native.ShareAll,
                inherited, Native.OpenExisting, 0, IntPtr.Zero);
            Check(!nothing.IsInvalid);
            return nothing;
        }

        private ProcessInformation Created(string line, WindowsHandle input, WindowsHandle said) {
            StartupInformation startup = new StartupInformation {
                Length = Marshal.SizeOf(typeof(StartupInformation)),
                Flags = Native.UseStandardHandles,
                Input = input.DangerousGetHandle(),
                Output = said.DangerousGetHandle(),
                Error = said.DangerousGetHandle(),
            };
            ProcessInformation created;
            Check(Native.CreateProcessW(null, new StringBuilder(line), IntPtr.Zero, IntPtr.Zero, true,
                Native.SuspendedWithoutWindow, IntPtr.Zero, null, ref startup, out created));
            return created;
        }

        private void Begin(WindowsHandle thread, WindowsFileLock held) {
            try {
                if (held != null) {
                    held.LendTo(process);
                }
                Check(Native.AssignProcessToJobObject(job, process));
                Check(Native.ResumeThread(thread) != -1);
            } catch (FileFault) {
                Native.TerminateProcess(process, KilledCode);
                throw;
            }
        }

        private void Check(bool succeeded) {
            if (!succeeded) {
                throw WindowsFault.OfLastCall(program);
            }
        }
    }
}
