"""The only signal handlers: what ends this process, and when it may."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from provisioner.errors import Interrupted

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)  # Ctrl-C, kill, a closed terminal
_TIDYING_SECONDS = 5.0

_NEVER = float("-inf")
_ended_at = _NEVER


def end_on_signals() -> None:
    """Raise KeyboardInterrupt on each ending signal from here on, so that all is tidied up."""
    for number in _heard(_ENDING):
        signal.signal(number, _end)


def raise_if_ended() -> None:
    """Raise again what Python dropped: an exception in a finalizer."""
    if _ended_at != _NEVER:
        raise KeyboardInterrupt


def ignore_signals() -> None:
    """Let the exit code get out: all is done."""
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)


def _end(_number: int, _frame: FrameType | None) -> None:
    """A second signal within seconds would interrupt what the first one has us tidy up."""
    global _ended_at  # noqa: PLW0603  signals are the process's
    now = time.monotonic()
    if now - _ended_at > _TIDYING_SECONDS:
        _ended_at = now
        raise KeyboardInterrupt


def _heard(numbers: tuple[signal.Signals, ...]) -> list[signal.Signals]:
    """Those that nothing has us ignore: nohup wants no SIGHUP to count."""
    return [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]


class Signals:
    """During a run on hosts: the first signal is recorded, a second one aborts.

    `first`: its name; empty as long as none has come. `on_first` is called with it by `announce`.
    """

    def __init__(self) -> None:
        self.first = ""
        self.count = 0
        self.on_first: Callable[[str], None] | None = None
        self._act: Callable[[], None] | None = None

    def receive(self, number: int, _frame: FrameType | None = None) -> None:
        """A signal handler."""
        self.first = self.first or signal.Signals(number).name
        self.count += 1
        if self._act is not None:
            self._act()
        elif self.count > 1:
            raise KeyboardInterrupt

    def announce(self) -> None:
        """Tell once of the first signal, where printing is safe: in a handler it is not."""
        if self.count == 1 and self.on_first is not None:
            tell, self.on_first = self.on_first, None
            tell(self.first)

    @contextmanager
    def passed_to(self, act: Callable[[], None]) -> Iterator[None]:
        """Have `act` called at once on each signal while it lasts; `count` says which one it is."""
        self._act = act
        try:
            if self.first:  # it came in between
                act()
            yield
        finally:
            self._act = None

    @contextmanager
    def ending_a_question(self) -> Iterator[None]:
        """Interrupted at the first signal: nothing runs while a person thinks."""
        try:
            with self.passed_to(_raise_keyboard_interrupt):
                yield
        except KeyboardInterrupt:
            raise Interrupted("nothing was changed on a host: interrupted") from None

    def check(self) -> None:
        """Interrupted if a signal has come: called where nothing runs."""
        if self.first:
            raise Interrupted(
                f"interrupted ({self.first}) before anything was changed on a host",
                remedy="run the same command again",
            )


@contextmanager
def recorded_signals() -> Iterator[Signals]:
    """Record the signals while it lasts, Ctrl-\\ among them; what is ignored stays so.

    After one has come they are ignored: the hosts are done, and the exit code is to tell it.
    """
    signals = Signals()
    heard = _heard((*_ENDING, signal.SIGQUIT))
    before = {number: signal.signal(number, signals.receive) for number in heard}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_IGN if signals.first else handler)


@contextmanager
def without_suspension() -> Iterator[None]:
    """Ignore Ctrl-Z while it lasts: after `fg` a shell would show what is typed."""
    before = signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGTSTP, before)


def _raise_keyboard_interrupt() -> None:
    raise KeyboardInterrupt
