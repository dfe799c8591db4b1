"""Whose turn it is: a provider's limits of a mailbox, and one host of a cluster at a time.

Each host's worker is a process of its own. They meet in a folder of the checkout: a slot is a
locked file, free again however its process ends; messages of a minute are counted in another.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from io import FileIO
from pathlib import Path
from typing import TypeVar

from provisioner.ansible.run_input import MailLimit

_T = TypeVar("_T")

_MINUTE = 60.0
_LOOK_AGAIN_SECONDS = 0.1

GoesOn = Callable[[], bool]  # whether waiting still makes sense


class NoTurn(Exception):
    """The run ends, or another host of the cluster failed in it (`about` names that one), or the
    folder cannot be used (`about` says why)."""

    def __init__(self, reason: str = "interrupted", about: str = "") -> None:
        super().__init__(reason)
        self.reason, self.about = reason, about


@contextmanager
def mailbox_turns(
    folder: Path, limits: Sequence[MailLimit], goes_on: GoesOn, *, messages: bool = True
) -> Iterator[None]:
    """Hold a connection to each mailbox, with leave for its messages (one a limit).

    `messages`: whether emails are sent, or sign-ins only tried. In one order everywhere, so that
    no two hosts wait for each other.
    """
    with ExitStack() as held:
        for mailbox in sorted({limit.mailbox for limit in limits}):
            same = [limit for limit in limits if limit.mailbox == mailbox]
            if most := _least(limit.connections for limit in same):
                held.callback(os.close, _slot(folder, mailbox, most, goes_on))
            if messages and (most := _least(limit.messages_per_minute for limit in same)):
                while (seconds := _leave(folder, mailbox, len(same), most)) > 0:
                    _wait(seconds, goes_on)
        yield


@contextmanager
def cluster_turn(
    folder: Path, cluster: str | None, run_id: str, host: str, goes_on: GoesOn
) -> Iterator[Callable[[], None]]:
    """Hold the cluster while its host applies; -> what to call once that went well.

    The mark "at work" is made first and taken away after a good end only: a killed worker leaves
    it, and no other host of the cluster follows in that run. Two machines down at once would be
    the end of the cluster.
    """
    if cluster is None:
        yield lambda: None
        return
    descriptor = _opened(folder, cluster, "cluster")
    with os.fdopen(descriptor, "rb+", buffering=0) as file:
        while not _try_lock(descriptor):
            _wait(_LOOK_AGAIN_SECONDS, goes_on)
        found = _parsed(file.read(), dict)
        if found.get("run_id") == run_id and found.get("host") != host:
            raise NoTurn("cluster", str(found.get("host")))
        with _usable(folder):
            _write(file, {"run_id": run_id, "host": host})

        def went_well() -> None:
            file.truncate(0)

        yield went_well


def seconds_to_wait(sent_at: Sequence[float], count: int, most: int, now: float) -> float:
    """How long until `count` more messages keep to `most` in any minute. 0: send them now."""
    recent = sorted(moment for moment in sent_at if now - _MINUTE < moment <= now)
    excess = len(recent) + count - most
    if excess <= 0 or not recent:  # more at once than a minute allows have to go some time
        return 0.0
    return recent[min(excess, len(recent)) - 1] + _MINUTE - now


def pause_before_retry(attempt: int, spent: float, budget: float) -> float | None:
    """Seconds before the next attempt (the first retry is 1); None once `budget` is used up."""
    pause = min(2.0**attempt, 30.0)
    return pause if spent + pause <= budget else None


def _least(known: Iterable[int | None]) -> int | None:
    """Servers may share a mailbox and declare less for themselves."""
    return min(filter(None, known), default=None)


def _slot(folder: Path, mailbox: str, connections: int, goes_on: GoesOn) -> int:
    while True:
        for number in range(connections):
            descriptor = _opened(folder, mailbox, f"connection-{number}")
            if _try_lock(descriptor):
                return descriptor
            os.close(descriptor)
        _wait(_LOOK_AGAIN_SECONDS, goes_on)


def _leave(folder: Path, mailbox: str, count: int, most: int) -> float:
    """0, with the messages written down as sent; or the seconds after which to ask again."""
    descriptor = _opened(folder, mailbox, "messages")
    with os.fdopen(descriptor, "rb+", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        now = time.time()  # not monotonic(): it is read by other runs, too
        moments = [m for m in _parsed(file.read(), list) if isinstance(m, float)]
        sent_at = [moment for moment in moments if now - _MINUTE < moment <= now]
        seconds = seconds_to_wait(sent_at, count, most, now)
        if seconds <= 0:
            with _usable(folder):
                _write(file, sent_at + [now] * count)
        return seconds


def _wait(seconds: float, goes_on: GoesOn) -> None:
    deadline = time.monotonic() + seconds
    while True:
        if not goes_on():
            raise NoTurn
        left = deadline - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, 1.0))


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _parsed(text: bytes, kind: type[_T]) -> _T:
    """What a file says; nothing where a kill has torn it: at worst the provider says no."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, kind) else kind()


def _write(file: FileIO, content: object) -> None:
    file.seek(0)
    file.truncate()
    file.write(json.dumps(content).encode())


def _opened(folder: Path, name: str, what: str) -> int:
    file = hashlib.sha256(name.encode("utf-8")).hexdigest()[:32] + "." + what
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    with _usable(folder / file):
        return os.open(folder / file, flags, 0o600)


@contextmanager
def _usable(path: Path) -> Iterator[None]:
    """NoTurn where the system says no: a full disk, a link, a file of somebody else."""
    try:
        yield
    except OSError as error:
        raise NoTurn("turns", f"{path}: {error.strerror}") from None
