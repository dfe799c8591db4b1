// The files of a Windows host. Nothing here decides anything: it opens, reads, writes, renames and
// says what the access control lists are.
//AssemblyReference -Type System.Security.AccessControl.NativeObjectSecurity -CLR Core
//AssemblyReference -Type System.Security.Principal.IdentityReference -CLR Core

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Runtime.InteropServices;
using System.Security.Principal;
using System.Threading;
using Ansible.Maps.Access;
using Ansible.Maps.Files;
using Ansible.Maps.Refusal;
using Ansible.Maps.WindowsCalls;
using Ansible.Maps.WindowsPath;

namespace Ansible.Maps.WindowsFiles {
    /// <summary>A reader is a SecurityIdentifier here.</summary>
    public sealed class WindowsHostFiles : IFiles {
        // A virus scanner or an indexer looks into what is new, and is done soon.
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

        private readonly SecurityIdentifier account;

        public WindowsHostFiles() {
        }

        /// <summary>`account`: the one that delivers, if it is not this process's own.</summary>
        public WindowsHostFiles(SecurityIdentifier account) {
            this.account = account;
        }

        public object Reader(string group) {
            try {
                return group.StartsWith("S-1-", StringComparison.OrdinalIgnoreCase)
                    ? new SecurityIdentifier(group)
                    : new NTAccount(group).Translate(typeof(SecurityIdentifier));
            } catch (SystemException) {  // no such account, no SID, or no answer of the domain
                throw NoGroup(group);
            }
        }

        private static HostRefusal NoGroup(string group) {
            return new HostRefusal("no_group", "there is no account or group '" + group
                + "' on this host: create it, or correct maps_group");
        }

        public string Place(string folder, string name) {
            return folder.TrimEnd('\\', '/') + "\\" + name;
        }

        public FileStatus Look(string path, object reader) {
            uint access = Native.ReadControl | Native.ReadAttributes;
            using (WindowsHandle file = OpenedThere(path, access)) {
                return file == null ? null : Status(file, path, reader);
            }
        }

        public List<string> Names(string folder) {
            List<string> names = new List<string>();
            FoundFile found;
            using (FindHandle search = Native.FindFirstFileW(ExtendedPath.Of(folder) + @"\*", out found)) {
                if (search.IsInvalid) {
                    throw WindowsFault.OfLastCall(folder);
                }
                do {
                    names.Add(found.Name);
                } while (Native.FindNextFileW(search, out found));
                if (Marshal.GetLastWin32Error() != WindowsFault.NoMoreFiles) {
                    throw WindowsFault.OfLastCall(folder);
                }
            }
            names.RemoveAll(name => name == "." || name == "..");
            return names;
        }

        public byte[] Read(string path, Action<FileStatus> check) {
            using (WindowsHandle file = OpenedThere(path, Native.GenericRead)) {
                if (file == null) {
                    return null;
                }
                check(Status(file, path, null));
                return AllOf(file, path);
            }
        }

        public void MakeFolder(string path, object reader) {
            MakeParents(ExtendedPath.Of(path), path);
            byte[] descriptor = new PrivateAccess((SecurityIdentifier)reader, true).Descriptor();
            using (SecurityAttributes attributes = new SecurityAttributes(descriptor, false)) {
                if (!Native.CreateDirectoryW(ExtendedPath.Of(path), attributes)) {
                    throw WindowsFault.OfLastCall(path);
                }
            }
        }

        private static void MakeParents(string path, string shown) {
            string parent = path.Substring(0, path.LastIndexOf('\\'));
            if (parent.EndsWith(":", StringComparison.Ordinal) || Native.CreateDirectoryW(parent, null)) {
                return;
            }
            int error = Marshal.GetLastWin32Error();
            if (error == WindowsFault.PathNotFound) {
                MakeParents(parent, shown);
                if (!Native.CreateDirectoryW(parent, null)) {
                    throw WindowsFault.OfLastCall(shown);
                }
            } else if (error != WindowsFault.AlreadyExists) {
                throw WindowsFault.Of(error, shown);
            }
        }

        public void WriteNew(string path, byte[] data, object reader) {
            byte[] descriptor = new PrivateAccess((SecurityIdentifier)reader, false).Descriptor();
            using (SecurityAttributes attributes = new SecurityAttributes(descriptor, false))
            using (WindowsHandle file = Opened(
                path, Native.GenericWrite, Native.ShareNothing, attributes, Native.CreateNew
            )) {
                WriteAll(file, data, path);
            }
        }

