// Twin of Ansible.Maps.Windows.cs by plain .NET, for PowerShell on Linux: no access lists, no jobs.

using System;
using System.Diagnostics;
using System.IO;
using System.Text;

namespace Ansible.Maps.Windows {
    public static class Access {
        public static string Reader(string group) {
            if (group != null && group.Contains("no-such")) {
                throw new SystemException();
            }
            return group;
        }

        public static void MakeFolder(string path, string reader) {
            Directory.CreateDirectory(path);
        }

        public static void CloseFolder(string path, string reader) {
        }

        public static string ForeignOwner(string path) {
            return null;
        }

        public static bool IsExceeded(string path, string reader, bool folder) {
            return false;
        }
    }

    public static class Host {
        public static bool IsPlain(string path) {
            return path.StartsWith("/", StringComparison.Ordinal);
        }

        public static bool IsWritable(string folder) {
            return true;
        }

        public static FileStream OpenLock(string path) {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1);
        }

        public static int Rename(string from, string to) {
            File.Move(from, to, true);
            return 0;
        }

        public static Encoding[] CodePages() {
            Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
            return new[] { Encoding.GetEncoding(437), Encoding.GetEncoding(1252) };
        }
    }

    public sealed class Child : IDisposable {
        private readonly Process process;

        public Child(string commandLine, FileStream held) {
            string[] parts = commandLine.Split(new[] { '"' }, 3);
            ProcessStartInfo start = new ProcessStartInfo(parts[1]) {
                Arguments = parts[2], UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true,
            };
            process = Process.Start(start);
            process.StandardInput.Close();
            Output = process.StandardOutput.BaseStream;
        }

        public Stream Output { get; private set; }

        public bool Wait(int milliseconds) {
            return process.WaitForExit(milliseconds);
        }

        public void Kill() {
            process.Kill(true);
            Wait(10000);
        }

        public int ExitCode() {
            return process.ExitCode;
        }

        public void Dispose() {
            process.Dispose();
        }
    }
}
