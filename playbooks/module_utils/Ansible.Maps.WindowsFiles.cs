// The files of a Windows host. Nothing here decides anything: it opens, reads, writes, renames and
// says what the access control lists are.
//AssemblyReference -Type System.Security.AccessControl.NativeObjectSecurity -CLR Core
//AssemblyReference -Type System.Security.Principal.IdentityReference -CLR Core

using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Security.Principal;
using Ansible.Maps.Access;
using Ansible.Maps.Files;
using Ansible.Maps.Refusal;
using Ansible.Maps.WindowsCalls;
using Ansible.Maps.WindowsHandles;
using Ansible.Maps.WindowsPath;

namespace Ansible.Maps.WindowsFiles {
    /// <summary>A reader is a SecurityIdentifier here.</summary>
    public sealed class WindowsHostFiles : IFiles {
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
            using (WindowsHandle file = OpenFile.OpenedThere(path, access)) {
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
            using (WindowsHandle file = OpenFile.OpenedThere(path, Native.GenericRead)) {
                if (file == null) {
                    return null;
                }
                check(Status(file, path, null));
                return OpenFile.AllOf(file, path);
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
            PrivateAccess access = new PrivateAccess((SecurityIdentifier)reader, false);
            using (SecurityAttributes attributes = new SecurityAttributes(access.Descriptor(), false))
            using (WindowsHandle file = OpenFile.Opened(
                path, Native.GenericWrite, Native.ShareNothing, attributes, Native.CreateNew
            )) {
                if (access.IsExceededBy(OpenFile.Descriptor(file, path))) {
                    throw new FileFault("enotsup", "its drive keeps no access control lists", path,
                        "name a folder on a drive with NTFS or ReFS in maps_directory");
                }
                OpenFile.WriteAll(file, data, path);
            }
        }

        public void Move(string path, string to) {
            OpenFile.Insist(to, () => Native.MoveFileExW(
                ExtendedPath.Of(path), ExtendedPath.Of(to), Native.ReplaceWriteThrough));
        }

        public bool Remove(string path) {
            int error = OpenFile.Insisted(() => Native.DeleteFileW(ExtendedPath.Of(path)));
            if (error != 0 && !OpenFile.IsMissing(error)) {
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
            using (WindowsHandle file = OpenFile.OpenedThere(path, access)) {
                if (file == null) {
                    throw WindowsFault.Of(WindowsFault.FileNotFound, path);
                }
                bool folder = Status(file, path, reader).Kind == FileKind.Folder;
                OpenFile.SetAccess(file, path, new PrivateAccess((SecurityIdentifier)reader, folder));
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
        /// Not to be seen here: a module's output is read by PowerShell in its own process. Nobody
        /// waits longer than `lock_wait` all the same.
        /// </summary>
        public bool NobodyListens() {
            return false;
        }

        // -- what is said of them

        private FileStatus Status(WindowsHandle file, string path, object reader) {
            byte[] descriptor = OpenFile.Descriptor(file, path);
            FileKind kind = OpenFile.Kind(file, path);
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
    }

    /// <summary>
    /// Nobody else can open a file for writing while this has it so, or a process that it was lent to.
    /// </summary>
    internal sealed class WindowsFileLock : IFileLock {
        private readonly WindowsHandle file;
        private readonly string path;

        internal WindowsFileLock(WindowsHandle file, string path) {
            this.file = file;
            this.path = path;
            if (OpenFile.Kind(file, path) != FileKind.File) {
                file.Dispose();
                throw new FileFault("eloop", "it is no regular file", path, null);
            }
        }

        public void Write(byte[] holder, object reader) {
            PrivateAccess access = new PrivateAccess((SecurityIdentifier)reader, false);
            OpenFile.SetAccess(file, path, access);
            if (!Native.SetFilePointerEx(file, 0, IntPtr.Zero, 0)) {
                throw WindowsFault.OfLastCall(path);
            }
            OpenFile.WriteAll(file, holder, path);
            if (!Native.SetEndOfFile(file)) {
                throw WindowsFault.OfLastCall(path);
            }
        }

        /// <summary>
        /// Give a process a handle of the same open file, which is closed when it ends; what it
        /// starts does not get that, or the service of MAPS could keep everybody out.
        /// </summary>
        internal void LendTo(WindowsHandle process) {
            IntPtr copy;  // a handle of that process: not ours to close
            if (!Native.DuplicateHandle(Native.GetCurrentProcess(), file, process, out copy, 0, false,
                Native.SameAccess)) {
                throw WindowsFault.OfLastCall(path);
            }
        }

        public void Dispose() {
            file.Dispose();
        }
    }
}
