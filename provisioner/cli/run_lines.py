"""What happens in a run, as plain lines: for logs, pipes and terminals that cannot do more."""

from __future__ import annotations

from provisioner.fleet.host_result import HostState
from provisioner.fleet.run_event import (
    BatchStarted,
    HostFinished,
    PlaybookStarted,
    RunEvent,
    RunStopped,
    TaskEnded,
)
from provisioner.text import counted, printable

_NOT_SAID_BY_TASKS = (HostState.UNPROVEN, HostState.UNKNOWN, HostState.NOT_REACHED)


def run_line(event: RunEvent) -> str:
    """The line for an event; empty where there is nothing to tell."""
    return printable(_line(event))


def _line(event: RunEvent) -> str:
    if isinstance(event, PlaybookStarted):
        return f"asking {counted(event.hosts, 'host')}" if event.purpose == "check" else ""
    if isinstance(event, BatchStarted) and event.count > 1:
        return f"batch {event.number} of {event.count}: {counted(len(event.hosts), 'host')}"
    if isinstance(event, TaskEnded):
        return event.text
    if isinstance(event, HostFinished) and event.result.state in _NOT_SAID_BY_TASKS:
        result = event.result
        return f"{result.host}: {result.state}: {result.message}".removesuffix(": ")
    if isinstance(event, RunStopped):
        return f"stopped: {event.reason}; {counted(len(event.hosts), 'host')} not reached"
    return ""
