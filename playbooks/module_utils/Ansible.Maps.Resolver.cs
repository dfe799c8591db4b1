// Whether a DNS server denies that a host exists, or was not to be asked. getaddrinfo of Windows says
// WSAHOST_NOT_FOUND for both, and a name server that is away for a minute makes no delivery wrong.

using System;
using System.Runtime.InteropServices;

namespace Ansible.Maps.Resolver {
    /// <summary>What DNS itself says of a host that was not found.</summary>
    public static class NameServers {
        // https://learn.microsoft.com/windows/win32/debug/system-error-codes--9000-11999-
        private const int NameError = 9003, NoRecords = 9501;
        private const ushort TypeA = 1;
        private const int FreeRecordList = 1;

        /// <summary>Whether it does not exist, by their word; elsewhere than on Windows, the
        /// resolver has told.</summary>
        public static bool Deny(string host) {
            return Environment.OSVersion.Platform != PlatformID.Win32NT || IsDenial(Status(host));
        }

        /// <summary>Whether a status of DnsQuery says so.</summary>
        public static bool IsDenial(int status) {
            return status == NameError || status == NoRecords;
        }

        private static int Status(string host) {
            IntPtr records;
            int status = DnsQuery_W(host, TypeA, 0, IntPtr.Zero, out records, IntPtr.Zero);
            if (records != IntPtr.Zero) {
                DnsFree(records, FreeRecordList);
            }
            return status;
        }

        // https://learn.microsoft.com/windows/win32/api/windns/nf-windns-dnsquery_w
        [DllImport("dnsapi.dll", CharSet = CharSet.Unicode, ExactSpelling = true)]
        private static extern int DnsQuery_W(string name, ushort type, uint options, IntPtr extra,
            out IntPtr records, IntPtr reserved);

        // https://learn.microsoft.com/windows/win32/api/windns/nf-windns-dnsfree
        [DllImport("dnsapi.dll", ExactSpelling = true)]
        private static extern void DnsFree(IntPtr data, int kind);
    }
}
