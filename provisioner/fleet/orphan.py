"""Ansible processes whose `provisioner` was killed: ended, so that none works behind our back."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

_GRACE_SECONDS = 15.0  # as long as an interrupted run gives its hosts
_PROCESSES = Path("/proc")  # Linux; elsewhere none is found


def end_orphans(parent: Path, prefix: str, is_abandoned: Callable[[Path], bool]) -> None:
    """End the processes that name a run's folder which is abandoned, or gone: first by SIGTERM.

    The folder is `parent`/`prefix`..., on the command line of every Ansible process of a run.
    """
    pattern = re.compile(re.escape(os.fsencode(parent / prefix)) + rb"[^/\0]*")
    deadline = time.monotonic() + _GRACE_SECONDS
    number = signal.SIGTERM
    told: set[int] = set()
    while found := set(_orphans(pattern, is_abandoned)):
        if time.monotonic() > deadline:
            number, told = signal.SIGKILL, set()
            deadline += 1.0
        for pid in found - told:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        told |= found
        time.sleep(0.05)


def _orphans(pattern: re.Pattern[bytes], is_abandoned: Callable[[Path], bool]) -> Iterator[int]:
    """Our user's processes; not ourselves, and none that only waits for its parent to ask."""
    for process in _PROCESSES.glob("[0-9]*"):
        with suppress(OSError):
            if process.stat().st_uid != os.geteuid() or int(process.name) == os.getpid():
                continue
            named = pattern.search((process / "cmdline").read_bytes())
            if named is None or _has_ended(process):
                continue
            if _is_gone_or(is_abandoned, _as_it_sees(process, named[0])):
                yield int(process.name)


def _as_it_sees(process: Path, folder: bytes) -> Path:
    """A path in the process's own view of the file system: in another one, a run that lives
    would look as if its folder were gone (containers, PrivateTmp).
    """
    return process / "root" / os.fsdecode(folder).lstrip("/")


def _is_gone_or(is_abandoned: Callable[[Path], bool], folder: Path) -> bool:
    try:
        folder.lstat()
    except FileNotFoundError:
        return True
    return is_abandoned(folder)


def _has_ended(process: Path) -> bool:
    return (process / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
