"""One host of a cluster at a time: MAPS goes on serving while another of its machines restarts.

Every host's task runs in a process of its own on the controller. They meet in a folder, at a
locked file for each cluster: it is free again however its process ends.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from contextlib import contextmanager

_LOOK_AGAIN_SECONDS = 0.1


class Turn:
    """What a host finds when it is its turn, and leaves behind."""

    def __init__(self, run_id, host, file):
        self._run_id, self._host, self._file = run_id, host, file

    def failed_before(self):
        """The host of the cluster that did not do well in this run; None if each has, or it is
        this one itself, which may have to take something back."""
        self._file.seek(0)
        try:
            found = json.loads(self._file.read() or "{}")
        except ValueError:
            return None  # torn by a kill, as a run ended: this is another one
        is_of_now = found.get("run_id") == self._run_id and found.get("host") != self._host
        return found.get("host") if is_of_now else None

    def failed(self):
        """Leave word that MAPS may be down on this host: no other of its cluster may follow."""
        self._file.seek(0)
        self._file.truncate()
        json.dump({"run_id": self._run_id, "host": self._host}, self._file)
        self._file.flush()


@contextmanager
def turn(folder, cluster, run_id, host):
    """Hold the cluster, in whichever batch or run its hosts are; -> a Turn."""
    name = hashlib.sha256(cluster.encode("utf-8")).hexdigest()[:32] + ".cluster"
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(os.path.join(folder, name), flags, 0o600)
    with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
        _take(file)
        found = Turn(run_id, host, file)
        try:
            yield found
        except BaseException:
            found.failed()
            raise


def _take(file):
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            time.sleep(_LOOK_AGAIN_SECONDS)
