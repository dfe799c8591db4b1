"""Signals that end a run: remembered, so that what has begun on the hosts is seen through."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from provisioner.errors import Interrupted

# Ctrl-C, kill, the terminal was closed, Ctrl-\.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


class Interruption:
    """The first signal is noted, and passed to whoever acts on it. A second one is not patient."""

    def __init__(self) -> None:
        self.signal = ""
        self.count = 0
        self._act: Callable[[], None] | None = None

    def receive(self, number: int, _frame: FrameType | None = None) -> None:
        """A signal handler."""
        self.signal = self.signal or signal.Signals(number).name
        self.count += 1
        if self._act is not None:
            self._act()
        elif self.count > 1:
            raise KeyboardInterrupt

    @contextmanager
    def passed_to(self, act: Callable[[], None]) -> Iterator[None]:
        """Have `act` called at once on each signal while it lasts; `count` says which one it is."""
        self._act = act
        try:
            if self.signal:  # it came in between
                act()
            yield
        finally:
            self._act = None

    def check(self) -> None:
        """Interrupted if a signal has come: called where nothing is under way."""
        if self.signal:
            raise Interrupted(
                f"interrupted ({self.signal}) before anything was changed on a host",
                remedy="run the same command again",
            )


@contextmanager
def interruption() -> Iterator[Interruption]:
    """Note the signals while it lasts. What is ignored stays so: nohup wants no SIGHUP to count.

    After one has come they are ignored: all is said and done, and the exit code is to tell it.
    """
    noted = Interruption()
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    heard = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    for number in heard:
        signal.signal(number, noted.receive)
    try:
        yield noted
    finally:
        for number in heard:
            signal.signal(number, signal.SIG_IGN if noted.signal else before[number])
