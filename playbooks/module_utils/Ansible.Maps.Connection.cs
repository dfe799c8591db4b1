// A connection to a mail server or a token endpoint: deadlines, TLS, bounded lines.

using System;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Threading.Tasks;
using Ansible.Maps.Certificate;

namespace Ansible.Maps.Connection {
    /// <summary>It is over, and not by a reply: one word, and words about it.</summary>
    internal class Ended : Exception {
        public readonly string Word, About;

        public Ended(string word, string about = null) {
            Word = word;
            About = about;
        }

        /// <summary>What an exception of a socket means.</summary>
        public static Ended By(SocketException error) {
            SocketError[] closings = { SocketError.ConnectionReset, SocketError.ConnectionAborted, SocketError.Shutdown };
            SocketError code = error.SocketErrorCode;
            return closings.Contains(code) ? new Ended("closed") : new Ended("unreachable", code.ToString());
        }
    }

    /// <summary>The bytes below TLS. What ended them is remembered, since no two TLS tell it in the same way.</summary>
    internal sealed class WatchedStream : NetworkStream {
        public WatchedStream(Socket socket) : base(socket) {
        }

        public Ended Lost { get; private set; }

        /// <summary>The first byte that came since Watch; -1: none.</summary>
        public int First { get; private set; }

        /// <summary>Look at the first byte. It may be there already, and be lost once we write to a server that
        /// has gone.</summary>
        public void Watch() {
            byte[] first = new byte[1];
            bool came = Socket.Poll(0, SelectMode.SelectRead) && Socket.Receive(first, SocketFlags.Peek) > 0;
            First = came ? first[0] : -1;
        }

        public override int Read(byte[] buffer, int offset, int count) {
            try {
                int read = base.Read(buffer, offset, count);
                First = First < 0 && read > 0 ? buffer[offset] : First;
                Lost = read == 0 && count > 0 ? new Ended("closed") : Lost;
                return read;
            } catch (IOException error) {
                Remember(error);
                throw;
            }
        }

        public override void Write(byte[] buffer, int offset, int count) {
            try {
                base.Write(buffer, offset, count);
            } catch (IOException error) {
                Remember(error);
                throw;
            }
        }

        private void Remember(IOException error) {
            SocketException cause = error.InnerException as SocketException;
            Lost = Lost ?? (cause == null ? new Ended("closed") : Ended.By(cause));
        }
    }

    /// <summary>A connection to a server. Each step has `timeout` seconds, all of them six times as many. Each
    /// method throws Ended, and nothing else.</summary>
    internal sealed class ServerConnection : IDisposable {
        private const int LongestLine = 8192, Handshake = 22;  // RFC 8446 section 5.1

        private readonly string host;
        private readonly double timeout;
        private readonly Stopwatch clock = Stopwatch.StartNew();
        private readonly byte[] buffer = new byte[LongestLine + 2];
        private double until;
        private WatchedStream wire;
        private Stream stream;
        private int filled;

        public ServerConnection(string host, double timeout) {
            this.host = host.TrimEnd('.');
            this.timeout = timeout;
            Begin();
        }

        public Socket Socket { get; private set; }

        /// <summary>The version of TLS, once it is there.</summary>
        public string Tls { get; private set; }

        /// <summary>Whether more has come than was read.</summary>
        public bool IsWaiting { get { return filled > 0; } }

        /// <summary>A new step.</summary>
        public void Begin() {
            until = Math.Min(clock.Elapsed.TotalSeconds + timeout, 6 * timeout);
        }

        // Not all that is waited for has a time limit that holds; what is late goes on behind us, and ends with
        // the socket at the latest.
        private void Wait(Action step) {
            Task task = Task.Factory.StartNew(step, TaskCreationOptions.LongRunning);
            int left = (int)Math.Max(0, Math.Ceiling((until - clock.Elapsed.TotalSeconds) * 1000));
            if (Task.WaitAny(new[] { task }, left) < 0) {
                throw new Ended("timeout", timeout.ToString("0.###", CultureInfo.InvariantCulture) + " s");
            }
            task.GetAwaiter().GetResult();
        }

        public IPAddress[] Resolve() {
            IPAddress[] found = null;
            try {
                string name = Ascii();
                Wait(() => { found = Dns.GetHostAddresses(name); });
                return found;
            } catch (ArgumentException) {
                throw new Ended("no_host_name");
            } catch (SocketException error) {
                SocketError code = error.SocketErrorCode;
                bool unknown = code == SocketError.HostNotFound || code == SocketError.NoData;
                throw new Ended(unknown ? "unknown_host" : "unresolved", code.ToString());
            }
        }