        public void Move(string path, string to) {
            Insist(to, () => Native.MoveFileExW(
                ExtendedPath.Of(path), ExtendedPath.Of(to), Native.ReplaceWriteThrough));
        }

        public bool Remove(string path) {
            int error = Insisted(() => Native.DeleteFileW(ExtendedPath.Of(path)));
            if (error != 0 && !IsMissing(error)) {
                throw WindowsFault.Of(error, path);
            }
            return error == 0;
        }

        /// <summary>
        /// Nothing to do: NTFS and ReFS log such changes in order, and the rename that follows each
        /// of them here is written through, with all that is in the log before it.
        /// </summary>
        public void Sync(string folder) {
        }

        public void Close(string path, object reader) {
            uint access = Native.ReadControl | Native.ReadAttributes | Native.WriteDac;
            using (WindowsHandle file = OpenedThere(path, access)) {
                if (file == null) {
                    throw WindowsFault.Of(WindowsFault.FileNotFound, path);
                }
                bool folder = Status(file, path, reader).Kind == FileKind.Folder;
                SetAccess(file, path, new PrivateAccess((SecurityIdentifier)reader, folder));
            }
        }

        public IFileLock TryLock(string path) {
            byte[] descriptor = new PrivateAccess(null, false).Descriptor();
            uint access = Native.GenericRead | Native.GenericWrite | Native.WriteDac;
            using (SecurityAttributes attributes = new SecurityAttributes(descriptor, false)) {
                WindowsHandle file = Native.CreateFileW(
                    ExtendedPath.Of(path), access, Native.ShareRead, attributes, Native.OpenAlways,
                    Native.ItselfNotItsTarget, IntPtr.Zero);
                int error = file.IsInvalid ? Marshal.GetLastWin32Error() : 0;
                if (error == WindowsFault.SharingViolation) {
                    return null;
                }
                if (error != 0) {
                    throw WindowsFault.Of(error, path);
                }
                return new WindowsFileLock(file, path);
            }
        }

        public byte[] LockHolder(string path) {
            return Read(path, status => { }) ?? new byte[0];
        }

        /// <summary>
        /// Never known: a module's output is read by PowerShell in its own process, which WinRM and
        /// sshd end together with it.
        /// </summary>
        public bool NobodyListens() {
            return false;
        }

        // -- handles

        /// <summary>What is there, itself and not its target; null if nothing is.</summary>
        private static WindowsHandle OpenedThere(string path, uint access) {
            WindowsHandle file = null;
            int error = Insisted(() => {
                file = Native.CreateFileW(ExtendedPath.Of(path), access, Native.ShareAll, null,
                    Native.OpenExisting, Native.ItselfNotItsTarget | Native.FoldersToo, IntPtr.Zero);
                return !file.IsInvalid;
            });
            if (error != 0 && !IsMissing(error)) {
                throw WindowsFault.Of(error, path);
            }
            return error == 0 ? file : null;
        }

        private static WindowsHandle Opened(
            string path, uint access, uint share, SecurityAttributes attributes, uint disposition
        ) {
            WindowsHandle file = null;
            Insist(path, () => {
                file = Native.CreateFileW(ExtendedPath.Of(path), access, share, attributes, disposition,
                    Native.ItselfNotItsTarget, IntPtr.Zero);
                return !file.IsInvalid;
            });
            return file;
        }

        private static bool IsMissing(int error) {
            return error == WindowsFault.FileNotFound || error == WindowsFault.PathNotFound;
        }

        /// <summary>Make a call until it succeeds, or what keeps it from that is not passing.</summary>
        private static void Insist(string path, Func<bool> call) {
            int error = Insisted(call);
            if (error != 0) {
                throw WindowsFault.Of(error, path);
            }
        }

        private static int Insisted(Func<bool> call) {
            Stopwatch waited = Stopwatch.StartNew();
            while (!call()) {
                int error = Marshal.GetLastWin32Error();
                bool passing = error == WindowsFault.SharingViolation
                    || error == WindowsFault.LockViolation
                    || error == WindowsFault.AccessDenied;
                if (!passing || waited.Elapsed >= Patience) {
                    return error;
                }
                Thread.Sleep(50);
            }
            return 0;
        }

