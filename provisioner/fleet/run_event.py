"""What happens in a run over the fleet, as it happens: for the view, the journal and programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from provisioner.fleet.host_json import host_as_json
from provisioner.fleet.host_result import HostResult
from provisioner.fleet.outcome import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEvent:
    """One event; schemas/run-events.schema.json describes them all. None holds a secret."""

    name: ClassVar[str] = ""

    def as_json(self) -> dict[str, Any]:
        """Its name under `event`, then its facts."""
        facts = {field.name: _plain(getattr(self, field.name)) for field in fields(self)}
        return {"event": self.name, **facts}


Listener = Callable[[RunEvent], None]


def _plain(value: Any) -> Any:
    if isinstance(value, HostResult):
        return host_as_json(value)
    if isinstance(value, Outcome):
        return value.as_json()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return dict(value) if isinstance(value, Mapping) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(RunEvent):
    """`options`: what the command line asked for, as far as it decides what is done."""

    name: ClassVar[str] = "run_started"
    run_id: str
    command: str
    owner: str
    version: str
    commit: str | None
    dirty: bool | None
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybookStarted(RunEvent):
    """`purpose`: check (nothing is changed) or push."""

    name: ClassVar[str] = "playbook_started"
    purpose: str
    hosts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStarted(RunEvent):
    """A host begins with a task, called by what it is for."""

    name: ClassVar[str] = "task_started"
    host: str
    phase: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEnded(RunEvent):
    """`outcome`: ok, failed, unreachable or nonsense. `text`: what came of it, for a person."""

    name: ClassVar[str] = "task_ended"
    host: str
    phase: str
    outcome: str
    text: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlanned(RunEvent):
    """What the check run found, and what is to be done now. `plan`: the plan, as it is saved."""

    name: ClassVar[str] = "run_planned"
    plan: Mapping[str, Any]
    hosts: tuple[HostResult, ...]
    batches: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSkipped(RunEvent):
    """A server does not go out, or does not go out any more."""

    name: ClassVar[str] = "server_skipped"
    server: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStarted(RunEvent):
    """Batch `number` of `count`."""

    name: ClassVar[str] = "batch_started"
    number: int
    count: int
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFinished(RunEvent):
    """The last word on one host in this run."""

    name: ClassVar[str] = "host_finished"
    result: HostResult


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStopped(RunEvent):
    """No further batch is begun; `hosts` keep what they have."""

    name: ClassVar[str] = "run_stopped"
    reason: str
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished(RunEvent):
    """The last event of a run that came to its end, interrupted or not."""

    name: ClassVar[str] = "run_finished"
    exit_code: int
    report: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFailed(RunEvent):
    """The last event of a run that could not go on; what hosts were told is above it."""

    name: ClassVar[str] = "run_failed"
    exit_code: int
    message: str
    remedy: str
