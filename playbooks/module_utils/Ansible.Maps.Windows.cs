// What only Windows has: access lists, renames over a file, jobs, code pages. Nothing here decides.
//AssemblyReference -Type System.IO.FileSystemAclExtensions -CLR Core
//AssemblyReference -Type System.IO.Pipes.AnonymousPipeServerStream -CLR Core
//AssemblyReference -Type System.Security.AccessControl.NativeObjectSecurity -CLR Core
//AssemblyReference -Type System.Security.Principal.IdentityReference -CLR Core

using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.IO;
using System.IO.Pipes;
using System.Linq;
using System.Runtime.InteropServices;
using System.Security.AccessControl;
using System.Security.Principal;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Win32.SafeHandles;

namespace Ansible.Maps.Windows {
    /// <summary>Full control for SYSTEM and Administrators, reading for `reader` (a SID), nothing inherited.</summary>
    public static class Access {
        private const int ReadMask = 0x1200a9;  // of files and folders
        private const AccessControlSections OwnerAndList = AccessControlSections.Owner | AccessControlSections.Access;

        private static readonly string[] Trusted = { "S-1-5-18", "S-1-5-32-544" };

        /// <summary>The account or group of that name or SID, if any. A SystemException: there is none.</summary>
        public static string Reader(string group) {
            if (group == null) { return null; }
            return group.StartsWith("S-1-", StringComparison.OrdinalIgnoreCase) ? new SecurityIdentifier(group).Value
                : new NTAccount(group).Translate(typeof(SecurityIdentifier)).Value;
        }

        /// <summary>Make it, closed from its first moment on.</summary>
        public static void MakeFolder(string path, string reader) {
            Directory.CreateDirectory(Path.GetDirectoryName(path));
            new DirectoryInfo(path).Create(Wanted(reader));
        }

        public static void CloseFolder(string path, string reader) {
            new DirectoryInfo(path).SetAccessControl(Wanted(reader));
        }

        // It names no owner: an account that is no administrator may not set Administrators.
        private static DirectorySecurity Wanted(string reader) {
            string list = "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)";
            DirectorySecurity wanted = new DirectorySecurity();
            wanted.SetSecurityDescriptorSddlForm(
                reader == null ? list : list + "(A;OICI;0x1200a9;;;" + reader + ")", AccessControlSections.Access);
            return wanted;
        }

        private static RawSecurityDescriptor Found(string path) {
            FileSystemSecurity found = Directory.Exists(path)
                ? (FileSystemSecurity)new DirectoryInfo(path).GetAccessControl(OwnerAndList)
                : new FileInfo(path).GetAccessControl(OwnerAndList);
            return new RawSecurityDescriptor(found.GetSecurityDescriptorBinaryForm(), 0);
        }

        /// <summary>Its owner, if neither SYSTEM, Administrators nor this account: an owner may change the list.</summary>
        public static string ForeignOwner(string path) {
            SecurityIdentifier owner = Found(path).Owner;
            bool ours = owner != null && (Trusted.Contains(owner.Value) || owner == WindowsIdentity.GetCurrent().User);
            return ours ? null : owner == null ? "nobody" : owner.Value;
        }

        /// <summary>Whether others may do more than they should, or the reader less.</summary>
        public static bool IsExceeded(string path, string reader, bool folder) {
            RawSecurityDescriptor found = Found(path);
            bool own = (found.ControlFlags & ControlFlags.DiscretionaryAclProtected) != 0;
            if (found.DiscretionaryAcl == null || (folder && !own)) {
                return true;  // no list lets everybody do everything; the list of above may change
            }
            List<CommonAce> entries = found.DiscretionaryAcl.Cast<GenericAce>().Select(one => one as CommonAce).ToList();
            return entries.Any(one => Opens(one, reader)) || (reader != null && !entries.Any(one => IsOf(one, reader)
                && (one.AceFlags & AceFlags.InheritOnly) == 0 && (one.AccessMask & ReadMask) == ReadMask));
        }

