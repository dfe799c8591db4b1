"""Ansible runs through ansible-runner, here and nowhere else. Decides nothing: events in, out."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from provisioner.errors import FleetError, Interrupted
from provisioner.fleet.host_answer import checked_answer, printable_lines

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


def run_playbook(
    run: PlaybookRun, on_result: Callable[[TaskResult], None], on_output: Callable[[str], None]
) -> tuple[TaskResult, ...]:
    """Run it and return each task's result, also passed to `on_result` as it comes.

    `on_output` gets what Ansible prints, which with a verbosity is much.

    Raises Interrupted when the user or the system ended it, FleetError when Ansible
    itself could not start (bad inventory variables, no ansible-playbook, ...).
    """
    import ansible_runner

    results: list[TaskResult] = []

    def take(event: dict[str, Any]) -> bool:
        if text := event.get("stdout"):
            on_output(printable_lines(text))
        if (result := _task_result(event)) is not None:
            results.append(result)
            on_result(result)
        return False  # runner writes no event to disk

    limit = run.folder / "limit"
    limit.write_text("\n".join(run.hosts) + "\n", encoding="utf-8")
    with _interrupt() as interrupt:
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
            cancel_callback=interrupt.cancelled,
        )
        if interrupt.received:
            raise Interrupted(
                "interrupted; hosts finish the transaction they are in",
                remedy="run the same push again: it goes on from what each host has",
            )
    if not results and outcome.rc != 0:
        raise FleetError(
            f"ansible-playbook ended with code {outcome.rc} before it reached a host",
            remedy=_last_lines(outcome),
        )
    return tuple(results)


def _task_result(event: Mapping[str, Any]) -> TaskResult | None:
    outcome = _HOST_EVENTS.get(event.get("event", ""))
    if outcome is None:
        return None
    data = event["event_data"]
    outcome, answer = checked_answer(outcome, data.get("res") or {})
    return TaskResult(data["host"], data.get("task", ""), outcome, answer)


def _last_lines(outcome: Any, count: int = 6) -> str:
    lines = [line.strip() for line in outcome.stdout.read().splitlines() if line.strip()]
    return " / ".join(lines[-count:]) or "it printed nothing"


class _Interrupt:
    """SIGINT or SIGTERM received: Ansible is told once, and killed only after the grace."""

    def __init__(self) -> None:
        self.received = False
        self._deadline = 0.0

    def receive(self, _number: int, _frame: FrameType | None) -> None:
        if not self.received:
            self.received = True
            self._deadline = time.monotonic() + _GRACE_SECONDS
            for pid in _children():
                os.kill(pid, signal.SIGTERM)

    def cancelled(self) -> bool:
        return self.received and time.monotonic() > self._deadline


@contextmanager
def _interrupt() -> Iterator[_Interrupt]:
    interrupt = _Interrupt()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, interrupt.receive)
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _children() -> list[int]:
    """Our direct children: here, ansible-playbook alone (Linux; elsewhere none is found)."""
    tasks = Path("/proc/self/task")
    found = [int(pid) for file in tasks.glob("*/children") for pid in file.read_text().split()]
    return sorted(set(found))
