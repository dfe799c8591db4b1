"""What a person or a program sees of a run while it lasts; if they go away, the run goes on."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from provisioner.cli.output import forgive_leaving, is_colored, print_text
from provisioner.deploy.record import (
    BatchStarted,
    Event,
    HostFinished,
    HostsAsked,
    PhaseStarted,
    RunPlanned,
    RunStopped,
    event_line,
)
from provisioner.host.result import HostResult, HostState
from provisioner.reports.host_reasons import why
from provisioner.text import counted, printable, printable_lines

if TYPE_CHECKING:
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

_TITLES = {
    "plan": "checking",
    "status": "checking",
    "doctor": "checking",
    "rollback_plan": "checking",
    "push": "pushing",
    "rollback": "rolling back",
    "entered": "recording on",
}

_LEAST_ROOM = 20  # for the phase and its time
_NOTHING_DONE = (HostState.UNCHANGED, HostState.WOULD_CHANGE, HostState.SKIPPED)


class View:
    """Shows nothing. `on_event` is a listener of a RunRecord; `note`: lines of another kind;
    `clear`: before something else writes to the terminal, as a question does."""

    def on_event(self, event: Event) -> None: ...
    def note(self, text: str) -> None: ...
    def clear(self) -> None: ...


@contextmanager
def run_view(*, stream_events: bool, quiet: bool, plain: bool) -> Iterator[View]:
    """The view that suits standard error; for a program, each event on standard output."""
    view: View
    if stream_events:
        view = _Stream(sys.stdout)
    elif quiet:
        view = View()
    elif sys.stderr.isatty() and not plain and os.environ.get("TERM") != "dumb":
        view = _Terminal(sys.stderr, os.environ)
    else:
        view = _Lines(sys.stderr)
    try:
        yield view
    finally:
        view.clear()


class _Lines(View):
    """A line for what ends, for logs and pipes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def on_event(self, event: Event) -> None:
        if line := event_text(event):
            print_text(line, file=self._stream)

    def note(self, text: str) -> None:
        print_text(text, file=self._stream)


class _Stream(View):
    """Each event as a line of JSON, as the journal has it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def on_event(self, event: Event) -> None:
        print(event_line(event), file=self._stream, flush=True)

    def clear(self) -> None:
        forgive_leaving()


def event_text(event: Event) -> str:
    """The line for an event; empty if it has none."""
    if isinstance(event, HostsAsked) and event.purpose != "push":
        return f"{_TITLES[event.purpose]} {counted(event.hosts, 'host')}" if event.hosts else ""
    if isinstance(event, BatchStarted) and event.count > 1:
        return f"batch {event.number} of {event.count}: {counted(len(event.hosts), 'host')}"
    if isinstance(event, HostFinished) and event.result.state not in _NOTHING_DONE:
        return host_line(event.result)
    if isinstance(event, RunStopped):
        hosts = counted(len(event.hosts), "host")
        return printable(f"stopped: {event.reason}; {hosts} of later batches not started")
    return ""


def host_line(host: HostResult) -> str:
    """`maps1: restored: a test email was rejected`."""
    return printable(": ".join(filter(None, (host.host, host.outcome, why(host).text))))


# -- a terminal


class Board:
    """Which hosts are running what since when; a line for each, and a footer."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._at_work: dict[str, tuple[str, float]] = {}
        self._done = set[str]()
        self._failed = Counter[HostState]()
        self._hosts, self._title = 0, ""

    def on_event(self, event: Event) -> None:
        """What an event changes."""
        if isinstance(event, PhaseStarted):
            self._at_work[event.host] = (event.phase, time.monotonic())
            if event.phase == "done":
                self._finish(event.host)
        elif isinstance(event, HostFinished):
            self._finish(event.result.host)
            if is_failure(event.result):
                self._failed[event.result.state] += 1
        elif isinstance(event, HostsAsked):
            if not self._title.startswith("batch"):
                self._title = _TITLES[event.purpose]
                self._hosts, self._done = event.hosts, set()
        elif isinstance(event, RunPlanned):
            self._at_work, self._done = {}, set()
            self._hosts = sum(map(len, event.batches))
        elif isinstance(event, BatchStarted):
            self._title = f"batch {event.number} of {event.count}"

    def _finish(self, host: str) -> None:
        self._at_work.pop(host, None)
        self._done.add(host)

    def lines(self, height: int, width: int = 80) -> list[str]:
        """At most `height` lines, the footer last; of the hosts those that are running longest."""
        hosts = sorted(self._at_work.items(), key=lambda item: item[1][1])
        room = max(0, height - 1)
        shown = hosts if len(hosts) <= room else hosts[: max(0, room - 1)]
        names = _short([printable(host) for host, _ in shown], max(1, width - _LEAST_ROOM))
        width = max(map(len, names), default=0)
        works = (_work(phase, since) for _, (phase, since) in shown)
        lines = [f"  {name:{width}}  {work}" for name, work in zip(names, works, strict=True)]
        if room and len(shown) < len(hosts):
            lines.append(f"  and {counted(len(hosts) - len(shown), 'more host')}")
        return [*lines, self._footer()]

    def _footer(self) -> str:
        failed = [f"{count} {state}" for state, count in sorted(self._failed.items())]
        hosts = f"{len(self._done)} of {counted(self._hosts, 'host')}" if self._hosts else ""
        parts = [self._title, hosts, *failed]
        return ", ".join(filter(None, [*parts, _clock(time.monotonic() - self._began)]))


