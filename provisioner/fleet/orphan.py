"""Ansible processes whose `provisioner` was killed: ended, so that none works behind our back."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_GRACE_SECONDS = 15.0  # as long as an interrupted run gives its hosts
_PROCESSES = Path("/proc")  # Linux; elsewhere none is found


def end_orphans(folder: Path) -> None:
    """End the processes that were started with an abandoned run's folder: first by SIGTERM."""
    deadline = time.monotonic() + _GRACE_SECONDS
    number = signal.SIGTERM
    told: set[int] = set()
    while found := set(_processes_of(folder)):
        if time.monotonic() > deadline:
            number, told = signal.SIGKILL, set()
            deadline += 1.0
        for pid in found - told:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        told |= found
        time.sleep(0.05)


def _processes_of(folder: Path) -> Iterator[int]:
    """Our user's processes with a file of that folder on their command line, ourselves apart."""
    needle = os.fsencode(folder) + b"/"
    for process in _PROCESSES.glob("[0-9]*"):
        with suppress(OSError):
            ours = process.stat().st_uid == os.geteuid() and int(process.name) != os.getpid()
            if ours and needle in (process / "cmdline").read_bytes() and not _is_dead(process):
                yield int(process.name)


def _is_dead(process: Path) -> bool:
    """Ended, and only its parent has not asked yet."""
    return (process / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
