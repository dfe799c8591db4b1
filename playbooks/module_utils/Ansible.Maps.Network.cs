// What a network may do to a connection, in words, and how long it may take.

using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks;
using Ansible.Maps.Redaction;
using Ansible.Maps.Resolver;

namespace Ansible.Maps.Network {
    /// <summary>Nobody answers, or no more. The words name no secret.</summary>
    public sealed class LostConnection : Exception {
        public LostConnection(string words) : base(words) {
        }
    }

    /// <summary>TLS went wrong; Certificate: since the server's was not accepted.</summary>
    public sealed class TlsFailure : Exception {
        public readonly bool Certificate;

        public TlsFailure(string words, bool certificate) : base(words) {
            Certificate = certificate;
        }
    }

    /// <summary>No address of a host: for good (Unknown), or for now.</summary>
    public sealed class NoAddress : Exception {
        public readonly bool Unknown;

        public NoAddress(string words, bool unknown) : base(words) {
            Unknown = unknown;
        }
    }

    /// <summary>A limit of seconds for one step.</summary>
    public sealed class TimeLimit {
        private readonly double seconds;

        public TimeLimit(double seconds) {
            this.seconds = seconds;
        }

        /// <summary>Do a step that may block; LostConnection if it takes too long.</summary>
        public void Within(Action step) {
            Within(Stopwatch.StartNew(), step);
        }

        /// <summary>
        /// The same, within what is left of the limit since `clock` was started. The step itself
        /// goes on in its thread until the connection is closed: name resolution and TLS have no
        /// time limit of their own on every platform.
        /// </summary>
        public void Within(Stopwatch clock, Action step) {
            double left = seconds - clock.Elapsed.TotalSeconds;
            Task task = left > 0 ? Task.Factory.StartNew(step, TaskCreationOptions.LongRunning) : null;
            if (task == null || Task.WaitAny(new[] { task }, TimeSpan.FromSeconds(left)) < 0) {
                throw new LostConnection("no answer within "
                    + seconds.ToString("G6", CultureInfo.InvariantCulture) + " s");
            }
            task.GetAwaiter().GetResult();
        }
    }

    /// <summary>Names of hosts on their way to the resolver.</summary>
    public static class HostNames {
        /// <summary>The name in ASCII (RFC 3490); an address as it is. ArgumentException.</summary>
        public static string Ascii(string host) {
            IPAddress address;
            return IPAddress.TryParse(host, out address) ? host : new IdnMapping().GetAscii(host);
        }

        /// <summary>The addresses of a host. NoAddress, LostConnection.</summary>
        public static IPAddress[] Addresses(string host, TimeLimit limit) {
            IPAddress[] addresses = null;
            try {
                limit.Within(() => { addresses = Dns.GetHostAddresses(Ascii(host)); });
            } catch (SocketException error) {
                bool denied = false;
                if (IsNotFound(error.SocketErrorCode)) {
                    limit.Within(() => { denied = NameServers.Deny(Ascii(host)); });
                }
                throw Failure(error.SocketErrorCode, denied, error.Message);
            } catch (ArgumentException) {
                throw new NoAddress("this is not a host name", true);
            }
            return addresses;
        }

        /// <summary>What a resolver's error says: the host does not exist, or nobody knows now.
        /// `denied`: DNS itself says that it does not.</summary>
        public static NoAddress Failure(SocketError code, bool denied, string words) {
            words = Redacted.OneLine(words, 200);
            return IsNotFound(code) && denied
                ? new NoAddress("unknown host name: " + words, true)
                : new NoAddress("name resolution failed for now: " + words, false);
        }

        private static bool IsNotFound(SocketError code) {
            return code == SocketError.HostNotFound || code == SocketError.NoData;
        }
    }

    /// <summary>Words for the errors of sockets: POSIX's, since Windows' depend on its language.</summary>
    public static class NetworkWords {
        public const string Closed = "the server closed the connection";

        private static readonly Dictionary<SocketError, string> Known =
            new Dictionary<SocketError, string> {
                { SocketError.ConnectionRefused, "Connection refused" },
                { SocketError.ConnectionReset, "Connection reset by peer" },
                { SocketError.ConnectionAborted, "Software caused connection abort" },
                { SocketError.TimedOut, "Connection timed out" },
                { SocketError.HostUnreachable, "No route to host" },
                { SocketError.NetworkUnreachable, "Network is unreachable" },
                { SocketError.NetworkDown, "Network is down" },
                { SocketError.AccessDenied, "Permission denied" },
                { SocketError.AddressNotAvailable, "Cannot assign requested address" },
                { SocketError.Shutdown, "Broken pipe" },
            };

        public static string Of(SocketException error) {
            string known;
            return Known.TryGetValue(error.SocketErrorCode, out known)
                ? known : Redacted.OneLine(error.Message, 200);
        }

        /// <summary>The socket's error in an exception, however deep; null without one.</summary>
        public static SocketException Inside(Exception error) {
            while (error != null && !(error is SocketException)) {
                error = error.InnerException;
            }
            return (SocketException)error;
        }
    }
}
