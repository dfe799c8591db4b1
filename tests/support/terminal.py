"""A terminal in which a command runs, as a person has it: keys go in, words come out."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time

CTRL_C = "\x03"
CTRL_D = "\x04"
_SECONDS = 60.0
# The command becomes the leader of the terminal's session, as a shell's would be its job.
_IN_FOREGROUND = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
_IN_BACKGROUND = """
import fcntl, subprocess, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
sys.exit(subprocess.run(sys.argv[1:], process_group=0).returncode)
"""
# Until SIGUSR1 the command has the terminal; then it is a job in the background, as after `bg`.
IN_FOREGROUND_AT_FIRST = """
import fcntl, os, signal, subprocess, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
job = subprocess.Popen(sys.argv[1:], process_group=0)
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
os.tcsetpgrp(0, job.pid)
signal.sigwait({signal.SIGUSR1})
os.tcsetpgrp(0, os.getpgrp())
sys.exit(job.wait())
"""


class Terminal:
    """From `with` to its end; whatever still runs then is killed.

    `output` is what was shown since the last answer, standard output and error alike. `columns`:
    of a window of 24 lines; 0: it has no size, as in many a CI.
    """

    def __init__(
        self,
        arguments,
        *,
        folder,
        environment,
        in_foreground=True,
        launcher="",
        columns=0,
        colored=False,
    ):
        self._master, self._slave = pty.openpty()
        termios.tcsetwinsize(self._slave, (24 if columns else 0, columns))
        self.modes_before = self.modes()
        self.output = ""
        launcher = launcher or (_IN_FOREGROUND if in_foreground else _IN_BACKGROUND)
        self.process = subprocess.Popen(
            [sys.executable, "-c", launcher, *arguments],
            cwd=folder,
            env=environment if colored else {**environment, "NO_COLOR": "1"},
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            start_new_session=True,
        )

    def modes(self):
        return termios.tcgetattr(self._slave)

    def set_modes(self, modes):
        termios.tcsetattr(self._slave, termios.TCSANOW, modes)

    def shows_what_is_typed(self):
        return bool(self.modes()[3] & termios.ECHO)

    def wait_for(self, pattern):
        """Read until the pattern is there; it is looked for in all of `output`."""
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            if found := re.search(pattern, self.output):
                return found
            self._read(0.1)
        raise AssertionError(f"{pattern!r} was not shown, but:\n{self.output}")

    def answer(self, question, text):
        """Type the text and Enter when the question is shown; what was shown before is past."""
        self.output = self.output[self.wait_for(re.escape(question)).end() :]
        self.type(text + "\n")

    def wait_until_unseen(self):
        deadline = time.monotonic() + _SECONDS
        while self.shows_what_is_typed():
            assert time.monotonic() < deadline, self.output
            time.sleep(0.02)

    def type(self, keys):
        left = keys.encode()
        while left:  # the terminal takes as much as fits, as it does from a person's paste
            left = left[os.write(self._master, left[:1024]) :]

    def hang_up(self):
        """What a lost connection or a closed window does."""
        os.close(self._master)
        self._master = -1

    def ends(self):
        """The exit code; everything is read until then."""
        deadline = time.monotonic() + _SECONDS
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.output
            self._read(0.1)
        while self._read(0.05):
            pass
        return self.process.returncode

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self._master >= 0:
            self.hang_up()
        os.close(self._slave)

    def _read(self, seconds):
        if self._master < 0:
            time.sleep(seconds)
            return False
        if not select.select([self._master], [], [], seconds)[0]:
            return False
        self.output += os.read(self._master, 65536).decode(errors="replace").replace("\r\n", "\n")
        return True
