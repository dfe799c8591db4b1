// What Ansible.Maps.Processes asks of a host, as subprocess.Popen(start_new_session=True) does it.

using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;
using Ansible.Maps.Files;
using Ansible.Maps.Processes;

public sealed class PosixProcesses : IProcesses {
    private const int LargerThanAny = 1024; // posix_spawnattr_t, posix_spawn_file_actions_t, sigset_t
    private const short SignalsAsUsual = 0x04 | 0x08, OwnSession = 0x80; // see <spawn.h> of glibc

    public IRunningProcess Start(string[] argv, IFileLock held) {
        int[] pipe = new int[2];
        Libc.Checked(pipe2(pipe, Libc.CloseOnExec), null);
        try {
            return new PosixProcess(Spawned(argv, pipe[1], held as PosixLock), pipe[0]);
        } catch {
            Libc.close(pipe[0]);
            throw;
        } finally {
            Libc.close(pipe[1]);
        }
    }

    public IList<Encoding> OtherEncodings {
        get { return new Encoding[0]; }
    }

    private static int Spawned(string[] argv, int output, PosixLock held) {
        IntPtr actions = Marshal.AllocHGlobal(LargerThanAny), attributes = Attributes();
        posix_spawn_file_actions_init(actions);
        posix_spawn_file_actions_addopen(actions, 0, "/dev/null", Libc.ReadOnly, 0);
        posix_spawn_file_actions_adddup2(actions, output, 1);
        posix_spawn_file_actions_adddup2(actions, output, 2);
        if (held != null) { // onto itself, it outlives exec: see the page of posix_spawn in POSIX
            posix_spawn_file_actions_adddup2(actions, held.Descriptor, held.Descriptor);
        }
        try {
            string[] ended = new string[argv.Length + 1];
            argv.CopyTo(ended, 0);
            int pid;
            int number = posix_spawnp(out pid, argv[0], actions, attributes, ended, Environment());
            if (number != 0) {
                throw Libc.Fault(number, argv[0]);
            }
            return pid;
        } finally {
            posix_spawn_file_actions_destroy(actions);
            posix_spawnattr_destroy(attributes);
            Marshal.FreeHGlobal(actions);
            Marshal.FreeHGlobal(attributes);
        }
    }

    // Mono ignores SIGPIPE, and a child would inherit that.
    private static IntPtr Attributes() {
        IntPtr attributes = Marshal.AllocHGlobal(LargerThanAny);
        posix_spawnattr_init(attributes);
        byte[] all = new byte[LargerThanAny], none = new byte[LargerThanAny];
        sigfillset(all);
        posix_spawnattr_setsigdefault(attributes, all);
        posix_spawnattr_setsigmask(attributes, none);
        posix_spawnattr_setflags(attributes, (short)(SignalsAsUsual | OwnSession));
        return attributes;
    }

    private static IntPtr Environment() {
        IntPtr program = dlopen(null, 1);
        return Marshal.ReadIntPtr(dlsym(program, "environ"));
    }

    [DllImport("libc", SetLastError = true)]
    private static extern int pipe2(int[] descriptors, int flags);

    [DllImport("libc")]
    private static extern IntPtr dlopen(string path, int flags);

    [DllImport("libc")]
    private static extern IntPtr dlsym(IntPtr library, string name);

    [DllImport("libc")]
    private static extern int sigfillset(byte[] signals);

    [DllImport("libc")]
    private static extern int posix_spawnattr_init(IntPtr attributes);

    [DllImport("libc")]
    private static extern int posix_spawnattr_destroy(IntPtr attributes);

    [DllImport("libc")]
    private static extern int posix_spawnattr_setflags(IntPtr attributes, short flags);

    [DllImport("libc")]
    private static extern int posix_spawnattr_setsigdefault(IntPtr attributes, byte[] signals);

    [DllImport("libc")]
    private static extern int posix_spawnattr_setsigmask(IntPtr attributes, byte[] signals);

    [DllImport("libc")]
    private static extern int posix_spawn_file_actions_init(IntPtr actions);

    [DllImport("libc")]
    private static extern int posix_spawn_file_actions_destroy(IntPtr actions);

    [DllImport("libc")]
    private static extern int posix_spawn_file_actions_addopen(
        IntPtr actions, int descriptor, string path, int flags, uint mode);

    [DllImport("libc")]
    private static extern int posix_spawn_file_actions_adddup2(IntPtr actions, int from, int to);

    [DllImport("libc")]
    private static extern int posix_spawnp(
        out int pid, string file, IntPtr actions, IntPtr attributes, string[] argv, IntPtr environment);

    private sealed class PosixProcess : IRunningProcess {
        private readonly int pid, output;
        private int status;
        private bool ended;
        private volatile bool disposed;

        public PosixProcess(int pid, int output) {
            this.pid = pid;
            this.output = output;
        }

        public int Read(byte[] piece) {
            if (disposed) {
                return 0; // the number may be another file's by now
            }
            return Libc.Checked((int)Libc.read(output, piece, (IntPtr)piece.Length), null);
        }

        public int ExitCode {
            get { return (status & 0x7f) == 0 ? (status >> 8) & 0xff : -(status & 0x7f); }
        }

        public bool Wait(TimeSpan time) {
            DateTime end = DateTime.UtcNow + time;
            while (!Ended(1) && DateTime.UtcNow < end) { // WNOHANG
                Thread.Sleep(5);
            }
            return ended;
        }

        public void KillAll() {
            Libc.kill(-pid, Libc.Kill);
            Ended(0);
        }

        private bool Ended(int options) {
            ended = ended || Libc.Checked(waitpid(pid, out status, options), null) == pid;
            return ended;
        }

        public void Dispose() {
            disposed = true;
            Libc.close(output);
        }

        [DllImport("libc", SetLastError = true)]
        private static extern int waitpid(int pid, out int status, int options);
    }
}
