"""One push at a time works on a project folder."""

from __future__ import annotations

import fcntl
import getpass
import json
import os
import socket
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from provisioner.errors import FleetError, LockHeld


def lock_owner() -> str:
    """Who runs this, as other people read it: user@machine (pid)."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()} (pid {os.getpid()})"


@contextmanager
def push_lock(root: Path) -> Iterator[None]:
    """Hold the project's push lock; LockHeld names who has it. A dead owner's lock is free."""
    folder = root / ".provisioner"
    ignored, lock = folder / ".gitignore", folder / "push.lock"
    for path in (folder, ignored, lock):  # a checkout may bring links that lead anywhere
        _refuse_strange(path, stat.S_ISDIR if path == folder else stat.S_ISREG)
    folder.mkdir(mode=0o700, exist_ok=True)
    if not ignored.exists():
        ignored.write_text("*\n", encoding="utf-8")
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockHeld(
                f"another push works on {root}: {_holder(file.read())}",
                remedy="wait until it has ended, or end it; its lock goes with its process",
            ) from None
        file.truncate(0)
        json.dump({"owner": lock_owner(), "since": int(time.time())}, file)
        file.flush()
        yield


def _refuse_strange(path: Path, is_right: Callable[[int], bool]) -> None:
    if os.path.lexists(path) and not is_right(path.lstat().st_mode):
        raise FleetError(f"{path} is not what a push makes there", remedy="look at it, remove it")


def _holder(text: str) -> str:
    try:
        held = json.loads(text)
        since = time.strftime("%H:%M:%S", time.localtime(held["since"]))
        return f"{held['owner']}, since {since}"
    except (ValueError, KeyError, TypeError):
        return "its owner has not written its name yet"
