"""Files that only their owner reads: opened with care, replaced in one step, locked by name."""

from __future__ import annotations

import errno
import fcntl
import getpass
import os
import secrets
import socket
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from provisioner.errors import FileUnusable, LockHeld
from provisioner.text import foreign

_MOST_BYTES = 1024 * 1024
_POLL_SECONDS = 0.05
_NO_FALLOCATE = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)


def read_private(
    path: Path, *, judge: Callable[[os.stat_result], None] | None = None
) -> bytes | None:
    """The file's bytes, at most 1 MiB; None where there is none. OSError as from `open`.

    A link is not followed, since in a checkout it may lead anywhere, and git keeps no mode 0600,
    so the file is closed to others. With `judge` both are left to it: it sees the opened file.
    """
    follow = 0 if judge else os.O_NOFOLLOW
    try:
        # O_NONBLOCK: a named pipe must not make us wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | follow)
    except FileNotFoundError:
        return None
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        if judge:
            judge(status)
        if status.st_size > _MOST_BYTES:
            raise OSError(errno.EFBIG, "larger than 1 MiB", str(path))
        if not judge and status.st_mode & 0o077 and status.st_uid == os.geteuid():
            os.fchmod(descriptor, 0o600)
        return os.read(descriptor, _MOST_BYTES)
    finally:
        os.close(descriptor)


def read_regular(path: Path, most_bytes: int) -> bytes:
    """At most so many bytes of a file. OSError; a pipe or a device is not even opened."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    # O_NONBLOCK: one may take the file's place in that moment.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        return file.read(most_bytes)


class Exposure(StrEnum):
    """What other users have to do with a file that should be only the user's, at worst."""

    NONE = ""
    FOREIGN = "belongs to another user"
    WRITABLE = "can be written by other users"
    READABLE = "can be read by other users"


def exposure_of(status: os.stat_result) -> Exposure:
    """Root's files may be read by their group: secrets of containers and of systemd are."""
    if status.st_uid not in (0, os.geteuid()):
        return Exposure.FOREIGN
    if status.st_mode & 0o022:
        return Exposure.WRITABLE
    readers = 0o044 if status.st_uid else 0o004
    return Exposure.READABLE if status.st_mode & readers else Exposure.NONE


# Puts the new content in place of the file; at most once. On return it is on disk, as is the name.
Replacement = Callable[[bytes], None]


@contextmanager
def replacing(
    path: Path, *, mode: int = 0o600, room: int = 0, folder: Path | None = None
) -> Iterator[Replacement]:
    """Replace a file in one step: whoever reads sees the old or the new content, whole.

    `room` bytes are allocated and on disk at entry, so that a full disk is found before anything
    is asked for that cannot be had twice. `folder`: for the unfinished file, on the same file
    system. OSError; a kill leaves at most an unfinished file there.
    """
    # A name of bounded length: one that is appended to could become too long.
    unfinished = (folder or path.parent) / f".{path.name[:100]}.{secrets.token_hex(8)}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    descriptor = os.open(unfinished, flags, mode)

    def replace(content: bytes) -> None:
        left = memoryview(content)
        while left:
            left = left[os.write(descriptor, left) :]
        os.ftruncate(descriptor, len(content))
        os.fsync(descriptor)
        unfinished.replace(path)
        sync_folder(path.parent)

    try:
        if room:
            _reserve(descriptor, room)
        yield replace
    finally:
        os.close(descriptor)
        unfinished.unlink(missing_ok=True)


def replace_file(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write a file in one step. OSError, and then the old content is still there."""
    with replacing(path, mode=mode) as replace:
        replace(content)


def sync_folder(folder: Path) -> None:
    """Make what was created, renamed or removed in the folder outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def process_owner() -> str:
    """Who runs this, as other people read it: user@machine (pid 42)."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()} (pid {os.getpid()})"


@contextmanager
def exclusive_lock(
    path: Path,
    subject: str,
    *,
    remedy: str,
    owner: str = "",
    holding: str = "",
    wait_seconds: float = 0.0,
    on_wait: Callable[[str], None] | None = None,
    check: Callable[[], None] | None = None,
) -> Iterator[None]:
    """Hold the lock; LockHeld says that `subject` is locked, by `holding` and whom, and `remedy`.

    The system releases it when its holder ends, however that ends. The file stays: removing it
    would let two runs lock two files of one name. `owner`: if more is to be said of this run than
    `process_owner`. `on_wait` is called once with the holder; `check` at each turn, and may raise.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with _as_unlockable(path):
        descriptor = os.open(path, flags, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise FileUnusable(f"{path} is not a lock file", remedy="check it, then delete it")
        deadline = time.monotonic() + wait_seconds
        while not _acquired(path, descriptor):
            holder = foreign(os.pread(descriptor, 500, 0).decode(errors="replace"))
            holder = holder or "a run that has not written its name yet"
            if time.monotonic() >= deadline:
                raise LockHeld(f"{subject} is locked by {holding}{holder}", remedy=remedy)
            if on_wait is not None:
                on_wait(holder)
                on_wait = None
            time.sleep(_POLL_SECONDS)
            if check is not None:
                check()
        with _as_unlockable(path):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, (owner or process_owner()).encode(errors="replace"), 0)
        yield
    finally:
        os.close(descriptor)


def _acquired(path: Path, descriptor: int) -> bool:
    with _as_unlockable(path):  # a network file system may have no locks
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


@contextmanager
def _as_unlockable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FileUnusable(
            f"cannot lock {path}: {error.strerror}",
            remedy="check the owner, mode and free space of its folder, and that the file system "
            "has locks",
        ) from None


def _reserve(descriptor: int, room: int) -> None:
    try:
        os.posix_fallocate(descriptor, 0, room)
    except OSError as error:
        if error.errno not in _NO_FALLOCATE:
            raise
        os.pwrite(descriptor, bytes(room), 0)  # a file system that cannot allocate
    os.fsync(descriptor)
