// The calls of Windows that a private folder and an administrator's command need, as documented at
// https://learn.microsoft.com/en-us/windows/win32/api/ under the name of each and of its header.

using System;
using System.Collections.Generic;
using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Ansible.Maps.Files;

namespace Ansible.Maps.WindowsCalls {
    /// <summary>Declarations, each with the page that describes it.</summary>
    internal static class Native {
        // winnt.h, fileapi.h and winbase.h: access, sharing, disposition, flags of CreateFileW
        internal const uint GenericRead = 0x80000000, GenericWrite = 0x40000000;
        internal const uint ReadControl = 0x00020000, WriteDac = 0x00040000, ReadAttributes = 0x80;
        internal const uint ShareNothing = 0, ShareRead = 1, ShareAll = 7;
        internal const uint CreateNew = 1, OpenExisting = 3, OpenAlways = 4;
        internal const uint ItselfNotItsTarget = 0x00200000;  // FILE_FLAG_OPEN_REPARSE_POINT
        internal const uint FoldersToo = 0x02000000;  // FILE_FLAG_BACKUP_SEMANTICS
        internal const uint AttributeDirectory = 0x10, AttributeReparsePoint = 0x400;

        // MoveFileExW: MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH
        internal const uint ReplaceWriteThrough = 0x1 | 0x8;

        // accctrl.h and winnt.h: what GetSecurityInfo and SetSecurityInfo are about
        internal const int FileObject = 1;  // SE_FILE_OBJECT
        internal const uint OwnerAndList = 0x1 | 0x4;
        internal const uint ListOfItsOwn = 0x4 | 0x80000000;  // DACL, protected

        // CreateProcessW: CREATE_SUSPENDED | CREATE_NO_WINDOW; STARTF_USESTDHANDLES
        internal const uint SuspendedWithoutWindow = 0x4 | 0x08000000;
        internal const int UseStandardHandles = 0x100;
        internal const uint Inherited = 1;  // HANDLE_FLAG_INHERIT of SetHandleInformation
        internal const uint SameAccess = 2;  // DUPLICATE_SAME_ACCESS of DuplicateHandle

        // WaitForSingleObject: WAIT_TIMEOUT, WAIT_FAILED
        internal const uint WaitTimedOut = 0x102, WaitFailed = 0xffffffff;

        // fileapi.h/nf-fileapi-createfilew
        [DllImport("kernel32.dll", SetLastError = true, CharSet = CharSet.Unicode)]
        internal static extern WindowsHandle CreateFileW(
            string path, uint access, uint share, SecurityAttributes attributes, uint disposition,
            uint flags, IntPtr template);

        // handleapi.h/nf-handleapi-closehandle
        [DllImport("kernel32.dll")]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool CloseHandle(IntPtr handle);

