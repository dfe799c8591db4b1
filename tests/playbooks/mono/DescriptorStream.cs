// What can be read from a descriptor. Mono's FileStream takes none that Mono did not open itself.

using System;
using System.IO;
using System.Runtime.InteropServices;

public sealed class DescriptorStream : Stream {
    private readonly int descriptor;
    private volatile bool closed;

    public DescriptorStream(int descriptor) {
        this.descriptor = descriptor;
    }

    public override int Read(byte[] buffer, int offset, int count) {
        if (closed) {
            return 0; // the number may be another file's by now
        }
        byte[] piece = new byte[count];
        int found = (int)Libc.read(descriptor, piece, (IntPtr)count);
        if (found == -1) {
            throw new IOException(Libc.Fault(Marshal.GetLastWin32Error(), null).Message);
        }
        Array.Copy(piece, 0, buffer, offset, found);
        return found;
    }

    protected override void Dispose(bool disposing) {
        if (!closed) {
            closed = true;
            Libc.close(descriptor);
        }
        base.Dispose(disposing);
    }

    public override bool CanRead {
        get { return !closed; }
    }

    public override bool CanSeek {
        get { return false; }
    }

    public override bool CanWrite {
        get { return false; }
    }

    public override void Flush() {
    }

    public override long Length {
        get { throw new NotSupportedException(); }
    }

    public override long Position {
        get { throw new NotSupportedException(); }
        set { throw new NotSupportedException(); }
    }

    public override long Seek(long offset, SeekOrigin origin) {
        throw new NotSupportedException();
    }

    public override void SetLength(long value) {
        throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count) {
        throw new NotSupportedException();
    }
}
