"""Who is shown a run, and how: a terminal, a log, a program. If they go away, the push goes on."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol, TextIO

from provisioner.cli.output import forgive_leaving, is_colored
from provisioner.cli.run_board import Board
from provisioner.cli.run_lines import run_line
from provisioner.fleet.host_result import GOOD_STATES
from provisioner.fleet.journal import event_line
from provisioner.fleet.run_event import HostFinished, RunEvent, RunStopped, TaskEnded
from provisioner.text import printable


class RunView(Protocol):
    """Takes events as they come; `tick` about once a second, `note` a line of another kind."""

    def take(self, event: RunEvent) -> None: ...
    def tick(self) -> None: ...
    def note(self, text: str) -> None: ...
    def clear(self) -> None: ...


@contextmanager
def run_view(*, stream_events: bool, quiet: bool, plain: bool) -> Iterator[RunView]:
    """The view that suits standard error; for a program, the one on standard output."""
    view: RunView
    if stream_events:
        view = _Stream(sys.stdout)
    elif quiet:
        view = _Silence()
    elif sys.stderr.isatty() and not plain and os.environ.get("TERM") != "dumb":
        view = _Terminal(sys.stderr, os.environ)
    else:
        view = _Lines(sys.stderr)
    try:
        yield view
    finally:
        view.clear()


class _Silence:
    def take(self, event: RunEvent) -> None:
        pass

    def tick(self) -> None:
        pass

    def note(self, text: str) -> None:
        pass

    def clear(self) -> None:
        pass


class _Lines(_Silence):
    """Plain lines."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def take(self, event: RunEvent) -> None:
        if line := run_line(event):
            self._write(line + "\n")

    def note(self, text: str) -> None:
        self._write(printable(text) + "\n")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


class _Stream(_Lines):
    """One JSON a line, as the journal has them."""

    def take(self, event: RunEvent) -> None:
        self._write(event_line(event, time.time()) + "\n")

    def note(self, text: str) -> None:
        pass

    def clear(self) -> None:
        forgive_leaving()


_UP_AND_CLEAR = "\x1b[{}A\x1b[J"
_RED, _YELLOW, _PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[0m"


class _Terminal(_Lines):
    """Lines that change at the bottom; what went wrong stays above them."""

    def __init__(self, stream: TextIO, environment: Mapping[str, str]) -> None:
        super().__init__(stream)
        self._board = Board(began=time.monotonic())
        self._coloured = is_colored(stream, environment)
        self._drawn = 0

    def take(self, event: RunEvent) -> None:
        self._board.take(event, time.monotonic())
        self._paint(self._lasting(event))

    def tick(self) -> None:
        self._paint("")

    def note(self, text: str) -> None:
        self._paint(printable(text))

    def clear(self) -> None:
        self._write(self._erased())

    def _lasting(self, event: RunEvent) -> str:
        if isinstance(event, HostFinished) and event.result.state not in GOOD_STATES:
            text = f"{event.result.host}: {event.result.state}"
            return self._in_colour(_RED, f"{text}: {event.result.message}".removesuffix(": "))
        if isinstance(event, RunStopped):
            return self._in_colour(_YELLOW, run_line(event))
        if isinstance(event, TaskEnded) and event.outcome == "unreachable":
            return self._in_colour(_RED, event.text)
        return ""

    def _in_colour(self, colour: str, text: str) -> str:
        shown = printable(text)
        return f"{colour}{shown}{_PLAIN}" if self._coloured else shown

    def _paint(self, lasting: str) -> None:
        size = shutil.get_terminal_size()
        lines = self._board.lines(time.monotonic(), size.columns - 1, max(1, size.lines - 1))
        above = f"{lasting}\n" if lasting else ""
        text = self._erased() + above + "".join(f"{line}\n" for line in lines)
        self._drawn = len(lines)
        self._write(text)

    def _erased(self) -> str:
        drawn, self._drawn = self._drawn, 0
        return _UP_AND_CLEAR.format(drawn) if drawn else ""
