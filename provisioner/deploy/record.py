"""What happens in a run, as events: journal, view and reports are functions of them.

A journal is a file of JSON lines, one an event, only ever added to; so it also tells what a killed
run had done.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from provisioner.ansible.run_input import Mode
from provisioner.errors import ExitCode, FleetError, ProvisionerError, UsageError
from provisioner.host.result import HostResult, HostState, exit_code
from provisioner.state_dir import state_dir, state_path
from provisioner.text import as_json

_SUFFIX, _RUNS = ".jsonl", "runs"
TO_BE_ENTERED = "to_be_entered"  # a setting of the project, among the options of a run
_KEEP_RUNS, _KEEP_BYTES = 500, 100 * 1024 * 1024

Command = Literal["push", "plan", "rollback", "status", "doctor", "entered"]


def new_run_id() -> str:
    """Unique, short enough for a mail header, and in the order of time, within a second by the
    first three of the hexadecimal digits: 20261124T131500-1f2e3d4c."""
    now = time.time()
    digits = f"{int(now % 1 * 0x1000):03x}" + secrets.token_hex(3)[1:]
    return time.strftime("%Y%m%dT%H%M%S-", time.gmtime(now)) + digits


def _snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


# -- events


class Event(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="event", tag=_snake_case
):
    """One event. `at` (UTC) is set by RunRecord.add. No event holds a secret or a placeholder."""

    at: str = ""


class RunStarted(Event, frozen=True, kw_only=True):
    """The first event. `options`: what the command line asked for, as far as it decides what is
    done; `dirty`: the project's files differ from the commit."""

    run_id: str
    command: Command
    owner: str
    version: str
    commit: str | None
    dirty: bool | None
    options: dict[str, Any]


class HostsAsked(Event, frozen=True, kw_only=True):
    """Ansible starts, for so many hosts."""

    purpose: Mode
    hosts: int


class PhaseStarted(Event, frozen=True, kw_only=True):
    """A host is in this phase now: read, deliver, verify, restore; done: it has answered."""

    host: str
    phase: str


class ServerSkipped(Event, frozen=True, kw_only=True):
    """A server is not delivered in this run; what hosts have of it stays."""

    server: str
    reason: str
    remedy: str
    exit_code: ExitCode

    @classmethod
    def because(cls, server: str, error: ProvisionerError) -> ServerSkipped:
        """The server that an error keeps from going out."""
        return cls(
            server=server, reason=error.message, remedy=error.remedy, exit_code=error.exit_code
        )


class WarningGiven(Event, frozen=True, kw_only=True):
    """A warning that is not about one host. `exit_code`: what it makes of the run."""

    text: str
    exit_code: ExitCode = ExitCode.DONE


class RunPlanned(Event, frozen=True, kw_only=True):
    """What hosts have, and what is to be done. `plan`: as it is saved; `hosts` is empty where a
    saved plan is pushed: no host was queried for it."""

    hosts: list[HostResult]
    plan: dict[str, Any] | None
    batches: list[list[str]]


class BatchStarted(Event, frozen=True, kw_only=True):
    """Batch `number` of `count`."""

    number: int
    count: int
    hosts: list[str]


class HostFinished(Event, frozen=True, kw_only=True):
    """The last word on one host."""

    result: HostResult


class RunStopped(Event, frozen=True, kw_only=True):
    """`hosts` are not started any more."""

    reason: str
    hosts: list[str]


class RunFinished(Event, frozen=True, kw_only=True):
    """The last event of a run that came to its end. `interrupted`: by which signal, or empty."""

    exit_code: ExitCode
    interrupted: str


class RunFailed(Event, frozen=True, kw_only=True):
    """The last event of a run that could not go on."""

    exit_code: ExitCode
    message: str
    remedy: str


Listener = Callable[[Event], None]
_Kind = TypeVar("_Kind", bound=Event)


def event_line(event: Event) -> str:
    """One event as a line of JSON for programs: its time first, and each property is there."""
    return _line(whole(event))


