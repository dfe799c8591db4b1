"""Which process a number means: a pid is given out again, a pid with its start time is not."""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_START_TIME = 19  # field 22 of /proc/PID/stat, counted from the one after the name; proc(5)
_PARENT = 1


@dataclass(frozen=True, slots=True)
class Identity:
    """One process of one boot."""

    pid: int
    started: int
    boot: str

    @classmethod
    def of(cls, pid):
        """The identity of a process that runs; ProcessLookupError when none does."""
        return cls(pid, int(_stat(pid)[_START_TIME]), _BOOT_ID.read_text().strip())

    @classmethod
    def parse(cls, text):
        """Read what `str()` wrote."""
        pid, started, boot = text.split()
        return cls(int(pid), int(started), boot)

    def __str__(self):
        return f"{self.pid} {self.started} {self.boot}"

    def runs(self):
        """Whether just this process is there, and is no zombie."""
        try:
            return Identity.of(self.pid) == self and _stat(self.pid)[0] != "Z"
        except ProcessLookupError:
            return False

    def end(self, seconds=10):
        """Kill just this process and wait for its end; True if it was there."""
        try:
            handle = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return False
        try:
            if not self.runs():  # asked after the handle is held: the number cannot move any more
                return False
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            return bool(select.select([handle], [], [], seconds)[0])
        finally:
            os.close(handle)


def _stat(pid):
    """The fields of /proc/PID/stat after the name, which may hold spaces and brackets."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        raise ProcessLookupError(pid) from None


def children_of(pid):
    """The processes whose parent is `pid`."""
    children = []
    for entry in Path("/proc").iterdir():
        with suppress(ProcessLookupError):
            if entry.name.isdigit() and int(_stat(int(entry.name))[_PARENT]) == pid:
                children.append(Identity.of(int(entry.name)))
    return children
