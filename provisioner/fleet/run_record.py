"""A journal, read again: what a run was to do, what it did, and how far it came."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from provisioner.errors import FleetError, UsageError
from provisioner.fleet.host_result import GOOD_STATES, HostState
from provisioner.fleet.journal import SUFFIX, journal_files
from provisioner.fleet.saved_plan import SavedPlan
from provisioner.resources import schema_path

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class RunRecord:
    """The events of one run, in order. `whole`: no line was torn, or is anything else."""

    run_id: str
    events: tuple[Facts, ...]
    whole: bool

    def of(self, name: str) -> list[Facts]:
        """The events of that name."""
        return [event for event in self.events if event.get("event") == name]

    @cached_property
    def started(self) -> Facts:
        """The first event; empty where even that was torn."""
        return next(iter(self.of("run_started")), {})

    @cached_property
    def planned(self) -> Facts | None:
        """What it was to do; None if it did not come so far."""
        return next(iter(self.of("run_planned")), None)

    @cached_property
    def finished(self) -> Facts | None:
        """The last event; None if the run was killed, or still goes on."""
        return next(iter(self.of("run_finished")), None)

    @cached_property
    def results(self) -> dict[str, Facts]:
        """host -> the last word on it; of the hosts that the run came to."""
        return {e["result"]["host"]: e["result"] for e in self.of("host_finished")}

    @property
    def targets(self) -> tuple[str, ...]:
        """The hosts that it was to change, in order."""
        groups = self.planned["batches"] if self.planned else ()
        return tuple(host for group in groups for host in group)

    @cached_property
    def not_asked(self) -> dict[str, Facts]:
        """host -> why the check run got no answer to plan by: unreachable, locked, failed."""
        hosts = self.planned["hosts"] if self.planned else ()
        answered = GOOD_STATES | {HostState.CHANGES, HostState.MOVED}
        return {h["host"]: h for h in hosts if h["state"] not in answered}

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that it was to bring to the declared state, as far as it knew."""
        return (*self.targets, *(host for host in self.not_asked if host not in self.targets))

    @property
    def begun(self) -> frozenset[str]:
        """The hosts of the batches that were begun."""
        return frozenset(host for event in self.of("batch_started") for host in event["hosts"])

    @property
    def undone(self) -> tuple[str, ...]:
        """The hosts that are not known to be as they were to become."""
        good = {host for host, result in self.results.items() if result["state"] in GOOD_STATES}
        return tuple(host for host in self.hosts if host not in good)

    @property
    def plan(self) -> SavedPlan:
        """Its plan. Only where `planned`."""
        assert self.planned is not None  # noqa: S101
        return SavedPlan(self.planned["plan"])


def read_run(file: Path) -> RunRecord:
    """A journal; FleetError if it cannot be read. What is no event is passed over."""
    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        raise FleetError(f"{file} cannot be read: {error.strerror}") from None
    events = [event for line in lines if (event := _event(line)) is not None]
    return RunRecord(file.name.removesuffix(SUFFIX), tuple(events), len(events) == len(lines))


def all_runs(root: Path) -> Iterator[RunRecord]:
    """Every run of a project, the newest first."""
    return (read_run(file) for file in reversed(journal_files(root)))


def run_named(root: Path, name: str) -> RunRecord:
    """The run whose id is, or begins with, that; UsageError if it is not exactly one."""
    found = [f for f in journal_files(root) if f.name.removesuffix(SUFFIX).startswith(name)]
    exact = [file for file in found if file.name == name + SUFFIX]
    if len(exact or found) != 1:
        how_many = f"{len(found)} runs of this project begin" if found else "no run begins"
        raise UsageError(
            f"{how_many} with {name!r}",
            remedy="list them: provisioner history",
        )
    return read_run((exact or found)[0])


def _event(line: bytes) -> Facts | None:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if _is_event(event) else None


def _is_event(event: Any) -> bool:
    """As the schema says; tasks' events are most of a journal, and nothing here reads them."""
    name = event.get("event") if isinstance(event, dict) else None
    return name in ("task_started", "task_ended") or _events().is_valid(event)


@cache
def _events() -> Any:
    import jsonschema_rs

    schema = json.loads(schema_path("run-events").read_bytes())
    return jsonschema_rs.Draft202012Validator(schema)