        public void Open(IPAddress[] addresses, int port) {
            Ended failure = new Ended("unreachable");
            Begin();
            foreach (IPAddress address in addresses) {
                Socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                try {
                    Wait(() => Socket.Connect(address, port));
                    stream = wire = new WatchedStream(Socket);
                    return;
                } catch (SocketException error) {
                    bool late = error.SocketErrorCode == SocketError.TimedOut;  // the system's own patience
                    failure = late ? new Ended("timeout") : Ended.By(error);
                    Socket.Close();
                }
            }
            throw failure;
        }

        /// <summary>Go on with TLS 1.2 or newer.</summary>
        public void Secure(string caFile) {
            CertificateCheck check = Check(caFile);
            SslStream tls = new SslStream(wire, true, check.Accept);
            // .NET Framework's own choice may be TLS 1.0; newer .NET knows what its system can.
            SslProtocols wanted = Environment.Version.Major > 4 ? SslProtocols.None : SslProtocols.Tls12;
            Begin();
            Guarded(() => {
                wire.Watch();
                tls.AuthenticateAsClient(Ascii(), new X509CertificateCollection(), wanted, false);
            }, check);
            if (!check.Accepted) { throw new Ended("certificate", "not verified"); }
            if ((int)tls.SslProtocol < (int)SslProtocols.Tls12) {
                throw new Ended("tls", "older than TLS 1.2");
            }
            Tls = (int)tls.SslProtocol == (int)SslProtocols.Tls12 ? "TLSv1.2" : "TLSv1.3";
            stream = tls;
        }

        private CertificateCheck Check(string caFile) {
            try {
                return new CertificateCheck(Ascii(), caFile);
            } catch (Exception error) {  // of File and of the system's decoders
                throw new Ended("ca_file", error.GetType().Name);
            }
        }

        private string Ascii() {
            IPAddress address;
            return IPAddress.TryParse(host, out address) ? host : new IdnMapping().GetAscii(host);
        }

        // Each stack has exceptions of its own: all are caught, and what knows more is asked first.
        private void Guarded(Action step, CertificateCheck check) {
            try {
                Wait(step);
            } catch (Ended) {
                throw;
            } catch (Exception error) {
                if (check != null && check.Problem != null) {
                    throw new Ended("certificate", check.Problem);
                }
                bool noTls = check != null && wire.First >= 0 && wire.First != Handshake;
                if (wire.Lost != null && !(noTls && wire.Lost.Word == "closed")) {
                    throw wire.Lost;
                }
                throw new Ended("tls", noTls ? "not a handshake" : error.GetBaseException().Message);
            }
        }

        private int Read(int offset) {
            int read = 0;
            Guarded(() => { read = stream.Read(buffer, offset, buffer.Length - offset); }, null);
            if (read == 0) { throw wire.Lost ?? new Ended("closed"); }
            return read;
        }

        /// <summary>Send all of it. What is read next has a time of its own.</summary>
        public void Write(byte[] data) {
            Begin();
            Guarded(() => {
                stream.Write(data, 0, data.Length);
                stream.Flush();
            }, null);
            Begin();
        }

        /// <summary>The next line, without its end.</summary>
        public byte[] Line() {
            int end, seen = 0;
            while ((end = Array.IndexOf(buffer, (byte)'\n', seen, filled - seen)) < 0) {
                if (filled == buffer.Length) { throw new Ended("too_long", "line"); }
                seen = filled;
                filled += Read(filled);
            }
            return Taken(end + 1).Take(end).ToArray();
        }

        /// <summary>At most so many bytes of what has come, or comes next.</summary>
        public byte[] Some(int most) {
            filled = filled == 0 ? Read(0) : filled;
            return Taken(Math.Min(most, filled));
        }

        private byte[] Taken(int count) {
            byte[] taken = new byte[count];
            Buffer.BlockCopy(buffer, 0, taken, 0, count);
            Buffer.BlockCopy(buffer, count, buffer, 0, filled - count);
            filled -= count;
            return taken;
        }

        public void Dispose() {
            if (Socket != null) {
                Socket.Close();
            }
        }
    }
}
