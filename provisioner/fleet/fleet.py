"""The project's hosts, as every command reaches them: a playbook goes out, answers come back.

Through here go plan and push, and whatever else talks to hosts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.ansible.signals import Signals
from provisioner.fleet.progress_line import phase_of, progress_line
from provisioner.fleet.run_event import Listener, PlaybookStarted, TaskEnded, TaskStarted
from provisioner.fleet.run_folder import run_folder, write_private_json
from provisioner.fleet.runner import PlaybookRun, TaskResult, Watcher, run_playbook
from provisioner.hosts.delivery import delivery_file
from provisioner.model.project import Project
from provisioner.resources import playbooks_folder


@dataclass(frozen=True, slots=True)
class Answers:
    """What the hosts said in one run of a playbook; `started`: those that a task had begun on.

    `broke` says how Ansible ended if it was before it had done.
    """

    results: tuple[TaskResult, ...] = ()
    started: frozenset[str] = frozenset()
    broke: str = ""

    def of(self, host: str) -> tuple[TaskResult, ...]:
        """The results of one host, in order."""
        return tuple(result for result in self.results if result.host == host)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """What every Ansible run of this project has in common.

    `output` gets what Ansible prints; `tick` is called about once a second while it runs.
    """

    project: Project
    settings: Mapping[str, str]
    forks: int
    verbosity: int
    listener: Listener
    output: Callable[[str], None]
    tick: Callable[[], None]
    signals: Signals

    def run(
        self, playbook: str, deliveries: Mapping[str, Mapping[str, Any]], *, check: bool
    ) -> Answers:
        """Run a playbook on the hosts that `deliveries` names; its action plugins read them."""
        if not deliveries or self.signals.first:  # to Ansible, an empty limit is none
            return Answers()
        self.listener(PlaybookStarted(purpose=_purpose(check=check), hosts=len(deliveries)))
        started: set[str] = set()
        with run_folder() as folder:
            _write(folder / "deliveries", deliveries)
            played = run_playbook(
                self._playbook_run(playbook, folder, deliveries, check=check),
                self._watcher(started, check=check),
                self.signals,
            )
        return Answers(played.results, frozenset(started), played.broke)

    def _playbook_run(
        self, playbook: str, folder: Path, hosts: Mapping[str, object], *, check: bool
    ) -> PlaybookRun:
        return PlaybookRun(
            playbook=playbooks_folder() / playbook,
            inventory=self.project.inventory_path,
            hosts=sorted(hosts),
            folder=folder,
            variables={"maps_run_folder": str(folder)},
            settings=self.settings,
            forks=self.forks,
            check=check,
            verbosity=self.verbosity,
        )

    def _watcher(self, started: set[str], *, check: bool) -> Watcher:
        def on_start(host: str, task: str) -> None:
            started.add(host)
            self.listener(TaskStarted(host=host, phase=phase_of(task)))

        def on_result(result: TaskResult) -> None:
            self.listener(
                TaskEnded(
                    host=result.host,
                    phase=phase_of(result.task),
                    outcome=result.outcome,
                    text=progress_line(result, check=check),
                    seconds=round(result.seconds, 2),
                )
            )

        return Watcher(
            on_start=on_start,
            on_result=on_result,
            on_output=self.output,
            on_tick=self.tick,
        )


def _purpose(*, check: bool) -> str:
    return "check" if check else "push"


def _write(folder: Path, deliveries: Mapping[str, Mapping[str, Any]]) -> None:
    folder.mkdir(mode=0o700)
    for host, content in deliveries.items():
        write_private_json(folder / delivery_file(host), dict(content))
