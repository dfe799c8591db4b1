// How the bytes of a connection ended, which TLS does not tell alike in every .NET.

using System;
using System.IO;
using System.Net.Sockets;
using Ansible.Maps.Network;

namespace Ansible.Maps.Observed {
    /// <summary>The bytes of a connection below TLS: it remembers how they ended.</summary>
    internal sealed class ObservedStream : Stream {
        private readonly NetworkStream inner;

        public ObservedStream(NetworkStream inner) {
            this.inner = inner;
        }

        /// <summary>Whether the other side has ended the connection.</summary>
        public bool HungUp { get; private set; }

        /// <summary>The socket's error, if it had one.</summary>
        public SocketException Failure { get; private set; }

        public override bool CanRead {
            get { return true; }
        }

        public override bool CanWrite {
            get { return true; }
        }

        public override bool CanSeek {
            get { return false; }
        }

        public override long Length {
            get { throw new NotSupportedException(); }
        }

        public override long Position {
            get { throw new NotSupportedException(); }
            set { throw new NotSupportedException(); }
        }

        public override int Read(byte[] buffer, int offset, int count) {
            try {
                int read = inner.Read(buffer, offset, count);
                HungUp = HungUp || (read == 0 && count > 0);
                return read;
            } catch (IOException error) {
                Failure = NetworkWords.Inside(error);
                throw;
            }
        }

        public override void Write(byte[] buffer, int offset, int count) {
            try {
                inner.Write(buffer, offset, count);
            } catch (IOException error) {
                Failure = NetworkWords.Inside(error);
                throw;
            }
        }

        public override void Flush() {
            inner.Flush();
        }

        public override long Seek(long offset, SeekOrigin origin) {
            throw new NotSupportedException();
        }

        public override void SetLength(long value) {
            throw new NotSupportedException();
        }

        protected override void Dispose(bool disposing) {
            inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
