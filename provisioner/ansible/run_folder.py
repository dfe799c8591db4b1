"""The folder that a run's controller and Ansible's workers share: input, locks, progress, answers.

run.json    what the workers read; 0600
in-use      locked as long as the controller lives
stop        nothing begins any more; with the text `interrupted` nothing waits for a turn either
progress    a JSON line for each phase of a host; may get lost
hosts/      a file for each host that was begun, under the digest of its name. Locked: its
            worker lives. Free, and ANSWERED is at its head: done. Free without it: the worker
            died. Renamed at the stop, so that nothing begins after it
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import signal
import stat
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import msgspec
from msgspec import Struct

from provisioner.errors import FleetError

ROOM = 64 * 1024  # bytes reserved for a host before it is begun
_SPARE, _SPARE_FILES = 1024 * 1024, 100  # what Ansible and ansible-runner write
_SEMAPHORES = 64 * 1024  # bytes, a page each
_MEMORY = Path("/dev/shm")  # noqa: S108  the kernel's tmpfs: secrets never reach a disk
_PREFIX = "maps-provisioner-"
_BEING_MADE_SECONDS = 60.0  # a folder without a lock file may be another run's first moment
_HEAD = 16  # bytes before an answer: the worker's process id, then ANSWERED
_ANSWERED = b"answered".ljust(_HEAD)

ENDED = "the run has ended, or begins no further host"


class Phase(Struct, frozen=True):
    """What a host's worker does now."""

    host: str
    phase: str


class NotBegun(Exception):
    """Nothing may be done with this host, and nothing was. `reason` is ENDED, or says why not."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


# -- the controller's side


class RunFolder:
    """What the controller sees of its workers."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._hosts = path / "hosts"
        self.is_stopped = False
        self._read = 0  # bytes of progress

    def progress(self) -> Iterator[Phase]:
        """The phases since the last call; a torn line is left out."""
        with (self.path / "progress").open("rb") as file:
            file.seek(self._read)
            lines = file.read().splitlines(keepends=True)
        for line in lines:
            if line.endswith(b"\n"):
                self._read += len(line)
                with suppress(msgspec.DecodeError):
                    yield msgspec.json.decode(line, type=Phase)

    def begun(self, hosts: Iterable[str]) -> dict[str, bool]:
        """Those of `hosts` that were begun and whose answers were not yet taken -> is at work."""
        names = {file.name for file in self._hosts.iterdir()}
        found = [host for host in hosts if _name(host) in names]
        return {host: _is_locked(self._hosts / _name(host)) for host in found}

    @property
    def is_idle(self) -> bool:
        """Whether no worker is at work."""
        return not any(_is_locked(file) for file in self._hosts.iterdir())

    def take_answer(self, host: str) -> bytes | None:
        """The answer of a host that is not at work, which gives its room free; None: it died."""
        file = self._hosts / _name(host)
        content = file.read_bytes()
        file.unlink()
        return content[_HEAD:] if content.startswith(_ANSWERED) else None

    def stop(self, *, interrupted: bool) -> None:
        """Let no further host begin, from now on for certain. May be called again."""
        if not self.is_stopped:
            self._hosts = self._hosts.rename(self.path / "hosts-stopped")
            self.is_stopped = True
        with suppress(OSError):  # full: who waits for a turn goes on to wait
            (self.path / "stop").write_text("interrupted" if interrupted else "")

    def kill_workers(self) -> None:
        """Kill the workers and what they started; what runs on hosts is out of reach.

        As long as a file is locked its worker lives, so the number in it is of no other process.
        """
        for file in self.path.glob("hosts*/*"):
            with suppress(OSError, ValueError):
                worker = int(file.read_bytes()[:_HEAD])
                if _is_locked(file) and _names(worker, self.path):
                    os.killpg(worker, signal.SIGKILL)  # Ansible gives each its own session


