"""What a terminal shows while a run goes on: a line for each host at work, and a footer. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from provisioner.fleet.host_result import GOOD_STATES, HostState
from provisioner.fleet.run_event import (
    BatchStarted,
    HostFinished,
    PlaybookStarted,
    RunEvent,
    RunPlanned,
    TaskEnded,
    TaskStarted,
)
from provisioner.text import counted, printable

_NAME_WIDTH = 32
_ASKING = "asking"


@dataclass
class Board:
    """Who is at work on what since when; times are those of one monotonic clock.

    `done`: those that have finished their last task so far, which is not known to be the last.
    """

    began: float
    working: dict[str, tuple[str, float]] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    finished: Counter[HostState] = field(default_factory=Counter)
    hosts: int = 0
    title: str = ""

    def take(self, event: RunEvent, now: float) -> None:
        """What an event changes."""
        if isinstance(event, TaskStarted):
            # A check run goes through the same tasks and changes nothing.
            self.working[event.host] = (self.title if self.title == _ASKING else event.phase, now)
            self.done.discard(event.host)
        elif isinstance(event, TaskEnded):
            self.working.pop(event.host, None)
            self.done.add(event.host)
        elif isinstance(event, HostFinished):
            self.working.pop(event.result.host, None)
            self.done.add(event.result.host)
            self.finished[event.result.state] += 1
        elif isinstance(event, PlaybookStarted) and event.purpose == "check":
            self.hosts, self.title = event.hosts, _ASKING
        elif isinstance(event, RunPlanned):
            self.done, self.title = set(), ""
            self.hosts = sum(len(hosts) for hosts in event.batches)
        elif isinstance(event, BatchStarted):
            self.title = f"batch {event.number} of {event.count}"

    def lines(self, now: float, width: int, height: int) -> list[str]:
        """At most `height` lines of at most `width` characters, the footer last."""
        room = max(0, height - 1)
        names = list(self.working)
        shown = names if len(names) <= room else names[: max(0, room - 1)]
        name_width = min(max(map(len, shown), default=0), _NAME_WIDTH, max(8, width // 2))
        lines = [self._host_line(name, name_width, now) for name in shown]
        if len(shown) < len(names) and room:
            lines.append(f"  and {counted(len(names) - len(shown), 'more host')} at work")
        return [printable(line)[:width] for line in [*lines, self._footer(now)]]

    def _host_line(self, name: str, name_width: int, now: float) -> str:
        phase, since = self.working[name]
        shown = (
            name if len(name) <= name_width else name[: name_width - 1] + "\N{HORIZONTAL ELLIPSIS}"
        )
        return f"  {shown:{name_width}}  {phase} {_clock(now - since)}"

    def _footer(self, now: float) -> str:
        bad = [
            f"{count} {state}"
            for state, count in sorted(self.finished.items())
            if state not in GOOD_STATES
        ]
        parts = [self.title, f"{len(self.done)} of {counted(self.hosts, 'host')}", *bad]
        return ", ".join(filter(None, [*parts, _clock(now - self.began)]))


def _clock(seconds: float) -> str:
    """`7 s`, `2:05`."""
    whole = int(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60}:{whole % 60:02}"
