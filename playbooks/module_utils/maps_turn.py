"""One run at a time on a host: the lock during a call, the lease from one call to the next."""

from __future__ import annotations

import select
import time
from contextlib import contextmanager, suppress

from . import maps_lease
from .maps_refusal import Refusal

_STANDARD_OUTPUT = 1


class Turn:
    """The folder's lock and lease for one run, which waits `wait` seconds for that of another."""

    def __init__(self, folder, lease, run_id, owner, wait):
        self._folder, self._lease, self._wait = folder, lease, wait
        self._who = {"owner": owner, "run_id": run_id}

    @contextmanager
    def taken(self):
        """Hold the lock and the lease. The lease outlives this only if the run goes on here, as
        `goes_on` of what this gives says. Refusal if another run is at work. Who waits stops
        once its own run is gone: nothing may be delivered minutes after a person ended that."""
        deadline = time.monotonic() + self._wait
        while True:
            with self._folder.lock(self._who, deadline - time.monotonic()):
                other = self._lease.of_another()
                if other is None:
                    with self._leased() as work:
                        yield work
                    return
            if time.monotonic() >= deadline or _nobody_listens():
                raise maps_lease.refusal(other)
            time.sleep(0.5)

    def locked(self):
        """Hold the lock alone, whoever has the lease."""
        return self._folder.lock(self._who, self._wait)

    @contextmanager
    def _leased(self):
        work = _Work()
        self._lease.take()
        try:
            yield work
        except BaseException:
            with suppress(Refusal):  # what went wrong first is what is to be said
                self._lease.release()
            raise
        if not work.goes_on:
            self._lease.release()


def _nobody_listens():
    """Whether whoever started this module, and would read its answer, has gone: see poll(2)."""
    poll = select.poll()
    poll.register(_STANDARD_OUTPUT, 0)  # POLLERR and POLLHUP come unasked
    return any(found & (select.POLLERR | select.POLLHUP) for _, found in poll.poll(0))


class _Work:
    goes_on = False
