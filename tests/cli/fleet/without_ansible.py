"""Hosts that are asked without Ansible: its worker and the module of hosts are called, not started.

They are as real as the others, with their files, commands and emails, and a command over them costs
a tenth. What Ansible adds is for the tests that say so (`LocalFleet.with_ansible`) and for
tests/hosts/with_ansible.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import yaml

from provisioner.ansible.executor import Answer, ExecutorOptions
from provisioner.ansible.run_folder import Phase
from provisioner.ansible.run_input import decoded
from provisioner.ansible.signals import Signals
from provisioner.cli import app
from provisioner.host import protocol, worker
from provisioner.host.protocol import CallSettings, Operation
from tests.hosts.posix_host import load
from tests.support.paths import ROOT

host_module = cache(load)


class DirectExecutor:
    """One host after the other."""

    def __init__(
        self, _playbooks: Path, inventory: Path, _options: ExecutorOptions, signals: Signals
    ) -> None:
        self._inventory, self._signals, self._is_stopping = inventory, signals, False

    def stop(self) -> None:
        """As the executor's."""
        self._is_stopping = True

    def run(self, content: bytes, hosts: Sequence[str]) -> Iterator[Answer | Phase]:
        """As the executor's."""
        self._is_stopping, work = False, decoded(content)
        maps = yaml.safe_load((self._inventory / "hosts.yml").read_text())["maps"]
        for host in hosts:
            if self._is_stopping or self._signals.first:
                yield Answer(host, "not started")
                continue
            begun, variables = Heard(host), maps["vars"] | maps["hosts"][host]
            with self._signals.passed_to(lambda: None):
                worker.answer(work, host, variables.get, "posix", caller, begun)
            self._signals.announce()
            yield from begun.phases
            yield Answer(host, "answered", begun.content)


class Heard:
    """What a worker tells, in place of the run folder's Begun."""

    def __init__(self, host: str) -> None:
        self.host, self.content = host, b""
        self.phases: list[Phase] = []

    def phase(self, name: str) -> None:
        self.phases.append(Phase(self.host, name))

    def goes_on(self) -> bool:
        return True

    def answer(self, content: bytes, short: bytes) -> None:
        self.content = content


def caller(settings: CallSettings) -> protocol.Call:
    """As the action plugin's."""

    def call(operations: Sequence[Operation]) -> list[protocol.Answer]:
        text = json.dumps({**asdict(settings), "operations": list(operations)})
        result = json.loads(json.dumps(host_module().result_of(text)))
        return protocol.decoded(result["answers"], operations)

    return call


def directly() -> Any:
    """While it lasts, commands of this process start no Ansible."""
    return patch("provisioner.deploy.run.Executor", DirectExecutor)


def main() -> None:
    """`provisioner`, with such hosts."""
    with directly():
        app.main()


# For `python -c`, wherever it is started.
PROGRAM = f"""import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.cli.fleet.without_ansible import main
main()
"""
