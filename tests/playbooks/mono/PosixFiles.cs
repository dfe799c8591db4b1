// What Ansible.Maps.Files asks of a host, by the calls that maps_folder.py makes.

using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;
using Ansible.Maps.Files;
using Ansible.Maps.Refusal;

public sealed class PosixFiles : IFiles {
    private const int NoGroup = -1;
    private const int Now = -100; // AT_FDCWD

    // -- who may read

    public object Reader(string group) {
        IntPtr found = Libc.getgrnam(group);
        if (found == IntPtr.Zero) {
            throw new HostRefusal("no_group", "there is no group '" + group
                + "' on this host: create it, or correct maps_group");
        }
        return Marshal.ReadInt32(found, 2 * IntPtr.Size); // gr_name, gr_passwd, gr_gid
    }

    private static int Gid(object reader) {
        return reader == null ? NoGroup : (int)reader;
    }

    private static uint Mode(FileKind kind, object reader) {
        bool folder = kind == FileKind.Folder;
        return Convert.ToUInt32((folder ? "7" : "6") + (reader == null ? "00" : folder ? "50" : "40"), 8);
    }

    // -- looking

    public string Place(string folder, string name) {
        return Path.Combine(folder, name);
    }

    public FileStatus Look(string path, object reader) {
        const int noFollow = 0x100; // AT_SYMLINK_NOFOLLOW
        byte[] found = new byte[256];
        if (Libc.statx(Now, path, noFollow, 0x7ff, found) == -1) {
            int number = Marshal.GetLastWin32Error();
            if (number == Libc.NotThere) {
                return null;
            }
            throw Libc.Fault(number, path);
        }
        return Status(path, found, reader);
    }

    private static FileStatus Opened(int descriptor, string path) {
        const int itself = 0x1000; // AT_EMPTY_PATH
        byte[] found = new byte[256];
        Libc.Checked(Libc.statx(descriptor, "", itself, 0x7ff, found), null);
        return Status(path, found, null);
    }

    // See struct statx in statx(2), which is the same on every architecture.
    private static FileStatus Status(string path, byte[] found, object reader) {
        uint mode = BitConverter.ToUInt16(found, 28), uid = BitConverter.ToUInt32(found, 20);
        FileStatus status = new FileStatus();
        status.Kind = Kind(mode & 0xf000);
        status.Sticky = (mode & 0x200) != 0;
        int gid = (int)BitConverter.ToUInt32(found, 24);
        bool wrongGroup = reader != null && gid != Gid(reader);
        status.TooOpen = (mode & 0xfff & ~Mode(status.Kind, reader)) != 0 || wrongGroup;
        uint own = Libc.geteuid();
        status.Foreign = uid == own ? null : "belongs to uid " + uid + ", not to uid " + own
            + " that delivers: whoever owns it could swap it; look at it, then: chown " + own + " " + path;
        return status;
    }

    private static FileKind Kind(uint type) {
        return type == 0x8000 ? FileKind.File
            : type == 0x4000 ? FileKind.Folder
            : type == 0xa000 ? FileKind.Link : FileKind.Other;
    }

    public List<string> Names(string folder) {
        IntPtr open = Libc.opendir(folder);
        if (open == IntPtr.Zero) {
            throw Libc.Fault(Marshal.GetLastWin32Error(), folder);
        }
        List<string> names = new List<string>();
        for (IntPtr one = Libc.readdir(open); one != IntPtr.Zero; one = Libc.readdir(open)) {
            names.Add(Marshal.PtrToStringAnsi(one + 19)); // d_ino, d_off, d_reclen, d_type, d_name
        }
        Libc.closedir(open);
        names.RemoveAll(name => name == "." || name == "..");
        return names;
    }

    public byte[] Read(string path, Action<FileStatus> check) {
        int flags = Libc.ReadOnly | Libc.NoFollow | Libc.NonBlocking | Libc.CloseOnExec;
        int descriptor = Libc.open(path, flags, 0);
        if (descriptor == -1) {
            return Unread(Marshal.GetLastWin32Error(), path, check);
        }
        try {
            check(Opened(descriptor, path));
            return Content(descriptor);
        } finally {
            Libc.close(descriptor);
        }
    }

    private static byte[] Unread(int number, string path, Action<FileStatus> check) {
        if (number == Libc.TooManyLinks) {
            FileStatus link = new FileStatus();
            link.Kind = FileKind.Link;
            check(link);
        }
        if (number == Libc.NotThere) {
            return null;
        }
        throw Libc.Fault(number, path);
    }

    private static byte[] Content(int descriptor) {
        MemoryStream content = new MemoryStream();
        byte[] piece = new byte[65536];
        for (int count = 1; count > 0;) {
            count = Libc.Checked((int)Libc.read(descriptor, piece, (IntPtr)piece.Length), null);
            content.Write(piece, 0, count);
        }
        return content.ToArray();
    }

    // -- writing

    public void MakeFolder(string path, object reader) {
        MakeAbove(Path.GetDirectoryName(path));
        Counted(path, () => Libc.mkdir(path, Convert.ToUInt32("700", 8)));
        Close(path, reader);
    }

