// Files of a Windows host that are open: themselves, and never what they lead to.

using System;
using System.Diagnostics;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;
using Ansible.Maps.Access;
using Ansible.Maps.Files;
using Ansible.Maps.WindowsCalls;
using Ansible.Maps.WindowsPath;

namespace Ansible.Maps.WindowsHandles {
    /// <summary>Opens files, and does what is done by their handles.</summary>
    internal static class OpenFile {
        // A virus scanner or an indexer looks into what is new, and is done soon.
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

        /// <summary>What is there, itself and not its target; null if nothing is.</summary>
        internal static WindowsHandle OpenedThere(string path, uint access) {
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

        internal static WindowsHandle Opened(
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

        internal static bool IsMissing(int error) {
            return error == WindowsFault.FileNotFound || error == WindowsFault.PathNotFound;
        }

        /// <summary>Make a call until it succeeds, or what keeps it from that is not passing.</summary>
        internal static void Insist(string path, Func<bool> call) {
            int error = Insisted(call);
            if (error != 0) {
                throw WindowsFault.Of(error, path);
            }
        }

        internal static int Insisted(Func<bool> call) {
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

        internal static byte[] Descriptor(WindowsHandle file, string path) {
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

        internal static byte[] AllOf(WindowsHandle file, string path) {
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
}