def _short(names: list[str], room: int) -> list[str]:
    """Without the middle of those for which there is no room; unless two would then be equal."""
    tail = room // 2
    short = [n if len(n) <= room else f"{n[: room - tail - 1]}…{n[-tail:]}" for n in names]
    return short if len({*short}) == len(names) else names


def _work(phase: str, since: float) -> str:
    return f"{printable(phase)} {_clock(time.monotonic() - since)}"


def _clock(seconds: float) -> str:
    """`7 s`, `2:05`."""
    whole = int(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60}:{whole % 60:02}"


def is_failure(host: HostResult) -> bool:
    """Whether a person has to look at a host: that stays above the lines that change."""
    return not host.meaning.done and host.state not in _NOTHING_DONE


class _Terminal(View):
    """Lines that change at the bottom; failures stay above them. rich draws them.

    Texts of others are given to it as Text, where no markup counts, with escapes in words.
    """

    def __init__(self, stream: TextIO, environment: Mapping[str, str]) -> None:
        self._board, self._lock = Board(), threading.Lock()
        self._console = _console(stream, is_colored(stream, environment))
        self._live: Live | None = None

    def on_event(self, event: Event) -> None:
        with self._lock:
            self._board.on_event(event)
        if isinstance(event, HostFinished) and is_failure(event.result):
            self._print(host_line(event.result), "red")
        elif isinstance(event, RunStopped):
            self._print(event_text(event), "yellow")
        elif isinstance(event, (PhaseStarted, HostsAsked, BatchStarted)):
            self._start()

    def note(self, text: str) -> None:
        self._print(printable_lines(text), "")

    def clear(self) -> None:
        if self._live is not None:
            self._live.stop()
        self._live = None  # another start would erase what was written meanwhile

    def _start(self) -> None:
        from rich.live import Live

        if self._live is None:
            self._live = Live(
                console=self._console,
                get_renderable=self._drawn,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()

    def _print(self, line: str, style: str) -> None:
        from rich.text import Text

        self._console.print(Text(line, style), soft_wrap=True)

    def _drawn(self) -> Text:
        from rich.text import Text

        with self._lock:
            # a window made smaller pushes lines out of reach: half of it seldom
            height, width = max(1, self._console.height // 2), self._console.width
            lines = self._board.lines(height, width)
        return Text("\n".join(lines), no_wrap=True, overflow="crop")


def _console(stream: TextIO, colored: bool) -> Console:
    from rich.console import Console

    class Plain(Console):
        def show_cursor(self, show: bool = True) -> bool:  # noqa: ARG002, FBT
            """Hide no cursor: nobody would show it again after SIGKILL."""
            return False

    return Plain(
        file=stream,
        force_terminal=True,
        force_jupyter=False,
        legacy_windows=False,
        no_color=not colored,
        highlight=False,
    )
