// A connection to a server: name, address, TLS, each step within a time limit. Twin of
// maps_connection.py.

using System;
using System.Diagnostics;
using System.IO;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Ansible.Maps.Anchors;
using Ansible.Maps.Certificate;
using Ansible.Maps.Network;
using Ansible.Maps.Observed;
using Ansible.Maps.Redaction;

namespace Ansible.Maps.Connection {
    /// <summary>One connection, from its opening to Dispose.</summary>
    public sealed class ServerConnection : IDisposable {
        // Below TLS 1.2 nothing is spoken. .NET Framework 4.6.2 has no word for the system's choice
        // and none for TLS 1.3; with .NET the system chooses, and Secure looks at what it chose.
        // https://learn.microsoft.com/dotnet/framework/network-programming/tls
#if CORECLR
        private const SslProtocols Protocols = SslProtocols.None;
#else
        private const SslProtocols Protocols = SslProtocols.Tls12;
#endif
        private const int Tls12 = 3072, Tls13 = 12288;  // SslProtocols' numbers in any version

        private readonly TimeLimit limit;
        private readonly ObservedStream raw;
        private Stream stream;
        private bool ended;

        private ServerConnection(Socket socket, TimeLimit limit) {
            this.limit = limit;
            raw = new ObservedStream(new NetworkStream(socket, true));
            stream = raw;
            Remote = (IPEndPoint)socket.RemoteEndPoint;
            Local = ((IPEndPoint)socket.LocalEndPoint).Address;
        }

        public IPEndPoint Remote { get; private set; }

        public IPAddress Local { get; private set; }

        /// <summary>"TLSv1.2", "TLSv1.3", or null in the clear.</summary>
        public string Tls { get; private set; }

        /// <summary>Whether the other side has ended it.</summary>
        public bool HungUp {
            get { return ended || raw.HungUp; }
        }

        /// <summary>A connection to the first address that answers. LostConnection.</summary>
        public static ServerConnection To(IPAddress[] addresses, int port, TimeLimit limit) {
            Stopwatch clock = Stopwatch.StartNew();
            LostConnection failure = new LostConnection("the host name has no address");
            foreach (IPAddress address in addresses) {
                try {
                    return To(new IPEndPoint(address, port), clock, limit);
                } catch (SocketException error) {
                    failure = new LostConnection(NetworkWords.Of(error));
                }
            }
            throw failure;
        }

        private static ServerConnection To(IPEndPoint place, Stopwatch clock, TimeLimit limit) {
            Socket socket = new Socket(place.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try {
                limit.Within(clock, () => socket.Connect(place));
                return new ServerConnection(socket, limit);
            } catch (Exception) {
                socket.Close();
                throw;
            }
        }

        /// <summary>Go on with TLS; from a handshake that fails nothing has been said. TlsFailure,
        /// LostConnection.</summary>
        public void Secure(string host, TrustAnchors anchors) {
            CertificateCheck check = new CertificateCheck(HostNames.Ascii(host), anchors);
            SslStream tls = new SslStream(raw, true, check.Accept);
            stream = tls;
            try {
                limit.Within(() => tls.AuthenticateAsClient(
                    HostNames.Ascii(host), new X509CertificateCollection(), Protocols, false));
            } catch (LostConnection) {
                throw;
            } catch (Exception error) {
                if (check.Problem != null) {
                    throw new TlsFailure("certificate not accepted: " + check.Problem, true);
                }
                throw Failure(error);
            }
            Tls = Version(tls);
        }

        private static string Version(SslStream tls) {
            int version = (int)tls.SslProtocol;
            if (version != Tls12 && version != Tls13) {
                throw new TlsFailure("TLS failed: the server speaks no version from 1.2 on", false);
            }
            return version == Tls12 ? "TLSv1.2" : "TLSv1.3";
        }

        /// <summary>Read what has come, at least a byte, before the limit that `clock` measures.</summary>
        public int Read(byte[] buffer, Stopwatch clock) {
            int count = 0;
            Guarded(() => limit.Within(clock, () => { count = stream.Read(buffer, 0, buffer.Length); }));
            ended = count == 0;
            if (ended) {
                throw new LostConnection(NetworkWords.Closed);
            }
            return count;
        }

        public void Write(byte[] data) {
            Guarded(() => limit.Within(() => {
                stream.Write(data, 0, data.Length);
                stream.Flush();
            }));
        }

        /// <summary>The same, but as last words: nobody waits long for them or minds if they fail.</summary>
        public void WriteLast(byte[] data) {
            try {
                new TimeLimit(1.0).Within(() => stream.Write(data, 0, data.Length));
            } catch (Exception) {
                return;  // the connection is at its end, whether they arrive or not
            }
        }

        public void Dispose() {
            raw.Dispose();
        }

        private void Guarded(Action step) {
            try {
                step();
            } catch (LostConnection) {
                throw;
            } catch (Exception error) {
                throw Failure(error);
            }
        }

        /// <summary>What went wrong: the network, the other side that hung up, or TLS itself.</summary>
        private Exception Failure(Exception error) {
            SocketException network = NetworkWords.Inside(error) ?? raw.Failure;
            if (network != null) {
                return new LostConnection(NetworkWords.Of(network));
            }
            if (raw.HungUp || stream == raw) {
                return new LostConnection(NetworkWords.Closed);
            }
            while (error.InnerException != null) {
                error = error.InnerException;
            }
            return new TlsFailure("TLS failed: " + Redacted.OneLine(error.Message, 200), false);
        }
    }
}
