"""One run of the lab: a number, and with it a folder and a loopback network of its own.

The number is held by a lock, so two runs never share one, and a run whose lock is free is stale,
whatever became of its owner.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.lab.errors import LabError
from tests.support.lab.identity import Identity
from tests.support.lab.process import Process, end_with_children

NUMBERS = range(1, 200)
KEEP = "LAB_KEEP"  # set it to look at the logs after the run


def base_folder():
    """Where the runs lie: short, since Unix socket paths end at 108 bytes; unix(7)."""
    if os.geteuid() == 0:
        return Path("/run/maps-lab")
    return Path(tempfile.gettempdir()) / f"maps-lab-{os.geteuid()}"


@dataclass(frozen=True, slots=True)
class Run:
    """A claimed number. `close()` leaves no process, no mount and no file."""

    number: int
    folder: Path
    lock: int
    processes: list[Process] = field(default_factory=list)

    @classmethod
    def claim(cls, base=None):
        """Clean up after stale runs, then take the lowest free number."""
        base = base or base_folder()
        _make_private(base)
        clean_stale(base)
        for number in NUMBERS:
            lock = _lock(base, number)
            if lock is not None:
                return cls(number, _fresh_folder(base / str(number)), lock)
        raise LabError(f"all {len(NUMBERS)} lab numbers are in use; see {base}")

    def address(self, last):
        """One address of the run's own loopback network."""
        return f"127.77.{self.number}.{last}"

    def start(self, name, argv, *, enclosure=()):
        """Start a process that ends with the run at the latest."""
        process = Process.start(self.folder, name, argv, enclosure=enclosure)
        self.processes.append(process)
        return process

    def close(self):
        """End what still runs, unmount, remove the folder, give the number back."""
        try:
            for process in reversed(self.processes):
                process.stop()
            clean_up(self.folder, keep_files=KEEP in os.environ)
        finally:
            os.close(self.lock)


def clean_stale(base):
    """Clean up after each run whose owner is gone; the numbers of those."""
    cleaned = []
    for folder in sorted(base.glob("[0-9]*/")):
        lock = _lock(base, int(folder.name))
        if lock is None:
            continue
        try:
            clean_up(folder)
        finally:
            os.close(lock)
        cleaned.append(int(folder.name))
    return cleaned


def clean_up(folder, *, keep_files=False):
    """End the processes that a run recorded, unmount what it mounted, remove its files."""
    for record in (folder / "pids").glob("*"):
        text = record.read_text()
        if text and (process := Identity.parse(text)).runs():
            end_with_children(process.pid)
        record.unlink()
    for mount in _mounts_below(folder):
        subprocess.run(["umount", "--lazy", mount], check=True)
    if not keep_files:
        shutil.rmtree(folder)


def _lock(base, number):
    """The held lock of a number, or None while a run holds it. Child processes don't inherit it."""
    lock = os.open(base / f"{number}.lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def _make_private(base):
    """Others may pass through (the mail user must), not list or write."""
    base.mkdir(mode=0o711, exist_ok=True)
    if base.is_symlink() or base.stat().st_uid != os.geteuid():
        raise LabError(f"{base} belongs to somebody else; remove it")


def _fresh_folder(folder):
    if folder.exists():  # kept for looking at, or left by an owner that ended a moment ago
        clean_up(folder)
    for part in (folder, folder / "logs", folder / "pids"):
        part.mkdir(mode=0o755)
    return folder


def _mounts_below(folder):
    """Deepest first."""
    points = (line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines())
    return sorted((p for p in points if p.startswith(f"{folder}/")), key=len, reverse=True)
