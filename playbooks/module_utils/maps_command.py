"""A command of the host's administrator: its exit code and its last words, without secrets."""

from __future__ import annotations

import os
import signal
import subprocess
import threading

from .maps_redaction import last_lines, redacted

# As timeout(1) and the shell have them.
TIMED_OUT, NOT_EXECUTABLE, NOT_FOUND = 124, 126, 127

_KEPT_BYTES = 16384


class Ended:
    """How a command ended; `started` says whether it ran at all."""

    def __init__(self, code, output, started=True):
        self.code, self.output, self.started = code, output, started


def run(argv, timeout, secrets, inherited=()):
    """Run it without a shell, in a session of its own; after `timeout` seconds kill all of it.

    `inherited`: descriptors that it gets beside its standard streams.
    """
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=inherited,
        )
    except OSError as error:
        code = NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE
        return Ended(code, f"{argv[0]}: {error.strerror}", started=False)
    output = _Tail(process.stdout)
    try:
        code = process.wait(timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        code = TIMED_OUT
    text = last_lines(redacted(output.text(), secrets))
    if code == TIMED_OUT:
        text = "\n".join(filter(None, (text, f"killed: it did not end within {timeout:g} s")))
    return Ended(code, text)


class _Tail:
    """The end of a stream, read beside: a daemon that keeps it open must not hold us up."""

    def __init__(self, stream):
        self._stream, self._kept = stream, b""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        with self._stream:
            for piece in iter(lambda: self._stream.read1(4096), b""):
                self._kept = (self._kept + piece)[-_KEPT_BYTES:]

    def text(self):
        self._thread.join(1.0)
        # UTF-16 is full of zeros, between which no secret would be found.
        return self._kept.replace(b"\0", b"").decode("utf-8", "replace")
