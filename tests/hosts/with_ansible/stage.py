"""A run of Ansible over hosts that are names alone, with `maps_host.py` beside it as its task.

As a program: the same in a process apart, to be signalled, which prints what comes.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from provisioner.ansible import run_folder
from provisioner.ansible.environment import ansible_environment
from provisioner.ansible.executor import Answer, Executor, ExecutorOptions, Output
from provisioner.ansible.signals import Signals, recorded_signals
from tests.support.paths import ROOT

HERE = Path(__file__).parent
PLAYBOOK = ROOT / "playbooks" / "hosts.yml"


class Stage:
    """An inventory, a playbook, and a folder for run folders, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.memory = folder, folder / "memory"
        self.inventory, self.playbooks = folder / "hosts.json", folder / "playbooks"

    def prepare(self, *hosts: str, **variables: dict[str, Any]) -> list[str]:
        """Write it all; `variables` of single hosts. -> the names of the hosts."""
        self.memory.mkdir(exist_ok=True)
        (self.playbooks / "action_plugins").mkdir(parents=True, exist_ok=True)
        shutil.copy(PLAYBOOK, self.playbooks)
        shutil.copy(HERE / "maps_host.py", self.playbooks / "action_plugins")
        group = {
            "hosts": {host: variables.get(host, {}) for host in hosts},
            "vars": {"ansible_connection": "local"},
        }
        self.inventory.write_text(json.dumps({"maps": group}))
        return list(hosts)

    def executor(self, signals: Signals | None = None, **options: Any) -> Executor:
        given = ExecutorOptions(**{"forks": 4, **options})
        return Executor(self.playbooks, self.inventory, given, signals or Signals())

    def run(self, hosts: list[str], steps: dict[str, Any], **options: Any) -> Iterator[Any]:
        """What the executor yields."""
        run_folder._MEMORY = self.memory
        with ansible_environment(self.folder):
            yield from self.executor(**options).run(json.dumps(steps).encode(), hosts)

    def answers(
        self, hosts: list[str], steps: dict[str, Any], **options: Any
    ) -> dict[str, tuple[str, Any]]:
        """host -> its state, with its answer or the error."""
        items = [item for item in self.run(hosts, steps, **options) if isinstance(item, Answer)]
        assert sorted(item.host for item in items) == sorted(hosts), "each exactly once"
        return {item.host: (item.state, item.content or item.error) for item in items}

    def start(self, hosts: list[str], steps: dict[str, Any]) -> subprocess.Popen[str]:
        """Run it in a process apart, two forks."""
        command = [sys.executable, __file__, str(self.folder), json.dumps(hosts), json.dumps(steps)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def _main(folder: str, hosts: str, steps: str) -> None:
    with recorded_signals() as signals:
        for item in Stage(Path(folder)).run(
            json.loads(hosts), json.loads(steps), forks=2, signals=signals
        ):
            if not isinstance(item, Output):
                print(item.host, getattr(item, "state", "phase"), flush=True)


if __name__ == "__main__":
    _main(*sys.argv[1:])