        private static bool Opens(CommonAce entry, string reader) {
            if (entry == null || entry.IsCallback) {
                return true;  // of a kind that nobody needs here
            }
            return entry.AceQualifier == AceQualifier.AccessAllowed && !Trusted.Contains(entry.SecurityIdentifier.Value)
                && !(IsOf(entry, reader) && (entry.AccessMask & ~ReadMask) == 0);
        }

        private static bool IsOf(CommonAce entry, string reader) {
            return entry.AceQualifier == AceQualifier.AccessAllowed && entry.SecurityIdentifier.Value == reader;
        }
    }

    /// <summary>Paths, locks, renames, code pages.</summary>
    public static class Host {
        // No share, stream or wildcard, and nothing that Windows would cut off. 200: with the name of a file it
        // stays below 260, beyond which PowerShell 5.1 cannot go.
        private static readonly Regex Plain = new Regex(
            "^(?=.{4,200}\\z)[A-Za-z]:([\\\\/][^\\x00-\\x1f<>:\"|?*\\\\/]*[^\\x00-\\x1f<>:\"|?*\\\\/. ])+\\z");

        /// <summary>Whether it is an absolute path of plain names on a drive of this host.</summary>
        public static bool IsPlain(string path) {
            return Plain.IsMatch(path);
        }

        /// <summary>Whether this account may make files in a folder, or the folder itself.</summary>
        public static bool IsWritable(string folder) {
            uint access = Directory.Exists(folder) ? 2u : 4u;  // FILE_ADD_FILE, FILE_ADD_SUBDIRECTORY
            while (folder != null && !Directory.Exists(folder)) {
                folder = Path.GetDirectoryName(folder);
            }
            const uint Shared = 7, Existing = 3, FolderToo = 0x02000000;
            using (SafeFileHandle opened = Native.CreateFileW(
                folder ?? "", access, Shared, IntPtr.Zero, Existing, FolderToo, IntPtr.Zero)) {
                return !opened.IsInvalid;
            }
        }

        /// <summary>Open for us alone to write; an IOException where it is taken.</summary>
        public static FileStream OpenLock(string path) {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, 1);
        }

        /// <summary>Rename over what is there, written through; the error or 0.</summary>
        public static int Rename(string from, string to) {
            return Native.MoveFileExW(from, to, 9) ? 0 : Marshal.GetLastWin32Error();
        }

