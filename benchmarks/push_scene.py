"""The lab's sshd hosts and a project of three servers for them."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import yaml
from measuring import Cost, cpu_of_trees, run_timed

from tests.support.lab.fleet import Fleet
from tests.support.lab.lab import Lab
from tests.support.lab.mail import Mail

SERVERS = ("Reports", "Alerts", "Billing")
PASSWORD_VARIABLE = "BENCHMARK_PASSWORD"
APPLY = ["/bin/true"]


class FailedRunError(Exception):
    """A measured command that did not do its work: its times would be worth nothing."""


@dataclass(frozen=True, slots=True)
class Scene:
    """`folder` is the project; `home` has the connections of ssh, which all runs share."""

    fleet: Fleet
    mail: Mail
    folder: Path
    home: Path
    provisioner: Path
    forks: int

    @property
    def inventory(self) -> Path:
        """The inventory of all hosts."""
        return self.folder / "inventory" / "hosts.yml"

    def declare(self, hosts: int, client_name: str) -> None:
        """Three servers for that many hosts; another `client_name` changes each of them."""
        self.fleet.inventory(hosts, {"maps_apply_command": APPLY}, path=self.inventory)
        plain = self.mail.server("plain")
        for number, name in enumerate(SERVERS, start=1):
            server = {
                "server_name": name,
                "host": plain.host,
                "port": 465,
                "client_name": client_name,
                "smtp_security_level": "plain",
                "use_tls": True,
                "user_name": f"benchmark{number}@lab.test",
                "password": {"env": PASSWORD_VARIABLE},
            }
            path = self.folder / "servers" / f"{name.lower()}.yml"
            path.write_text(yaml.safe_dump(server, sort_keys=False))

    def provision(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> Cost:
        """Run our command in the project."""
        return self.timed([str(self.provisioner), *arguments], codes=codes)

    def timed(self, argv: list[str], *, codes: tuple[int, ...] = (0,), **settings: str) -> Cost:
        """Run any command in the project; FailedRunError unless it ends as it should."""
        said, before = self.folder.parent / "said.txt", self._hosts_cpu()
        with said.open("wb") as stream, _environment(**self._variables(), **settings):
            cost = run_timed(argv, self.folder, stream.fileno())
        cost = replace(cost, hosts_cpu=self._hosts_cpu() - before)
        if cost.exit_code not in codes:
            tail = said.read_text(errors="replace")[-1500:]
            raise FailedRunError(f"{' '.join(argv[:4])} ended with {cost.exit_code}:\n{tail}")
        return cost

    def _hosts_cpu(self) -> float:
        hosts = (host.process for host in self.fleet.hosts.values())
        return cpu_of_trees(process.popen.pid for process in hosts if process is not None)

    def _variables(self) -> dict[str, str]:
        here = str(self.provisioner.parent)
        return {
            "HOME": str(self.home),
            "PATH": os.pathsep.join((here, os.environ["PATH"])),
            PASSWORD_VARIABLE: self.mail.password,
            "ANSIBLE_VAULT_PASSWORD_FILE": str(self.home / "vault-password"),
        }


@contextmanager
def scene(folder: Path, provisioner: Path, forks: int) -> Iterator[Scene]:
    """Start the lab; everything is gone at the end."""
    project, home = folder / "project", folder / "home"
    for part in (project / "servers", project / "inventory", home):
        part.mkdir(parents=True)
    password = home / "vault-password"
    password.touch(mode=0o600)
    password.write_text(secrets.token_hex(32) + "\n")
    with Lab.open() as lab:
        settings = {"ca_file": str(lab.pki.ca), "push": {"forks": forks, "to_be_entered": "ignore"}}
        (project / "provisioner.yml").write_text(yaml.safe_dump(settings))
        yield Scene(lab.fleet, lab.mail, project, home, provisioner, forks)


@contextmanager
def _environment(**wanted: str) -> Iterator[None]:
    """What a child is started with. Unset: what makes each start of a Python slower, for all."""
    before = dict(os.environ)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ.update(wanted)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
