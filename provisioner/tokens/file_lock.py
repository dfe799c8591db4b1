"""One run at a time works on what a lock file stands for."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from provisioner.errors import LockHeld, TokenStoreError

_POLL_SECONDS = 0.05


@contextmanager
def file_lock(path: Path, subject: str, *, wait_seconds: float) -> Iterator[None]:
    """Hold the lock; LockHeld if another run keeps it longer than `wait_seconds`.

    `subject` says what is locked, in the plural: the tokens of Reports.
    The system gives it back when its holder ends, however that ends. The file stays:
    removing it would let two runs lock two files of one name.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unusable(path, error) from None
    try:
        _acquire(path, descriptor, subject, wait_seconds)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _acquire(path: Path, descriptor: int, subject: str, wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise _held(descriptor, subject) from None
            time.sleep(_POLL_SECONDS)
        except OSError as error:  # a network file system without locks
            raise _unusable(path, error) from None
        else:
            return


def _held(descriptor: int, subject: str) -> LockHeld:
    process = os.pread(descriptor, 20, 0).decode("ascii", errors="replace").strip()
    holder = f"process {process}" if process.isdigit() else "another run"
    return LockHeld(
        f"{subject} are being worked on by {holder}",
        remedy="wait until it has ended, then run again; the lock ends with that process",
    )


def _unusable(path: Path, error: OSError) -> TokenStoreError:
    return TokenStoreError(
        f"{path} cannot be locked: {error.strerror}",
        remedy="keep tokens/ on a file system with locks, in a folder of your own",
    )