        /// <summary>The code pages of consoles and of windows.</summary>
        public static Encoding[] CodePages() {
#if CORECLR
            Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
#endif
            return new[] { Native.GetOEMCP(), Native.GetACP() }.Select(one => Encoding.GetEncoding((int)one)).ToArray();
        }
    }

    /// <summary>A program in a job of its own since before its first instruction. The job kills nothing when it is
    /// closed: what the program leaves running may be MAPS itself.</summary>
    public sealed class Child : IDisposable {
        private readonly SafeFileHandle job, process;
        private readonly AnonymousPipeServerStream output =
            new AnonymousPipeServerStream(PipeDirection.In, HandleInheritability.Inheritable);

        /// <summary>`held`: a file that it keeps open, too; what it starts does not.</summary>
        public Child(string commandLine, FileStream held) {
            const uint SuspendedWithoutWindow = 0x08000004;
            job = Native.CreateJobObjectW(IntPtr.Zero, null);
            Native.Check(!job.IsInvalid);
            using (AnonymousPipeServerStream input =
                new AnonymousPipeServerStream(PipeDirection.Out, HandleInheritability.Inheritable)) {
                IntPtr written = output.ClientSafePipeHandle.DangerousGetHandle();
                Native.Startup startup = new Native.Startup {
                    Length = Marshal.SizeOf(typeof(Native.Startup)), Flags = 0x100,  // the three handles count
                    Input = input.ClientSafePipeHandle.DangerousGetHandle(), Output = written, Error = written };
                Native.Created made;
                Native.Check(Native.CreateProcessW(null, new StringBuilder(commandLine), IntPtr.Zero, IntPtr.Zero, true,
                    SuspendedWithoutWindow, IntPtr.Zero, null, ref startup, out made));
                process = new SafeFileHandle(made.Process, true);
                using (SafeFileHandle thread = new SafeFileHandle(made.Thread, true)) {
                    Begin(thread, held);
                }
                input.DisposeLocalCopyOfClientHandle();
            }
            output.DisposeLocalCopyOfClientHandle();  // or its end would never be read
        }

        public Stream Output { get { return output; } }

        private void Begin(SafeFileHandle thread, FileStream held) {
            const uint SameAccess = 2;
            IntPtr ourselves = new IntPtr(-1), copy;  // the copy is of that process: not ours to close
            bool begun = Native.AssignProcessToJobObject(job, process)
                && Native.DuplicateHandle(ourselves, held.SafeFileHandle, process, out copy, 0, false, SameAccess)
                && Native.ResumeThread(thread) != -1;
            if (!begun) {
                int error = Marshal.GetLastWin32Error();
                Native.TerminateProcess(process, 1);
                throw new Win32Exception(error);
            }
        }

        public bool Wait(int milliseconds) {
            return Native.WaitForSingleObject(process, (uint)milliseconds) == 0;
        }

        public void Kill() {
            Native.Check(Native.TerminateJobObject(job, 1));
            Wait(10000);
        }

        public int ExitCode() {
            int code;
            Native.Check(Native.GetExitCodeProcess(process, out code));
            return code;
        }

        public void Dispose() {
            process.Dispose();
            job.Dispose();
        }
    }

    internal static class Native {
        private const string K = "kernel32.dll";

        [StructLayout(LayoutKind.Sequential)]
        public struct Created { public IntPtr Process, Thread; public int ProcessId, ThreadId; }

        [StructLayout(LayoutKind.Sequential)]
        public struct Startup {
            public int Length;
            public IntPtr Reserved, Desktop, Title;
            public int X, Y, Width, Height, Columns, Rows, Fill, Flags;
            public short ShowWindow, ReservedLength;
            public IntPtr ReservedToo, Input, Output, Error;
        }

        public static void Check(bool succeeded) {
            if (!succeeded) { throw new Win32Exception(); }
        }

        [DllImport(K)] public static extern uint GetOEMCP();
        [DllImport(K)] public static extern uint GetACP();
        [DllImport(K, SetLastError = true, CharSet = CharSet.Unicode)]
        public static extern bool MoveFileExW(string from, string to, uint flags);
        [DllImport(K, SetLastError = true, CharSet = CharSet.Unicode)]
        public static extern SafeFileHandle CreateFileW(string path, uint access, uint share, IntPtr attributes,
            uint disposition, uint flags, IntPtr template);
        [DllImport(K, SetLastError = true, CharSet = CharSet.Unicode)]
        public static extern SafeFileHandle CreateJobObjectW(IntPtr attributes, string name);
        [DllImport(K, SetLastError = true, CharSet = CharSet.Unicode)]
        public static extern bool CreateProcessW(string program, StringBuilder line, IntPtr ofProcess, IntPtr ofThread,
            bool inherit, uint flags, IntPtr environment, string folder, ref Startup startup, out Created made);
        [DllImport(K, SetLastError = true)]
        public static extern bool DuplicateHandle(IntPtr process, SafeFileHandle handle, SafeFileHandle target,
            out IntPtr copy, uint access, bool inherit, uint options);
        [DllImport(K, SetLastError = true)]
        public static extern bool AssignProcessToJobObject(SafeFileHandle job, SafeFileHandle process);
        [DllImport(K, SetLastError = true)]
        public static extern bool TerminateJobObject(SafeFileHandle job, uint code);
        [DllImport(K, SetLastError = true)]
        public static extern bool TerminateProcess(SafeFileHandle process, uint code);
        [DllImport(K, SetLastError = true)]
        public static extern bool GetExitCodeProcess(SafeFileHandle process, out int code);
        [DllImport(K, SetLastError = true)] public static extern int ResumeThread(SafeFileHandle thread);
        [DllImport(K, SetLastError = true)]
        public static extern uint WaitForSingleObject(SafeFileHandle handle, uint milliseconds);
    }
}