        internal static FileKind Kind(WindowsHandle file, string path) {
            FileInformation information;
            if (!Native.GetFileInformationByHandle(file, out information)) {
                throw WindowsFault.OfLastCall(path);
            }
            if ((information.Attributes & Native.AttributeReparsePoint) != 0) {
                return FileKind.Link;
            }
            bool folder = (information.Attributes & Native.AttributeDirectory) != 0;
            return folder ? FileKind.Folder : FileKind.File;
        }

        private FileStatus Status(WindowsHandle file, string path, object reader) {
            byte[] descriptor = Descriptor(file, path);
            FileKind kind = Kind(file, path);
            bool folder = kind == FileKind.Folder;
            return new FileStatus {
                Kind = kind,
                Foreign = Foreign(descriptor, path),
                TooOpen = new PrivateAccess((SecurityIdentifier)reader, folder).IsExceededBy(descriptor),
            };
        }

        private string Foreign(byte[] descriptor, string path) {
            SecurityIdentifier own = account ?? WindowsIdentity.GetCurrent().User;
            SecurityIdentifier owner = PrivateAccess.ForeignOwner(descriptor, own);
            return owner == null ? null : "belongs to " + NameOf(owner) + ", not to the Administrators: "
                + "whoever owns it could swap it; look at it, then: icacls \"" + path
                + "\" /setowner *" + PrivateAccess.Administrators;
        }

        private static string NameOf(SecurityIdentifier account) {
            try {
                return account.Translate(typeof(NTAccount)).Value;
            } catch (SystemException) {  // a deleted account, or no answer of the domain
                return account.Value;
            }
        }

        private static byte[] Descriptor(WindowsHandle file, string path) {
            IntPtr descriptor;
            int error = Native.GetSecurityInfo(file, Native.FileObject, Native.OwnerAndList, IntPtr.Zero,
                IntPtr.Zero, IntPtr.Zero, IntPtr.Zero, out descriptor);
            if (error != 0) {
                throw WindowsFault.Of(error, path);
            }
            try {
                byte[] binary = new byte[Native.GetSecurityDescriptorLength(descriptor)];
                Marshal.Copy(descriptor, binary, 0, binary.Length);
                return binary;
            } finally {
                Native.LocalFree(descriptor);
            }
        }

        internal static void SetAccess(WindowsHandle file, string path, PrivateAccess access) {
            int error = Native.SetSecurityInfo(file, Native.FileObject, Native.ListOfItsOwn, IntPtr.Zero,
                IntPtr.Zero, access.AccessList(), IntPtr.Zero);
            if (error != 0) {
                throw WindowsFault.Of(error, path);
            }
        }

        private static byte[] AllOf(WindowsHandle file, string path) {
            byte[] piece = new byte[65536];
            using (MemoryStream all = new MemoryStream()) {
                for (uint count = 1; count > 0; all.Write(piece, 0, (int)count)) {
                    if (!Native.ReadFile(file, piece, (uint)piece.Length, out count, IntPtr.Zero)) {
                        throw WindowsFault.OfLastCall(path);
                    }
                }
                return all.ToArray();
            }
        }

        internal static void WriteAll(WindowsHandle file, byte[] data, string path) {
            uint written;
            if (!Native.WriteFile(file, data, (uint)data.Length, out written, IntPtr.Zero)) {
                throw WindowsFault.OfLastCall(path);
            }
            if (written != data.Length) {
                throw new FileFault("os_error", "only a part of it was written", path, null);
            }
            if (!Native.FlushFileBuffers(file)) {
                throw WindowsFault.OfLastCall(path);
            }
        }
    }

    /// <summary>Nobody else can open a file for writing while this has it so.</summary>
    internal sealed class WindowsFileLock : IFileLock {
        private readonly WindowsHandle file;
        private readonly string path;

        internal WindowsFileLock(WindowsHandle file, string path) {
            this.file = file;
            this.path = path;
            if (WindowsHostFiles.Kind(file, path) != FileKind.File) {
                file.Dispose();
                throw new FileFault("eloop", "it is no regular file", path, null);
            }
        }

        public void Write(byte[] holder, object reader) {
            PrivateAccess access = new PrivateAccess((SecurityIdentifier)reader, false);
            WindowsHostFiles.SetAccess(file, path, access);
            if (!Native.SetEndOfFile(file)) {  // it was just opened: at its beginning
                throw WindowsFault.OfLastCall(path);
            }
            WindowsHostFiles.WriteAll(file, holder, path);
        }

        public void Dispose() {
            file.Dispose();
        }
    }
}