    private void MakeAbove(string path) {
        if (Look(path, null) != null) {
            return;
        }
        MakeAbove(Path.GetDirectoryName(path));
        Counted(path, () => Libc.mkdir(path, Convert.ToUInt32("777", 8)));
    }

    public void WriteNew(string path, byte[] data, object reader) {
        int flags = Libc.WriteOnly | Libc.Create | Libc.Exclusive | Libc.NoFollow | Libc.CloseOnExec;
        int descriptor = Counted(path, () => Libc.open(path, flags, Mode(FileKind.File, null)));
        try {
            CloseOpened(descriptor, reader);
            Written(descriptor, data);
            Libc.Counted(() => Libc.fsync(descriptor));
        } finally {
            Libc.close(descriptor);
        }
    }

    internal static void Written(int descriptor, byte[] data) {
        byte[] left = data;
        while (left.Length > 0) {
            byte[] piece = left;
            int count = Libc.Counted(() => (int)Libc.write(descriptor, piece, (IntPtr)piece.Length));
            left = new byte[piece.Length - count];
            Array.Copy(piece, count, left, 0, left.Length);
        }
    }

    public void Move(string path, string to) {
        Counted(path, () => Libc.rename(path, to));
        Sync(Path.GetDirectoryName(to));
    }

    public bool Remove(string path) {
        try {
            Counted(path, () => Libc.unlink(path));
        } catch (FileFault fault) {
            if (fault.Code != "enoent") {
                throw;
            }
            return false;
        }
        return true;
    }

    public void Sync(string folder) {
        int flags = Libc.ReadOnly | Libc.Directory | Libc.CloseOnExec;
        int descriptor = Counted(folder, () => Libc.open(folder, flags, 0));
        try {
            Libc.Counted(() => Libc.fsync(descriptor));
        } finally {
            Libc.close(descriptor);
        }
    }

    public void Close(string path, object reader) {
        FileStatus there = Look(path, reader);
        if (reader != null) {
            Counted(path, () => Libc.chown(path, unchecked((uint)-1), (uint)Gid(reader)));
        }
        FileKind kind = there == null ? FileKind.File : there.Kind;
        Counted(path, () => Libc.chmod(path, Mode(kind, reader)));
    }

    internal static void CloseOpened(int descriptor, object reader) {
        if (reader != null) {
            Libc.Counted(() => Libc.fchown(descriptor, unchecked((uint)-1), (uint)Gid(reader)));
        }
        Libc.Counted(() => Libc.fchmod(descriptor, Mode(FileKind.File, reader)));
    }

    private static int Counted(string path, Func<int> call) {
        try {
            return Libc.Counted(call);
        } catch (FileFault fault) {
            throw new FileFault(fault.Code, fault.Message, path, null);
        }
    }

    // -- the lock

    public IFileLock TryLock(string path) {
        const int exclusive = 2, atOnce = 4; // LOCK_EX, LOCK_NB
        int flags = Libc.ReadWrite | Libc.Create | Libc.NoFollow | Libc.CloseOnExec;
        int descriptor = Counted(path, () => Libc.open(path, flags, Mode(FileKind.File, null)));
        if (Libc.flock(descriptor, exclusive | atOnce) == 0) {
            return new PosixLock(descriptor);
        }
        int number = Marshal.GetLastWin32Error();
        Libc.close(descriptor);
        if (number != Libc.TryAgain) {
            throw Libc.Fault(number, null);
        }
        return null;
    }

    public byte[] LockHolder(string path) {
        return Read(path, status => { });
    }

    public bool NobodyListens() {
        const int error = 8, hungUp = 16; // POLLERR and POLLHUP come unasked: poll(2)
        byte[] standardOutput = { 1, 0, 0, 0, 0, 0, 0, 0 }; // fd, events, revents
        int found = Libc.Checked(Libc.poll(standardOutput, (UIntPtr)1, 0), null);
        return found > 0 && (standardOutput[6] & (error | hungUp)) != 0;
    }

    /// <summary>Let go of every lock of this process, as its end would.</summary>
    public static void Unlock() {
        foreach (PosixLock held in PosixLock.Held.ToArray()) {
            held.Dispose();
        }
    }
}

/// <summary>A lock, as flock(2) has it: whoever inherits its descriptor holds it, too.</summary>
public sealed class PosixLock : IFileLock {
    public static readonly List<PosixLock> Held = new List<PosixLock>();

    public readonly int Descriptor;

    public PosixLock(int descriptor) {
        Descriptor = descriptor;
        Held.Add(this);
    }

    public void Write(byte[] holder, object reader) {
        PosixFiles.CloseOpened(Descriptor, reader);
        Libc.Checked((int)lseek(Descriptor, IntPtr.Zero, 0), null);
        PosixFiles.Written(Descriptor, holder);
        Libc.Counted(() => Libc.ftruncate(Descriptor, holder.Length));
    }

    public void Dispose() {
        const int release = 8; // LOCK_UN
        if (Held.Remove(this)) {
            Libc.flock(Descriptor, release); // what a command left running may have the file open, too
            Libc.close(Descriptor);
        }
    }

    [DllImport("libc", SetLastError = true)]
    private static extern IntPtr lseek(int descriptor, IntPtr offset, int from);
}
