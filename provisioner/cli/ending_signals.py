"""What ends a process from outside, turned into Ctrl-C, so that everything is tidied up."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_TIDYING_SECONDS = 5.0


class EndingSignals:
    """Each signal raises KeyboardInterrupt in the main thread, but not while it is tidying up.

    A second one in the first seconds is ignored: it would interrupt what the first one made us
    tidy up, and leave a terminal as it was set for the wait.
    """

    def __init__(self) -> None:
        self._ended_at: float | None = None

    def check(self) -> None:
        """Raise again what was lost: Python drops an exception that comes in a finalizer."""
        if self._ended_at is not None:
            raise KeyboardInterrupt

    def receive(self, _number: int, _frame: FrameType | None) -> None:
        """The handler."""
        now = time.monotonic()
        if self._ended_at is None or now - self._ended_at > _TIDYING_SECONDS:
            self._ended_at = now
            raise KeyboardInterrupt


@contextlib.contextmanager
def ending_signals() -> Iterator[EndingSignals]:
    """SIGTERM and SIGHUP count as SIGINT from here on; what is ignored (nohup) stays ignored."""
    signals = EndingSignals()
    heard = [number for number in _ENDING if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, signals.receive) for number in heard}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
