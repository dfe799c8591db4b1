"""Whose turn it is to talk to a mailbox: a provider's limits, kept over all hosts of all runs.

Every host's task runs in a process of its own on the controller. They meet in a folder: a slot is a
locked file, so it is free again however its process ends; messages are counted in another file.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from contextlib import contextmanager

_MINUTE = 60.0
_LOOK_AGAIN_SECONDS = 0.1


def rounds(servers, limits):
    """Split a host's servers so that one round sends no more to a mailbox than a minute allows."""
    found = []
    for server in servers:
        fitting = (group for group in found if _has_room(group, server, limits))
        group = next(fitting, None)
        if group is None:
            found.append([server])
        else:
            group.append(server)
    return found


def _has_room(group, server, limits):
    limit = limits.get(server) or {}
    most = limit.get("messages_per_minute")
    same = [s for s in group if (limits.get(s) or {}).get("mailbox") == limit.get("mailbox")]
    return not most or len(same) < most


def seconds_to_wait(sent_at, count, most, now):
    """How long until `count` more messages keep to `most` in any minute. 0: send them now."""
    recent = sorted(moment for moment in sent_at if now - _MINUTE < moment <= now)
    excess = len(recent) + count - most
    return 0.0 if excess <= 0 else recent[min(excess, len(recent)) - 1] + _MINUTE - now


def pause_before_retry(attempt, spent, budget):
    """Seconds before the next attempt (the first retry is 1); None once `budget` is used up."""
    pause = min(2.0**attempt, 30.0)
    return pause if spent + pause <= budget else None


@contextmanager
def turn(folder, limits, messages):
    """Hold a connection to each mailbox of these limits, with leave for its messages.

    `limits`: mailbox, connections, messages_per_minute each (None: no limit is known); `messages`:
    whether mails are sent, or sign-ins are only tried.
    """
    counts = {}
    for limit in limits:
        counts.setdefault(limit["mailbox"], (limit, []))[1].append(limit)
    held = []
    try:
        # In one order everywhere, so that no two hosts wait for each other.
        for mailbox in sorted(counts):
            limit, same = counts[mailbox]
            if limit.get("connections"):
                held.append(_slot(folder, mailbox, limit["connections"]))
            if messages and limit.get("messages_per_minute"):
                _await_leave(folder, mailbox, len(same), limit["messages_per_minute"])
        yield
    finally:
        for descriptor in held:
            os.close(descriptor)


def _slot(folder, mailbox, connections):
    while True:
        for number in range(connections):
            descriptor = _opened(folder, mailbox, f"connection-{number}")
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(descriptor)
            else:
                return descriptor
        time.sleep(_LOOK_AGAIN_SECONDS)


def _await_leave(folder, mailbox, count, most):
    while (seconds := _leave(folder, mailbox, count, most)) > 0:
        time.sleep(seconds)


def _leave(folder, mailbox, count, most):
    """0, with the messages written down as sent; or the seconds after which to ask again."""
    descriptor = _opened(folder, mailbox, "messages")
    with os.fdopen(descriptor, "r+", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        now = time.time()  # not monotonic(): it is read by other runs, too
        sent_at = [moment for moment in _moments(file.read()) if now - _MINUTE < moment <= now]
        seconds = seconds_to_wait(sent_at, count, most, now)
        if seconds <= 0:
            file.seek(0)
            file.truncate()
            json.dump(sent_at + [now] * count, file)
        return seconds


def _moments(text):
    try:
        found = json.loads(text or "[]")
    except ValueError:
        return []  # torn by a kill: at worst the provider says no, and that is tried again
    return [moment for moment in found if isinstance(moment, float)]


def _opened(folder, mailbox, what):
    name = hashlib.sha256(mailbox.encode("utf-8")).hexdigest()[:32] + "." + what
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(os.path.join(folder, name), flags, 0o600)