@contextmanager
def run_folder(content: bytes, forks: int) -> Iterator[RunFolder]:
    """A fresh private folder; removed whatever happens, by the next run if this one is killed.

    FleetError if there is no room for the input and an answer of each fork.
    """
    _remove_abandoned()
    parent = _parent(len(content) + forks * ROOM + _SPARE, 2 * forks + _SPARE_FILES)
    path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))  # mkdtemp: 0700
    in_use = -1
    try:
        in_use = _new_file(path / "in-use.new")
        fcntl.flock(in_use, fcntl.LOCK_EX)
        (path / "in-use.new").rename(path / "in-use")
        (path / "hosts").mkdir(mode=0o700)
        (path / "progress").touch(mode=0o600)
        write_private(path / "run.json", content)
        yield RunFolder(path)
    finally:
        shutil.rmtree(path, ignore_errors=True)
        if in_use >= 0:
            os.close(in_use)


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that only its owner can read, from its first byte on."""
    with os.fdopen(_new_file(path), "wb") as file:
        file.write(content)


def _parent(needed: int, files: int) -> Path:
    _require_semaphores()
    temporary = Path(tempfile.gettempdir())
    for folder in (_MEMORY, temporary):
        if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
            room = os.statvfs(folder)
            counts = room.f_files > 0  # not every file system has a most of files
            if room.f_bavail * room.f_frsize >= needed and (not counts or room.f_favail >= files):
                return folder
    raise FleetError(
        f"no room for the files of this run: {needed // 1024:,} KiB and {files} files are needed "
        f"in {_MEMORY} or {temporary}",
        remedy="free some space there, or set TMPDIR to a folder that has it",
    )


def _require_semaphores() -> None:
    """Ansible keeps its locks in shared memory, and waits for ever where there is no room."""
    if _MEMORY.is_dir():
        room = os.statvfs(_MEMORY)
        if room.f_bavail * room.f_frsize < _SEMAPHORES:
            raise FleetError(
                f"{_MEMORY} is full, and Ansible's own locks are there",
                remedy=f"free some space in {_MEMORY}; 1 MiB is enough",
            )


def _remove_abandoned() -> None:
    """What a run left behind that was killed: its secrets, and what still works for it."""
    for parent in {_MEMORY, Path(tempfile.gettempdir())}:
        for folder in parent.glob(f"{_PREFIX}*"):
            with suppress(OSError):  # another run removes it, too
                if _is_abandoned(folder):
                    RunFolder(folder).kill_workers()
                    shutil.rmtree(folder, ignore_errors=True)


def _names(process: int, folder: Path) -> bool:
    """Whether it is Ansible's: a container may share the folder, and count processes anew."""
    command = Path(f"/proc/{process}/cmdline")
    return not Path("/proc/self").exists() or os.fsencode(folder) in command.read_bytes()


def _is_abandoned(folder: Path) -> bool:
    """A folder of our own that no run holds; OSError if it goes away meanwhile."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        return False
    try:
        return not _is_locked(folder / "in-use")
    except FileNotFoundError:
        return time.time() - status.st_mtime > _BEING_MADE_SECONDS


# -- the worker's side


def is_alive(folder: Path) -> bool:
    """Whether the controller lives."""
    try:
        return _is_locked(folder / "in-use")
    except OSError:
        return False


def interrupted(folder: Path) -> bool:
    """Whether the run was interrupted: nothing waits for a turn any more."""
    try:
        return (folder / "stop").read_text() == "interrupted"
    except OSError:
        return False


class Begun:
    """A host that was begun. At its end without an answer it counts as dead."""

    def __init__(self, folder: Path, host: str, file: int) -> None:
        self._folder, self._host, self._file = folder, host, file

    def phase(self, name: str) -> None:
        line = msgspec.json.encode(Phase(self._host, name)) + b"\n"
        with suppress(OSError):
            file = os.open(self._folder / "progress", os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
            with os.fdopen(file, "wb") as progress:
                progress.write(line)

    def goes_on(self) -> bool:
        """Whether it makes sense to wait for a turn: the controller lives, and nobody said stop."""
        return is_alive(self._folder) and not interrupted(self._folder)

    def answer(self, content: bytes, short: bytes) -> None:
        """Leave the answer, or `short` (less than ROOM) where there is no room for it."""
        try:
            self._leave(content)
        except OSError:
            os.ftruncate(self._file, ROOM)
            self._leave(short)

    def _leave(self, content: bytes) -> None:
        _write_at(self._file, content, _HEAD)
        os.ftruncate(self._file, _HEAD + len(content))
        os.pwrite(self._file, _ANSWERED, 0)


@contextmanager
def begin(folder: Path, host: str) -> Iterator[Begun]:
    """Begin a host, once in a run; NotBegun if that may not or cannot be."""
    if not is_alive(folder):
        raise NotBegun(ENDED)
    file = _reserve(folder, host)
    try:
        with _no_termination():
            yield Begun(folder, host, file)
    finally:
        os.close(file)


def _reserve(folder: Path, host: str) -> int:
    """Room for an answer under another name, locked before it can be seen."""
    new = folder / f"{_name(host)}.new"
    file = -1
    try:
        file = _new_file(new)
        _write_at(file, str(os.getpid()).encode().ljust(ROOM), 0)
        fcntl.flock(file, fcntl.LOCK_EX)
        new.rename(folder / "hosts" / new.stem)
    except OSError as error:
        new.unlink(missing_ok=True)
        if file >= 0:
            os.close(file)
        if error.errno == errno.ENOENT:  # renamed at the stop, or gone
            raise NotBegun(ENDED) from None
        raise NotBegun(f"no room for an answer in {folder.parent}: {error.strerror}") from None
    return file


@contextmanager
def _no_termination() -> Iterator[None]:
    """Ansible terminates all workers once it has found a dead one: this one finishes its host.

    A handler, since what is ignored would stay so in the programs that a worker starts.
    """
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


# -- both sides


@cache
def _name(host: str) -> str:
    """The file of a host, whose name may be anything."""
    return hashlib.sha256(host.encode("utf-8", "surrogatepass")).hexdigest()


def _new_file(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(path, flags, 0o600)


def _write_at(file: int, content: bytes, place: int) -> None:
    left = memoryview(content)
    while left:
        written = os.pwrite(file, left, place)
        left, place = left[written:], place + written


def _is_locked(file: Path) -> bool:
    """Whether somebody holds it; shared, so that two who ask do not take each other for that."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
