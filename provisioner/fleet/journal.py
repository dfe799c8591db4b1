"""The journal of each push: every event with its time, one JSON a line, only ever added to."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from provisioner.deploy.state_dir import state_dir, state_path
from provisioner.errors import FleetError
from provisioner.fleet.run_event import RunEvent, TaskEnded, TaskStarted
from provisioner.text import as_json

SUFFIX = ".jsonl"
_RUNS = "runs"


def event_line(event: RunEvent, at: float) -> str:
    """One event as a line of JSON with its time (UTC), without the line break."""
    moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    return as_json({"at": moment, **event.as_json()})


class Journal:
    """Takes events. A full disk does not stop a push that has begun: `problem` then says so."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.problem = ""

    def append(self, event: RunEvent) -> None:
        """Write one event, on disk before this returns; tasks' events with the next other one."""
        line = (event_line(event, time.time()) + "\n").encode()
        try:
            os.write(self._descriptor, line)
            if not isinstance(event, (TaskStarted, TaskEnded)):  # eight of them a host
                os.fsync(self._descriptor)
        except OSError as error:
            self.problem = self.problem or f"the journal is not whole: {error.strerror}"


@contextmanager
def journal(root: Path, run_id: str, *, keep: int) -> Iterator[Journal]:
    """A new journal of this run, 0600; the oldest ones go while there are more than `keep`."""
    folder = state_dir(root, _RUNS)
    try:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        descriptor = os.open(folder / (run_id + SUFFIX), flags, 0o600)
    except OSError as error:
        raise FleetError(
            f"no journal can be written in {folder}: {error.strerror}",
            remedy="make that folder writable: without a journal, nobody can tell what was done",
        ) from None
    try:
        _remove_oldest(folder, keep)
        yield Journal(descriptor)
    finally:
        os.close(descriptor)


def journal_files(root: Path) -> list[Path]:
    """The journals there are, the oldest first: run ids begin with their time."""
    folder = state_path(root, _RUNS)
    found = folder.glob("*" + SUFFIX) if folder.is_dir() else ()
    return sorted(file for file in found if stat.S_ISREG(file.lstat().st_mode))


def _remove_oldest(folder: Path, keep: int) -> None:
    for file in sorted(folder.glob("*" + SUFFIX))[:-keep]:
        with suppress(OSError):
            file.unlink()