        // handleapi.h/nf-handleapi-duplicatehandle
        [DllImport("kernel32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool DuplicateHandle(
            IntPtr process, WindowsHandle handle, WindowsHandle target, out IntPtr copy, uint access,
            [MarshalAs(UnmanagedType.Bool)] bool inherited, uint options);

        // processthreadsapi.h/nf-processthreadsapi-getcurrentprocess: nothing to close
        [DllImport("kernel32.dll")]
        internal static extern IntPtr GetCurrentProcess();

        // fileapi.h/nf-fileapi-getfileinformationbyhandle
        [DllImport("kernel32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool GetFileInformationByHandle(
            WindowsHandle file, out FileInformation information);

        // fileapi.h/nf-fileapi-readfile
        [DllImport("kernel32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool ReadFile(
            WindowsHandle file, [Out] byte[] buffer, uint length, out uint read, IntPtr overlapped);

        // fileapi.h/nf-fileapi-writefile
        [DllImport("kernel32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool WriteFile(
            WindowsHandle file, byte[] data, uint length, out uint written, IntPtr overlapped);

        // fileapi.h/nf-fileapi-setfilepointerex: FILE_BEGIN is 0
        [DllImport("kernel32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool SetFilePointerEx(
            WindowsHandle file, long distance, IntPtr place, uint from);

        // fileapi.h/nf-fileapi-setendoffile
        [DllImport("kernel32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool SetEndOfFile(WindowsHandle file);

        // fileapi.h/nf-fileapi-flushfilebuffers
        [DllImport("kernel32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool FlushFileBuffers(WindowsHandle file);

        // winbase.h/nf-winbase-movefileexw
        [DllImport("kernel32.dll", SetLastError = true, CharSet = CharSet.Unicode)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool MoveFileExW(string path, string to, uint flags);

        // fileapi.h/nf-fileapi-deletefilew
        [DllImport("kernel32.dll", SetLastError = true, CharSet = CharSet.Unicode)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool DeleteFileW(string path);

        // fileapi.h/nf-fileapi-createdirectoryw
        [DllImport("kernel32.dll", SetLastError = true, CharSet = CharSet.Unicode)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool CreateDirectoryW(string path, SecurityAttributes attributes);

        // fileapi.h/nf-fileapi-findfirstfilew
        [DllImport("kernel32.dll", SetLastError = true, CharSet = CharSet.Unicode)]
        internal static extern FindHandle FindFirstFileW(string pattern, out FoundFile found);

        // fileapi.h/nf-fileapi-findnextfilew
        [DllImport("kernel32.dll", SetLastError = true, CharSet = CharSet.Unicode)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool FindNextFileW(FindHandle search, out FoundFile found);

        // fileapi.h/nf-fileapi-findclose
        [DllImport("kernel32.dll")]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool FindClose(IntPtr search);

        // aclapi.h/nf-aclapi-getsecurityinfo: returns the error; LocalFree frees the descriptor
        [DllImport("advapi32.dll")]
        internal static extern int GetSecurityInfo(
            WindowsHandle file, int kind, uint about, IntPtr owner, IntPtr group, IntPtr list,
            IntPtr audit, out IntPtr descriptor);

        // aclapi.h/nf-aclapi-setsecurityinfo: returns the error
        [DllImport("advapi32.dll")]
        internal static extern int SetSecurityInfo(
            WindowsHandle file, int kind, uint about, IntPtr owner, IntPtr group, byte[] list,
            IntPtr audit);

        // securitybaseapi.h/nf-securitybaseapi-getsecuritydescriptorlength
        [DllImport("advapi32.dll")]
        internal static extern uint GetSecurityDescriptorLength(IntPtr descriptor);

        // winbase.h/nf-winbase-localfree
        [DllImport("kernel32.dll")]
        internal static extern IntPtr LocalFree(IntPtr memory);

        // namedpipeapi.h/nf-namedpipeapi-createpipe
        [DllImport("kernel32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool CreatePipe(
            out WindowsHandle read, out WindowsHandle write, SecurityAttributes attributes, uint size);

        // handleapi.h/nf-handleapi-sethandleinformation
        [DllImport("kernel32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool SetHandleInformation(WindowsHandle handle, uint mask, uint flags);

        // jobapi2.h/nf-jobapi2-createjobobjectw
        [DllImport("kernel32.dll", SetLastError = true, CharSet = CharSet.Unicode)]
        internal static extern WindowsHandle CreateJobObjectW(IntPtr attributes, string name);

        // jobapi2.h/nf-jobapi2-assignprocesstojobobject
        [DllImport("kernel32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool AssignProcessToJobObject(WindowsHandle job, WindowsHandle process);

        // jobapi2.h/nf-jobapi2-terminatejobobject
        [DllImport("kernel32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool TerminateJobObject(WindowsHandle job, uint code);

        // processthreadsapi.h/nf-processthreadsapi-createprocessw
        [DllImport("kernel32.dll", SetLastError = true, CharSet = CharSet.Unicode)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool CreateProcessW(
            string program, StringBuilder commandLine, IntPtr processAttributes,
            IntPtr threadAttributes, [MarshalAs(UnmanagedType.Bool)] bool inheritHandles, uint flags,
            IntPtr environment, string folder, ref StartupInformation startup,
            out ProcessInformation process);

        // processthreadsapi.h/nf-processthreadsapi-resumethread: -1 is the failure
        [DllImport("kernel32.dll", SetLastError = true)]
        internal static extern int ResumeThread(WindowsHandle thread);

        // processthreadsapi.h/nf-processthreadsapi-terminateprocess
        [DllImport("kernel32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool TerminateProcess(WindowsHandle process, uint code);

        // processthreadsapi.h/nf-processthreadsapi-getexitcodeprocess
        [DllImport("kernel32.dll", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static extern bool GetExitCodeProcess(WindowsHandle process, out int code);

        // winnls.h/nf-winnls-getoemcp
        [DllImport("kernel32.dll")]
        internal static extern uint GetOEMCP();

        // winnls.h/nf-winnls-getacp
        [DllImport("kernel32.dll")]
        internal static extern uint GetACP();

        // synchapi.h/nf-synchapi-waitforsingleobject
        [DllImport("kernel32.dll", SetLastError = true)]
        internal static extern uint WaitForSingleObject(WindowsHandle handle, uint milliseconds);
    }

    // Public structures of public fields: a compiler has no warnings about those that Windows sets.

    /// <summary>SECURITY_ATTRIBUTES, which points to a descriptor that lives as long as it.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public sealed class SecurityAttributes : IDisposable {
        public int Length;
        public IntPtr Descriptor;
        public int Inherit;

        /// <summary>`binary`: null for a descriptor as usual.</summary>
        public SecurityAttributes(byte[] binary, bool inherited) {
            Length = Marshal.SizeOf(typeof(SecurityAttributes));
            Inherit = inherited ? 1 : 0;
            if (binary != null) {
                Descriptor = Marshal.AllocHGlobal(binary.Length);
                Marshal.Copy(binary, 0, Descriptor, binary.Length);
            }
        }

        public void Dispose() {
            Marshal.FreeHGlobal(Descriptor);
            Descriptor = IntPtr.Zero;
        }
    }

    /// <summary>BY_HANDLE_FILE_INFORMATION, of which only the attributes are read.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct FileInformation {
        public uint Attributes;
        public uint Created, CreatedHigh, Accessed, AccessedHigh, Written, WrittenHigh;
        public uint Volume, SizeHigh, Size, Links, IndexHigh, Index;
    }

    /// <summary>WIN32_FIND_DATAW, of which only the name is read.</summary>
    [StructLayout(LayoutKind.Sequential, CharSet = CharSet.Unicode)]
    public struct FoundFile {
        public uint Attributes;
        public uint Created, CreatedHigh, Accessed, AccessedHigh, Written, WrittenHigh;
        public uint SizeHigh, Size, Reserved, ReservedToo;

        [MarshalAs(UnmanagedType.ByValTStr, SizeConst = 260)]
        public string Name;

        [MarshalAs(UnmanagedType.ByValTStr, SizeConst = 14)]
        public string ShortName;
    }

    /// <summary>A handle of a file, a process, a thread or a job.</summary>
    internal sealed class WindowsHandle : SafeHandleZeroOrMinusOneIsInvalid {
        internal WindowsHandle() : base(true) {
        }

        internal WindowsHandle(IntPtr owned) : base(true) {
            SetHandle(owned);
        }

        protected override bool ReleaseHandle() {
            return Native.CloseHandle(handle);
        }
    }

    internal sealed class FindHandle : SafeHandleZeroOrMinusOneIsInvalid {
        internal FindHandle() : base(true) {
        }

        protected override bool ReleaseHandle() {
            return Native.FindClose(handle);
        }
    }

    /// <summary>STARTUPINFOW.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct StartupInformation {
        public int Length;
        public IntPtr Reserved, Desktop, Title;
        public int X, Y, Width, Height, Columns, Rows, Fill, Flags;
        public short ShowWindow, ReservedLength;
        public IntPtr ReservedToo, Input, Output, Error;
    }

    /// <summary>PROCESS_INFORMATION.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct ProcessInformation {
        public IntPtr Process, Thread;
        public int ProcessId, ThreadId;
    }

    /// <summary>What a failed call says:
    /// https://learn.microsoft.com/en-us/windows/win32/debug/system-error-codes</summary>
    public static class WindowsFault {
        internal const int FileNotFound = 2, PathNotFound = 3, AccessDenied = 5, SharingViolation = 32;
        internal const int LockViolation = 33, NoMoreFiles = 18, AlreadyExists = 183;
        internal const int BrokenPipe = 109;

        private const string NoAdministrator =
            "the account that Ansible signs in with may not: it has to be an administrator";

        private static readonly Dictionary<int, string> Codes = new Dictionary<int, string> {
            { FileNotFound, "enoent" },
            { PathNotFound, "enoent" },
            { AccessDenied, "eacces" },
            { 19, "erofs" },  // ERROR_WRITE_PROTECT
            { SharingViolation, "ebusy" },
            { LockViolation, "ebusy" },
            { 39, "enospc" },  // ERROR_HANDLE_DISK_FULL
            { 80, "eexist" },  // ERROR_FILE_EXISTS
            { 112, "enospc" },  // ERROR_DISK_FULL
            { AlreadyExists, "eexist" },
            { 1295, "edquot" },  // ERROR_DISK_QUOTA_EXCEEDED
            { 1307, "eperm" },  // ERROR_INVALID_OWNER
            { 1314, "eperm" },  // ERROR_PRIVILEGE_NOT_HELD
        };

        private static readonly Dictionary<string, string> WaysOut = new Dictionary<string, string> {
            { "eacces", "a program keeps it open, or it is read-only, or " + NoAdministrator },
            { "eperm", NoAdministrator },
            { "ebusy", "another program keeps it open: close that, then push again" },
            { "erofs", "the disk is write-protected: look at it on the host" },
        };

        /// <summary>The fault of an error code.</summary>
        public static FileFault Of(int error, string path) {
            string code, wayOut;
            code = Codes.TryGetValue(error, out code) ? code : "os_error";
            WaysOut.TryGetValue(code, out wayOut);
            return new FileFault(code, new Win32Exception(error).Message.TrimEnd('.'), path, wayOut);
        }

        /// <summary>Of the last call, which has to be the one just made.</summary>
        internal static FileFault OfLastCall(string path) {
            return Of(Marshal.GetLastWin32Error(), path);
        }
    }
}
