// The system calls of Linux that the POSIX twins of the Windows seams need, by the names and the
// words that Python has for them.

using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;
using Ansible.Maps.Files;

public static class Libc {
    public const int ReadOnly = 0, WriteOnly = 1, ReadWrite = 2, Create = 0x40, Exclusive = 0x80;
    public const int NonBlocking = 0x800, CloseOnExec = 0x80000;
    public const int NotThere = 2, TryAgain = 11, TooManyLinks = 40;
    public const int Kill = 9;

    // These two are the other way round on 64-bit ARM: see e_machine in elf(5).
    private static readonly bool Arm = File.ReadAllBytes("/proc/self/exe")[18] == 0xB7;
    public static readonly int NoFollow = Arm ? 0x8000 : 0x20000;
    public static readonly int Directory = Arm ? 0x4000 : 0x10000;

    private static readonly Dictionary<int, string> Codes = new Dictionary<int, string> {
        { 1, "eperm" }, { NotThere, "enoent" }, { 5, "eio" }, { 8, "enoexec" }, { 13, "eacces" },
        { 16, "ebusy" }, { 17, "eexist" }, { 20, "enotdir" }, { 21, "eisdir" }, { 28, "enospc" }, { 30, "erofs" },
        { 36, "enametoolong" }, { TooManyLinks, "eloop" }, { 122, "edquot" },
    };

    /// <summary>The fault that an errno stands for. `path` null: the call had none.</summary>
    public static FileFault Fault(int number, string path) {
        string code = Codes.ContainsKey(number) ? Codes[number] : "os_error";
        return new FileFault(code, Marshal.PtrToStringAnsi(strerror(number)), path, null);
    }

    /// <summary>What a call gave; FileFault if that is -1.</summary>
    public static int Checked(int result, string path) {
        if (result == -1) {
            throw Fault(Marshal.GetLastWin32Error(), path);
        }
        return result;
    }

    // -- dying

    [ThreadStatic]
    private static Countdown countdown;

    private sealed class Countdown {
        public int Left;
        public Action End;
    }

    /// <summary>
    /// Have the `number`th half of a call that changes files be the last of this thread: an even
    /// one before the call, an odd one after it. `end` does not return.
    /// </summary>
    public static void EndAt(int number, Action end) {
        countdown = new Countdown { Left = number, End = end };
    }

    /// <summary>End this process as kill -9 does.</summary>
    public static void Die() {
        kill(getpid(), Kill);
    }

    /// <summary>What a call gave that changes files, or makes them durable.</summary>
    public static int Counted(Func<int> call) {
        Half();
        int result = call();
        int number = Marshal.GetLastWin32Error();
        Half();
        if (result == -1) {
            throw Fault(number, null);
        }
        return result;
    }

    private static void Half() {
        if (countdown != null && countdown.Left-- == 0) {
            countdown.End();
        }
    }

    // -- the calls

    [DllImport("libc")]
    private static extern IntPtr strerror(int number);

    [DllImport("libc")]
    private static extern int getpid();

    [DllImport("libc", SetLastError = true)]
    public static extern int kill(int pid, int signal);

    [DllImport("libc")]
    public static extern uint geteuid();

    [DllImport("libc", SetLastError = true)]
    public static extern int open(string path, int flags, uint mode);

    [DllImport("libc", SetLastError = true)]
    public static extern int close(int descriptor);

    [DllImport("libc", SetLastError = true)]
    public static extern IntPtr read(int descriptor, byte[] buffer, IntPtr count);

    [DllImport("libc", SetLastError = true)]
    public static extern IntPtr write(int descriptor, byte[] buffer, IntPtr count);

    [DllImport("libc", SetLastError = true)]
    public static extern int fsync(int descriptor);

    [DllImport("libc", SetLastError = true)]
    public static extern int ftruncate(int descriptor, long length);

    [DllImport("libc", SetLastError = true)]
    public static extern int flock(int descriptor, int operation);

    [DllImport("libc", SetLastError = true)]
    public static extern int rename(string from, string to);

    [DllImport("libc", SetLastError = true)]
    public static extern int unlink(string path);

    [DllImport("libc", SetLastError = true)]
    public static extern int mkdir(string path, uint mode);

    [DllImport("libc", SetLastError = true)]
    public static extern int chmod(string path, uint mode);

    [DllImport("libc", SetLastError = true)]
    public static extern int fchmod(int descriptor, uint mode);

    [DllImport("libc", SetLastError = true)]
    public static extern int chown(string path, uint uid, uint gid);

    [DllImport("libc", SetLastError = true)]
    public static extern int fchown(int descriptor, uint uid, uint gid);

    [DllImport("libc")]
    public static extern uint umask(uint mask);

    [DllImport("libc", SetLastError = true)]
    public static extern int statx(int folder, string path, int flags, uint mask, byte[] found);

    [DllImport("libc", SetLastError = true)]
    public static extern IntPtr opendir(string path);

    [DllImport("libc")]
    public static extern IntPtr readdir(IntPtr folder);

    [DllImport("libc")]
    public static extern int closedir(IntPtr folder);

    [DllImport("libc")]
    public static extern IntPtr getgrnam(string name);

    [DllImport("libc", SetLastError = true)]
    public static extern int poll(byte[] descriptors, UIntPtr count, int milliseconds);
}
