"""`.provisioner/` of a project: lock, run records and mailbox limits. Ignored by git.

A checkout may bring links that lead anywhere, and --resume trusts what lies there: so only
folders and files of the right kind are taken, and the folder is its owner's alone.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from provisioner.errors import FleetError
from provisioner.git import Commit
from provisioner.private_file import exclusive_lock, process_owner
from provisioner.text import local_time

STATE_DIR = ".provisioner"
LOCK_FILE = "push.lock"
_WAIT = "wait with --lock-wait SECONDS, or stop it; the lock is released when its process exits"


def state_path(root: Path, *inner: str) -> Path:
    """The folder, or one in it, which need not be there. FleetError unless it is a folder."""
    folder = root
    for name in (STATE_DIR, *inner):
        folder /= name
        _refuse_unexpected(folder, stat.S_ISDIR)
    return folder


def state_dir(root: Path, *inner: str) -> Path:
    """The folder, or one in it, made if it is missing. FleetError where it cannot be written."""
    folder = state_path(root, *inner)
    ignored = root / STATE_DIR / ".gitignore"
    _refuse_unexpected(ignored, stat.S_ISREG)
    try:
        ignored.parent.mkdir(mode=0o700, exist_ok=True)
        if not ignored.exists():
            ignored.write_text("*\n", encoding="utf-8")
        folder.mkdir(mode=0o700, exist_ok=True)
        _close_to_others(ignored.parent)
    except OSError as error:
        raise FleetError(
            f"cannot write {folder}: {error.strerror}",
            remedy="a push keeps its lock and its journal there: check the owner, mode and free "
            "space of the project folder",
        ) from None
    return folder


@contextmanager
def project_lock(
    root: Path,
    commit: Commit,
    *,
    wait_seconds: float = 0.0,
    on_wait: Callable[[str], None] | None = None,
    check: Callable[[], None] | None = None,
) -> Iterator[None]:
    """Hold the lock of the project: one push or rollback at a time. See exclusive_lock."""
    with exclusive_lock(
        state_dir(root) / LOCK_FILE,
        str(root),
        holding="another push: ",
        owner=f"{process_owner()}, since {local_time(time.time())}, at {commit}",
        remedy=_WAIT,
        wait_seconds=wait_seconds,
        on_wait=on_wait,
        check=check,
    ):
        yield


def _refuse_unexpected(path: Path, is_right: Callable[[int], bool]) -> None:
    """FleetError unless it is absent or of the right kind, with no link followed."""
    if os.path.lexists(path) and not is_right(path.lstat().st_mode):
        raise FleetError(f"unexpected file: {path}", remedy="check it, then delete it")


def _close_to_others(folder: Path) -> None:
    """As a checkout under umask 002 leaves it, a group could write there."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if os.fstat(descriptor).st_mode & 0o022:
            os.fchmod(descriptor, 0o700)
    finally:
        os.close(descriptor)
