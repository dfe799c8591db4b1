"""One process of the lab: its own log, its identity on disk, ended by pid with all it started."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.lab.errors import LabError
from tests.support.lab.identity import Identity, children_of

# A namespace of its own for each daemon that forks: when its first process ends, the kernel ends
# the others (pid_namespaces(7)), so no worker of Dovecot or Postfix ever stays behind.
# A shell is that first process: the daemons change their user, and a process that does is no
# longer tied to its parent's end (prctl(2)).
ENCLOSED = (
    *("unshare", "--pid", "--mount-proc", "--fork", "--kill-child", "--"),
    *("sh", "-c", '"$@" & wait "$!"', "sh"),
)
# The lab dies with the test run, however that ends (prctl(2), PR_SET_PDEATHSIG).
_TIED_TO_US = ("setpriv", "--pdeathsig", "KILL", "--")


@dataclass(frozen=True, slots=True)
class Process:
    """A process that runs."""

    name: str
    log: Path
    record: Path
    popen: subprocess.Popen[bytes]

    @classmethod
    def start(cls, folder, name, argv, *, enclosure=()):
        """Start `argv`; its output goes to `logs/NAME.log`, its identity to `pids/NAME`."""
        log, record = folder / "logs" / f"{name}.log", folder / "pids" / name
        with log.open("ab") as output:
            popen = subprocess.Popen(
                [*_TIED_TO_US, *enclosure, *argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=folder,
                env=_environment(folder),
                start_new_session=True,  # Ctrl-C is for the tests; they end the lab in order
            )
        record.write_text(str(Identity.of(popen.pid)))
        return cls(name, log, record, popen)

    def wait_until(self, ready, seconds=20):
        """Wait until `ready()`; a process that ends before, or is too slow, is a LabError."""
        end = time.monotonic() + seconds
        while not ready():
            if self.popen.poll() is not None:
                self.record.unlink(missing_ok=True)
                raise LabError(f"{self.name} ended at its start with {self._last_words()}")
            if time.monotonic() > end:
                self.stop()
                raise LabError(f"{self.name} is not up after {seconds} s: {self._last_words()}")
            time.sleep(0.01)

    def stop(self):
        """End the process and everything in its namespace."""
        end_with_children(self.popen.pid)
        self.popen.wait(timeout=10)
        self.record.unlink(missing_ok=True)

    def runs(self):
        """Whether it is still there."""
        return self.popen.poll() is None

    def _last_words(self):
        lines = self.log.read_text(errors="replace").splitlines()[-8:]
        return f"exit code {self.popen.poll()}\n  " + "\n  ".join(lines or ["(it said nothing)"])


def end_with_children(pid):
    """End the children first: `unshare` outlives its namespace just long enough to reap it."""
    with suppress(ProcessLookupError):
        this = Identity.of(pid)
        children = children_of(pid)
        for child in children:
            child.end()
        if not children or not _ended(this, seconds=2):
            this.end()


def _ended(this, seconds):
    end = time.monotonic() + seconds
    while this.runs():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


def _environment(folder):
    """Nothing of the caller's but the PATH: the lab is the same wherever it is started."""
    return {
        "PATH": os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
    }
