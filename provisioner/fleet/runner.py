"""Ansible runs through ansible-runner, here and nowhere else. Decides nothing: events in, out."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.ansible.signals import Signals
from provisioner.errors import FleetError
from provisioner.fleet.host_answer import checked_answer
from provisioner.hosts.inventory_defect import how_to_see, unreadable_variables

_GRACE_SECONDS = 15.0  # for hosts to finish their transaction after an interrupt
_POLL_SECONDS = 1

# event name of Ansible's callback -> what it says of the host
_HOST_EVENTS = {
    "runner_on_ok": "ok",
    "runner_on_failed": "failed",
    "runner_on_unreachable": "unreachable",
}


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What one task said of one host. `outcome`: ok, failed, unreachable or nonsense."""

    host: str
    task: str
    outcome: str
    result: Mapping[str, Any]
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybookRun:
    """One run of a playbook on at least one host; none of it is secret: runner writes it down."""

    playbook: Path
    inventory: Path
    hosts: Iterable[str]
    folder: Path
    variables: Mapping[str, Any]
    settings: Mapping[str, str]
    forks: int
    check: bool = False
    verbosity: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """Who is told while a playbook runs. `on_output` gets what Ansible prints, as it is;
    `on_tick` is called about once a second.
    """

    on_start: Callable[[str, str], None]  # host, task
    on_result: Callable[[TaskResult], None]
    on_output: Callable[[str], None]
    on_tick: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Played:
    """The results that came; `broke` says how Ansible ended if it was before it had done."""

    results: tuple[TaskResult, ...]
    broke: str = ""


# Exit codes of ansible-playbook after which each host has had its say: bits for hosts that
# failed (2), were unreachable (4) or broke the play (8).
_SEEN_THROUGH = frozenset({0, 2, 4, 6, 8, 10, 12, 14})


def run_playbook(run: PlaybookRun, watcher: Watcher, signals: Signals) -> Played:
    """Run it and return each task's result.

    FleetError when Ansible itself could not start (bad inventory variables, no
    ansible-playbook, ...): no task had begun anywhere.
    """
    import ansible_runner

    results: list[TaskResult] = []
    heard: set[str] = set()

    def take(event: dict[str, Any]) -> bool:
        if text := event.get("stdout"):
            watcher.on_output(text)
        if event.get("event") == "runner_on_start":
            heard.add(event["event_data"]["host"])
            watcher.on_start(event["event_data"]["host"], event["event_data"].get("task", ""))
        if (result := _task_result(event)) is not None:
            results.append(result)
            watcher.on_result(result)
        return False  # runner writes no event to disk

    limit = run.folder / "limit"
    limit.write_text("\n".join(run.hosts) + "\n", encoding="utf-8")
    end = _End(signals, watcher.on_tick)
    with signals.passed_to(end.tell_children):
        outcome = ansible_runner.run(
            private_data_dir=str(run.folder),
            playbook=str(run.playbook),
            inventory=str(run.inventory),
            limit=f"@{limit}",
            extravars=dict(run.variables),
            envvars=dict(run.settings),
            settings={"pexpect_timeout": _POLL_SECONDS},
            cmdline="--check" if run.check else None,
            verbosity=run.verbosity or None,
            forks=run.forks,
            rotate_artifacts=0,
            quiet=True,
            event_handler=take,
            cancel_callback=end.is_overdue,
        )
    if outcome.rc in _SEEN_THROUGH and (heard or outcome.rc == 0):
        return Played(tuple(results))
    how = f"ended with code {outcome.rc}" if outcome.rc else "was killed"
    if not heard and not signals.first:
        raise _not_started(run, how, outcome.stdout.read())
    return Played(tuple(results), f"ansible-playbook {how} before it had done with this host")


def _task_result(event: Mapping[str, Any]) -> TaskResult | None:
    outcome = _HOST_EVENTS.get(event.get("event", ""))
    if outcome is None:
        return None
    data = event["event_data"]
    outcome, answer = checked_answer(outcome, data.get("res") or {})
    return TaskResult(
        data["host"],
        data.get("task", ""),
        outcome,
        answer,
        float(data.get("duration") or 0),
    )


def _not_started(run: PlaybookRun, how: str, said: str) -> FleetError:
    if error := unreadable_variables(run.inventory, said):
        return error
    return FleetError(
        f"ansible-playbook {how} before it reached a host",
        remedy=f"see why with `provisioner plan -v`, or {how_to_see(run.inventory)}",
    )


class _End:
    """Ansible is told once to end, and killed after the grace or at a second signal."""

    def __init__(self, signals: Signals, on_tick: Callable[[], None]) -> None:
        self._signals = signals
        self._on_tick = on_tick
        self._deadline: float | None = None
        self._told: set[int] = set()

    def tell_children(self) -> None:
        """Called on each signal, and once more for a child that had not started by then."""
        self._deadline = self._deadline or time.monotonic() + _GRACE_SECONDS
        for pid in set(_children()) - self._told:
            self._told.add(pid)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def is_overdue(self) -> bool:
        """Asked by runner about once a second; True makes it kill Ansible."""
        self._on_tick()
        if self._deadline is None:
            return False
        self.tell_children()
        return self._signals.count > 1 or time.monotonic() > self._deadline


def _children() -> list[int]:
    """Our direct children: here, ansible-playbook alone (Linux; elsewhere none is found)."""
    tasks = Path("/proc/self/task")
    found = [int(pid) for file in tasks.glob("*/children") for pid in file.read_text().split()]
    return sorted(set(found))
