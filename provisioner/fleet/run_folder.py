"""The folder one Ansible run lives in: 0700, in memory where there is tmpfs, gone at the end."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from provisioner.fleet.orphan import end_orphans

_MEMORY = Path("/dev/shm")  # noqa: S108  the kernel's tmpfs: secrets never reach a disk
_PREFIX = "maps-provisioner-"
_LOCK = "in-use"
_BEING_MADE_SECONDS = 60.0  # a folder without a lock file may be another run's first moment


@contextmanager
def run_folder(parent: Path | None = None) -> Iterator[Path]:
    """A fresh private folder; removed whatever happens, by the next run if this one is killed."""
    parent = parent or _parent()
    _remove_abandoned(parent)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))  # mkdtemp: 0700
    lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def write_private_json(path: Path, content: dict[str, Any]) -> None:
    """Write a new file that only its owner can read, from its first byte on."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(json.dumps(content, ensure_ascii=False))  # json.dump is ten times slower


def _parent() -> Path:
    usable = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK | os.X_OK)
    return _MEMORY if usable else Path(tempfile.gettempdir())


def _remove_abandoned(parent: Path) -> None:
    """What a run left behind that was killed: its Ansible, and deliveries that hold secrets."""
    end_orphans(parent, _PREFIX, _is_abandoned)
    for folder in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError):  # another run removes it, too
            if _is_abandoned(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_abandoned(folder: Path) -> bool:
    """A folder of our own that no run holds; OSError if it goes away meanwhile."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        return False
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        return time.time() - status.st_mtime > _BEING_MADE_SECONDS
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True
