// Programs of a Windows host, each in a job object, so that a time-out ends all that it has started.

using System;
using System.IO;
using System.IO.Pipes;
using System.Runtime.InteropServices;
using System.Text;
using Ansible.Maps.Files;
using Ansible.Maps.Processes;
using Ansible.Maps.Quoting;
using Ansible.Maps.WindowsCalls;

namespace Ansible.Maps.WindowsProcesses {
    public sealed class WindowsHostProcesses : IProcesses {
        private const string NoBatchFile = "Windows hands a batch file to cmd.exe, which reads its "
            + "arguments in another way: name a program, e.g. powershell.exe with -NoProfile, -File "
            + "and a script";

        public IRunningProcess Start(string[] argv) {
            if (CommandLine.IsBatchFile(argv[0])) {
                throw new FileFault("enoexec", NoBatchFile, argv[0], null);
            }
            return new WindowsProcess(CommandLine.Of(argv), argv[0]);
        }
    }

    /// <summary>
    /// A process that belongs to a job before its first instruction: it is created suspended.
    /// https://learn.microsoft.com/en-us/windows/win32/procthread/job-objects
    /// </summary>
    internal sealed class WindowsProcess : IRunningProcess {
        private const uint KilledCode = 1, Patience = 10000;

        private readonly string program;
        private readonly AnonymousPipeServerStream output =
            new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.Inheritable);
        private readonly WindowsHandle job;
        private readonly WindowsHandle process;

        internal WindowsProcess(string commandLine, string program) {
            this.program = program;
            job = Native.CreateJobObjectW(IntPtr.Zero, null);
            if (job.IsInvalid) {
                throw WindowsFault.OfLastCall(program);
            }
            ProcessInformation created = Created(commandLine);
            process = new WindowsHandle(created.Process);
            using (WindowsHandle thread = new WindowsHandle(created.Thread)) {
                Begin(thread);
            }
            output.DisposeLocalCopyOfClientHandle();  // or its end would never be read
        }

        public Stream Output {
            get { return output; }
        }

        public int ExitCode {
            get {
                int code;
                if (!Native.GetExitCodeProcess(process, out code)) {
                    throw WindowsFault.OfLastCall(program);
                }
                return code;
            }
        }

        public bool Wait(TimeSpan time) {
            uint milliseconds = (uint)Math.Min(time.TotalMilliseconds, int.MaxValue);
            uint ended = Native.WaitForSingleObject(process, milliseconds);
            if (ended == Native.WaitFailed) {
                throw WindowsFault.OfLastCall(program);
            }
            return ended != Native.WaitTimedOut;
        }

        public void KillAll() {
            if (!Native.TerminateJobObject(job, KilledCode)) {
                throw WindowsFault.OfLastCall(program);
            }
            Native.WaitForSingleObject(process, Patience);
        }

        public void Dispose() {
            process.Dispose();
            job.Dispose();  // what still runs in it goes on: it may be MAPS itself
        }

        private ProcessInformation Created(string commandLine) {
            ProcessInformation created;
            using (SecurityAttributes inherited = new SecurityAttributes(null, true))
            using (WindowsHandle nothing = Native.CreateFileW("NUL", Native.GenericRead,
                Native.ShareAll, inherited, Native.OpenExisting, 0, IntPtr.Zero)) {
                IntPtr said = output.ClientSafePipeHandle.DangerousGetHandle();
                StartupInformation startup = new StartupInformation {
                    Length = Marshal.SizeOf(typeof(StartupInformation)),
                    Flags = Native.UseStandardHandles,
                    Input = nothing.DangerousGetHandle(),
                    Output = said,
                    Error = said,
                };
                if (!Native.CreateProcessW(null, new StringBuilder(commandLine), IntPtr.Zero,
                    IntPtr.Zero, true, Native.SuspendedWithoutWindow, IntPtr.Zero, null, ref startup,
                    out created)) {
                    throw WindowsFault.OfLastCall(program);
                }
            }
            return created;
        }

        private void Begin(WindowsHandle thread) {
            if (Native.AssignProcessToJobObject(job, process) && Native.ResumeThread(thread) != -1) {
                return;
            }
            FileFault fault = WindowsFault.OfLastCall(program);
            Native.TerminateProcess(process, KilledCode);
            throw fault;
        }
    }
}
