"""What ends a process from outside, turned into Ctrl-C, so that everything is tidied up."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def ending_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP raise KeyboardInterrupt, as SIGINT does; in the main thread only.

    The first one counts. A second one must not interrupt what the first one made us tidy up: a
    terminal would stay as it was set for the wait. What is ignored (nohup) stays ignored.
    """
    has_ended = False

    def end(_number: int, _frame: FrameType | None) -> None:
        nonlocal has_ended
        if not has_ended:
            has_ended = True
            raise KeyboardInterrupt

    heard = [number for number in _ENDING if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, end) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