def whole(value: Any) -> Any:
    """What JSON is made of, with the properties that have their default: a journal omits those,
    and a program is not to know them."""
    if isinstance(value, Struct):
        kind = value.__struct_config__
        tag = {kind.tag_field: kind.tag} if kind.tag_field else {}
        return tag | {name: whole(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, (list, tuple)):
        return [whole(item) for item in value]
    if isinstance(value, dict):
        return {name: whole(item) for name, item in value.items()}
    return msgspec.to_builtins(value)


def _line(facts: dict[str, Any]) -> str:
    """Control characters are escaped. A lone surrogate, as of a file name, would make the line
    unreadable: it becomes a `?`."""
    facts = json.loads(json.dumps(facts, ensure_ascii=False).encode(errors="replace"))
    return as_json({"at": facts.pop("at", ""), **facts})


# -- one run


class RunRecord:
    """The events of one run, and what they come to. Each is passed to the listeners.

    `whole`: its journal, if it was read from one, has no line that is not an event.
    """

    def __init__(self, started: RunStarted, listeners: Sequence[Listener] = ()) -> None:
        self.started, self.whole = started, True
        self.events: list[Event] = []
        self._listeners = listeners
        self.add(started)

    @classmethod
    def of(cls, events: Iterable[Event], *, run_id: str = "", whole: bool = True) -> RunRecord:
        """Events of a journal, which keep their times; `run_id`: in case the first one is torn."""
        kept = [event for event in events if not isinstance(event, PhaseStarted)]
        begun = (event for event in kept if isinstance(event, RunStarted))
        started = next(begun, _unknown_run(run_id))
        record = cls(started)
        record.started, record.events, record.whole = started, kept, whole
        return record

    def add(self, event: Event) -> None:
        """Record an event, and tell the listeners. Phases are told, and not kept."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        event = replace(event, at=now)
        if isinstance(event, RunStarted):
            self.started = event
        if not isinstance(event, PhaseStarted):
            self.events.append(event)
        for listener in self._listeners:
            listener(event)

    def finish(self, interrupted: str = "") -> ExitCode:
        """Record the end of a run, interrupted by a signal or not. -> its exit code"""
        code = ExitCode.INTERRUPTED if interrupted else self.exit_code
        self.add(RunFinished(exit_code=code, interrupted=interrupted))
        return code

    def _all(self, kind: type[_Kind]) -> list[_Kind]:
        return [event for event in self.events if isinstance(event, kind)]

    # -- views

    @property
    def run_id(self) -> str:
        return self.started.run_id

    @property
    def command(self) -> Command:
        """push, plan, rollback, status, doctor or entered."""
        return self.started.command

    @property
    def options(self) -> dict[str, Any]:
        return self.started.options

    @property
    def plan(self) -> RunPlanned | None:
        """What was to be done; None if the run did not come so far."""
        return next(iter(self._all(RunPlanned)), None)

    @property
    def planned(self) -> list[HostResult]:
        """What hosts had when they were asked."""
        return self.plan.hosts if self.plan else []

    @property
    def batches(self) -> list[list[str]]:
        """The hosts that it was to change, in order."""
        return self.plan.batches if self.plan else []

    @property
    def targets(self) -> list[str]:
        """All hosts that it was to change, in order."""
        return [host for batch in self.batches for host in batch]

    @property
    def hosts(self) -> list[HostResult]:
        """The last word on each host, by name. One that was started and never answered, because
        the run was killed, is unknown."""
        found = {host.host: host for host in self.planned}
        for event in self.events:
            if isinstance(event, BatchStarted):
                found |= {h: _result(h, HostState.UNKNOWN, "no_result") for h in event.hosts}
            elif isinstance(event, HostFinished):
                found[event.result.host] = event.result
            elif isinstance(event, RunStopped):
                state, why = HostState.NOT_STARTED, event.reason
                found |= {host: _result(host, state, "stopped", why) for host in event.hosts}
        for name in self.targets:
            found.setdefault(name, _result(name, HostState.NOT_STARTED, "not_reached"))
        return [found[name] for name in sorted(found)]

    @property
    def undone(self) -> list[str]:
        """The hosts that are not known to have what they were to have."""
        return [host.host for host in self.hosts if not host.meaning.done]

    @property
    def skipped(self) -> list[ServerSkipped]:
        return self._all(ServerSkipped)

    @property
    def warnings(self) -> list[str]:
        """What is not about one host."""
        return [event.text for event in self._all(WarningGiven)]

    @property
    def ended(self) -> RunFinished | RunFailed | None:
        """Its last event; None if it was killed, or is still running."""
        last = self.events[-1] if self.events else None
        return last if isinstance(last, (RunFinished, RunFailed)) else None

    @property
    def interrupted(self) -> str:
        """The signal that ended it; empty if none did."""
        return self.ended.interrupted if isinstance(self.ended, RunFinished) else ""

    @property
    def exit_code(self) -> ExitCode:
        """The gravest of hosts, skipped servers, warnings and what ended the run; if nothing
        happened, what a person has yet to enter."""
        ends = [failed.exit_code for failed in self._all(RunFailed)]
        ends += [warning.exit_code for warning in self._all(WarningGiven)]
        if self.interrupted:
            ends.append(ExitCode.INTERRUPTED)
        code = exit_code(self.hosts, [*(server.exit_code for server in self.skipped), *ends])
        return ExitCode.PERSON_NEEDED if code is ExitCode.DONE and self._is_to_be_entered else code

    @property
    def _is_to_be_entered(self) -> bool:
        """Whether a person has something to enter into MAPS, and this run is to tell so."""
        ignored = self.options.get(TO_BE_ENTERED) == "ignore" or self.command == "entered"
        return not ignored and any(host.is_to_be_entered for host in self.hosts)


def _result(host: str, state: HostState, reason: str, about: str = "") -> HostResult:
    return HostResult(host=host, state=state, reason=reason, about=about)


def _unknown_run(run_id: str) -> RunStarted:
    return RunStarted(
        run_id=run_id, command="push", owner="", version="", commit=None, dirty=None, options={}
    )


# -- the journal


class Journal:
    """Takes events. A full disk does not stop a push: `problem` then says why lines are missing."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.problem = ""

    def append(self, event: Event) -> None:
        """Write one event, on disk before this returns; phases are of the moment."""
        if isinstance(event, PhaseStarted):
            return
        data = (_line(msgspec.to_builtins(event)) + "\n").encode()
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
            os.fsync(self._descriptor)
        except OSError as error:
            self.problem = self.problem or f"the journal is incomplete: {error.strerror}"


@contextmanager
def journal(
    root: Path, run_id: str, keep_runs: int = _KEEP_RUNS, keep_bytes: int = _KEEP_BYTES
) -> Iterator[Journal]:
    """A new journal, 0600; the oldest ones are removed while there are too many, or too large."""
    folder = state_dir(root, _RUNS)
    try:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        descriptor = os.open(folder / (run_id + _SUFFIX), flags, 0o600)
    except OSError as error:
        raise FleetError(
            f"cannot write a journal in {folder}: {error.strerror}",
            remedy="make that folder writable: without a journal, there is no record of the run",
        ) from None
    try:
        _remove_oldest(root, keep_runs, keep_bytes)
        yield Journal(descriptor)
    finally:
        os.close(descriptor)


def _remove_oldest(root: Path, keep_runs: int, keep_bytes: int) -> None:
    """The newest one stays in any case: it is that of this run."""
    size = 0
    for number, file in enumerate(reversed(_journals(root))):
        with suppress(OSError):
            size += file.stat().st_size
            if number and (number >= keep_runs or size > keep_bytes):
                file.unlink()


def _journals(root: Path) -> list[Path]:
    """The oldest first: run ids begin with their time."""
    folder = state_path(root, _RUNS)
    found = folder.glob("*" + _SUFFIX) if folder.is_dir() else ()
    return sorted(file for file in found if stat.S_ISREG(file.lstat().st_mode))


def all_runs(root: Path) -> Iterator[RunRecord]:
    """Every run of a project, the newest first; each is read when it is its turn."""
    return map(_read, reversed(_journals(root)))


def run_ids(root: Path) -> list[str]:
    """The ids of all runs, the oldest first."""
    return [file.name.removesuffix(_SUFFIX) for file in _journals(root)]


def run_named(root: Path, name: str) -> RunRecord:
    """The run whose id is, or begins with, that; UsageError if it is not exactly one."""
    files = {file.name.removesuffix(_SUFFIX): file for file in _journals(root)}
    found = [name] if name in files else [run_id for run_id in files if run_id.startswith(name)]
    if len(found) != 1:
        how_many = f"{len(found)} runs" if found else "no run"
        raise UsageError(f"{how_many} found for {name!r}", remedy="run: provisioner history")
    return _read(files[found[0]])


def _read(file: Path) -> RunRecord:
    """A journal, a line at a time; what is not an event is skipped."""
    events, lines = list[Event](), 0
    try:
        with file.open("rb") as content:
            for line in content:
                lines += 1
                with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                    events.append(_EVENT.decode(line))
    except OSError as error:
        raise FleetError(f"cannot read {file}: {error.strerror}") from None
    run_id = file.name.removesuffix(_SUFFIX)
    return RunRecord.of(events, run_id=run_id, whole=len(events) == lines)


AnyEvent = (
    RunStarted
    | HostsAsked
    | PhaseStarted
    | ServerSkipped
    | WarningGiven
    | RunPlanned
    | BatchStarted
    | HostFinished
    | RunStopped
    | RunFinished
    | RunFailed
)
_EVENT = msgspec.json.Decoder(AnyEvent)


def event_schema() -> dict[str, Any]:
    """The JSON Schema of a line of event_line."""
    (schema,), types = msgspec.json.schema_components([AnyEvent], ref_template="#/$defs/{name}")
    for kind in types.values():
        if "properties" in kind:
            kind["required"] = list(kind["properties"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://w3id.org/maps-provisioner/v1/run-events.schema.json",
        "title": "An event of a run of maps-provisioner",
        "description": "One line of `provisioner push --format json`; it holds no secret. A "
        "journal under .provisioner/runs/ has the same lines without phases, and without "
        "properties that have their default.",
        "type": "object",
        "oneOf": schema["anyOf"],
        "$defs": types,
    }
