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
from io import FileIO
from pathlib import Path

from provisioner.errors import LockHeld
from provisioner.fleet.state_folder import not_writable, refuse_strange, state_folder
from provisioner.git import commit_of
from provisioner.text import printable

_POLL_SECONDS = 0.2


def lock_owner() -> str:
    """Who runs this, as other people read it: user@machine (pid)."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()} (pid {os.getpid()})"


@contextmanager
def push_lock(
    root: Path,
    *,
    wait_seconds: float = 0.0,
    on_wait: Callable[[str], None] = lambda _holder: None,
    check: Callable[[], None] = lambda: None,
) -> Iterator[None]:
    """Hold the project's push lock; LockHeld names who has it. A dead owner's lock is free.

    `on_wait` is told once who is waited for; `check` raises where nobody wants to wait any more.
    """
    lock = state_folder(root) / "push.lock"
    refuse_strange(lock, stat.S_ISREG)
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise not_writable(lock, error) from None
    with os.fdopen(descriptor, "r+b", buffering=0) as file:
        _acquire(file, root, wait_seconds, on_wait, check)
        held = {
            "owner": lock_owner(),
            "since": int(time.time()),
            "commit": str(commit_of(root, [root])),
        }
        try:
            file.truncate(0)
            file.seek(0)
            file.write(json.dumps(held).encode())
        except OSError as error:
            raise not_writable(lock, error) from None
        yield


def _acquire(
    file: FileIO,
    root: Path,
    wait_seconds: float,
    on_wait: Callable[[str], None],
    check: Callable[[], None],
) -> None:
    deadline = time.monotonic() + wait_seconds
    told = False
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            file.seek(0)
            holder = _holder(file.read())
        if time.monotonic() >= deadline:
            raise LockHeld(
                f"another push works on {root}: {holder}",
                remedy="wait until it has ended (--lock-wait SECONDS), or end it; its lock goes "
                "with its process",
            )
        if not told:
            on_wait(holder)
            told = True
        time.sleep(_POLL_SECONDS)
        check()


def _holder(text: bytes) -> str:
    try:
        held = json.loads(text)
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(held["since"]))
        return printable(f"{held['owner']}, since {since}, at {held['commit']}")
    except (ValueError, KeyError, TypeError, ArithmeticError, OSError, RecursionError):
        return "its owner has not written its name yet"
