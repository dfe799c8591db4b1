"""One playbook on hosts, with no secret in it: what they have, and the leases they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provisioner.ansible.signals import recorded_signals
from provisioner.fleet.lease import lease_terms
from provisioner.fleet.run_folder import run_folder, write_private_json
from provisioner.fleet.run_id import new_run_id
from provisioner.fleet.runner import PlaybookRun, TaskResult, Watcher, run_playbook
from provisioner.git import commit_of
from provisioner.hosts.delivery import delivery_file
from provisioner.hosts.inventory import Inventory
from provisioner.model.project import Project
from provisioner.private_file import process_owner
from provisioner.resources import playbooks_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class HostContact:
    """How the hosts of a project are asked; `progress` is told of each that has answered."""

    project: Project
    settings: Mapping[str, str]
    progress: Callable[[str], None]

    def ask(
        self, playbook: str, hosts: Iterable[str], reason: str, **arguments: Any
    ) -> dict[str, TaskResult | None]:
        """host -> what it said to the playbook's one task; None: Ansible never came to it.

        `arguments` are the module's, beside who is asking.
        """
        wanted = sorted(hosts)
        if not wanted:  # to Ansible, an empty limit is none
            return {}
        content = {
            "run_id": new_run_id(),
            "owner": process_owner(),
            "lease": lease_terms(
                self.project.root, commit_of(self.project.root, self.project.declared_paths), reason
            ),
            **arguments,
        }
        with run_folder() as folder:
            _write(folder / "deliveries", wanted, content)
            with recorded_signals() as signals:
                run = self._run(playbook, wanted, folder)
                results = run_playbook(run, self._watcher(), signals).results
            signals.check()
        said = {result.host: result for result in results}
        return {host: said.get(host) for host in wanted}

    def _run(self, playbook: str, hosts: list[str], folder: Path) -> PlaybookRun:
        return PlaybookRun(
            playbook=playbooks_folder() / playbook,
            inventory=self.project.inventory_path,
            hosts=hosts,
            folder=folder,
            variables={"maps_run_folder": str(folder)},
            settings=self.settings,
            forks=self.project.push.forks,
        )

    def _watcher(self) -> Watcher:
        return Watcher(
            on_start=_nothing,
            on_result=self._tell,
            on_output=_nothing,
            on_tick=_nothing,
        )

    def _tell(self, result: TaskResult) -> None:
        self.progress(f"{result.host}: {'answered' if result.outcome == 'ok' else result.outcome}")


def hosts_of(project: Project, inventory: Inventory) -> tuple[str, ...]:
    """Every host that a declared server goes to, sorted."""
    return tuple(sorted({h for s in project.servers for h in inventory.matching(s.hosts)}))


def _write(folder: Path, hosts: Iterable[str], content: dict[str, Any]) -> None:
    folder.mkdir(mode=0o700)
    for host in hosts:
        write_private_json(folder / delivery_file(host), content)


def _nothing(*_said: object) -> None:
    """What nobody is told: that a task begins, and what Ansible prints."""
