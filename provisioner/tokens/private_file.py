"""Files that only their owner reads: checked when read, 0600 from the first byte when written."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable
from pathlib import Path

_PRIVATE = 0o600
_MOST_BYTES = 1024 * 1024


def read_private(path: Path, check: Callable[[Path, os.stat_result], None]) -> bytes:
    """The file's bytes, after `check` had a look at its owner and mode.

    A link is not followed: in a checkout it could point anywhere. OSError as from `open`.
    """
    # O_NONBLOCK: a named pipe must not make us wait for a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        check(path, status)
        if stat.S_IMODE(status.st_mode) & 0o077:
            os.fchmod(descriptor, _PRIVATE)  # git keeps no 0600
        return file.read(_MOST_BYTES)


def write_private(path: Path, content: bytes, *, working_folder: Path) -> None:
    """Replace the file in one step: whoever reads sees the old or the new content, whole.

    `working_folder` lies on the same file system. A kill leaves at most a temporary file there,
    which the next write takes away: the caller holds a lock, so it is nobody's.
    """
    temporary = working_folder / f"{path.name}.{secrets.token_hex(8)}.tmp"
    try:
        for left_over in working_folder.glob(f"{path.name}.*.tmp"):
            left_over.unlink(missing_ok=True)
        _write_new(temporary, content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def create_private(path: Path, content: bytes) -> None:
    """Write a file that must not exist yet, whole or not at all. FileExistsError if it does."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        _write_new(temporary, content)
        path.hardlink_to(temporary)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make what was created, renamed or removed in the folder outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_new(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE)
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
