"""Who is at work on this host from one module call to the next; it ends by itself.

A lock goes with its process, and between two calls of a run there is no process here. All of
this needs the folder's lock.
"""

from __future__ import annotations

import json
import time

from .maps_refusal import Refusal

LEASE = "lease.json"

SECONDS = 900  # longer than a run is away from a host: the next call takes it anew
_STAGED = LEASE + ".new"
_CLOCK_SET_BACK = 60
_YEAR_6325 = 2**37  # the calendars of some hosts end in the year 9999


class Lease:
    """The lease of one folder, and who wants it.

    `terms`: holder (the checkout that works, so that it is never locked out by a run of its own
    that died), commit, reason. None: this run takes none, it only heeds those of others.
    """

    def __init__(self, folder, terms, run_id, owner, seconds=SECONDS):
        self._folder, self._terms, self._seconds = folder, terms, seconds
        self._who = {"run_id": run_id, "owner": owner}

    def current(self):
        """What is written there and has not ended; None if nothing is."""
        data = self._folder.read(LEASE) if self._folder.exists() else None
        lease = _parsed(data) if data is not None else None
        return lease if lease is not None and _holds(lease, time.time()) else None

    def of_another(self):
        """The lease that keeps this run out; None if there is none."""
        lease = self.current()
        if lease is None or lease["run_id"] == self._who["run_id"]:
            return None
        ours = self._terms is not None and lease["holder"] == self._terms["holder"]
        return None if ours else lease

    def take(self):
        """Take it, or have it end later if this run has it."""
        if self._terms is None:
            return
        there, now = self.current(), int(time.time())
        same = there is not None and there["run_id"] == self._who["run_id"]
        lease = dict(
            self._terms,
            since=there["since"] if same else now,
            expires=now + self._seconds,
            **self._who,
        )
        data = (json.dumps(lease, sort_keys=True) + "\n").encode("ascii")
        self._folder.write(_STAGED, data)
        self._folder.move(_STAGED, LEASE)

    def release(self):
        """Give back one that this run took; another's stays."""
        lease = self.current()
        if self._terms is not None and lease and lease["run_id"] == self._who["run_id"]:
            self.remove()

    def remove(self):
        """Remove it, whoever has it."""
        self._folder.remove(LEASE, _STAGED)


def shown(lease):
    """A lease as results say it; None for None."""
    if lease is None:
        return None
    names = ("owner", "run_id", "commit", "reason")
    times = {name: utc(lease[name]) for name in ("since", "expires")}
    return dict({name: lease[name] for name in names}, **times)


def refusal(lease):
    """Why this run has to wait."""
    said = shown(lease)
    words = "{owner} works on this host since {since} ({reason}, run {run_id}), "
    words += "until {expires} at the latest: wait for it with --lock-wait SECONDS; "
    words += "if that run is dead, provisioner unlock --hosts --force"
    return Refusal("locked", words.format(**said))


def utc(seconds):
    """Unix seconds as they are written down."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def _holds(lease, now):
    """Not ended; and not of a clock that was set back since, which would keep it for ever."""
    return now < lease["expires"] and now > lease["since"] - _CLOCK_SET_BACK


def _parsed(data):
    try:
        lease = json.loads(data.decode("ascii"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(lease, dict):
        return None
    texts = all(isinstance(lease.get(n), str) for n in ("owner", "run_id", "holder", "reason"))
    numbers = all(_is_time(lease.get(name)) for name in ("since", "expires"))
    commit = lease.get("commit", 0)
    return lease if texts and numbers and isinstance(commit, (str, type(None))) else None


def _is_time(value):
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _YEAR_6325
