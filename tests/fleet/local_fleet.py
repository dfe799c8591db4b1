"""N hosts that are folders of this machine, reached by Ansible's local connection; their project,
and a mail server that does what a test tells it to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from provisioner.demo.certificates import make_certificate
from provisioner.demo.mail_server import MailBehaviour, MailServer
from provisioner.secret import Secret

PROVISIONER = Path(sys.executable).with_name("provisioner")
USER, PASSWORD = "reports@example.edu", "correct horse"


class LocalFleet:
    """A project folder, its hosts `maps1` and so on, and `provisioner` as a user runs it."""

    def __init__(self, folder: Path, mail: MailServer, ca_file: Path, hosts: int) -> None:
        self.folder, self.mail = folder, mail
        self.hosts = [f"maps{number}" for number in range(1, hosts + 1)]
        self.variables: dict[str, dict[str, Any]] = {name: {} for name in self.hosts}
        self._ca_file = ca_file
        for name in ("servers", "inventory"):
            (folder / name).mkdir(parents=True)
        self.write("provisioner.yml", {"ca_file": str(ca_file)})
        self.set()
        self.declare("Reports")

    def write(self, name: str, content: dict[str, Any]) -> None:
        (self.folder / name).write_text(yaml.safe_dump(content))

    def set(self, host: str | None = None, **variables: Any) -> None:
        """Set host variables, on one host or on all."""
        for name in [host] if host else self.hosts:
            self.variables[name] |= variables
        shared = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "maps_ca_file": str(self._ca_file),
        }
        hosts = {
            name: {"maps_directory": str(self.folder / name), **self.variables[name]}
            for name in self.hosts
        }
        self.write("inventory/hosts.yml", {"maps": {"hosts": hosts, "vars": shared}})

    def declare(self, name: str, **changes: Any) -> None:
        """Declare a server with a password, the mail server's own."""
        server = {
            "server_name": name,
            "host": "localhost",
            "port": self.mail.port,
            "smtp_security_level": "plain",
            "use_tls": True,
            "user_name": USER,
            "password": {"env": "MAIL_PASSWORD"},
            **changes,
        }
        self.write(f"servers/{name.lower()}.yml", server)

    def undeclare(self, name: str) -> None:
        (self.folder / "servers" / f"{name.lower()}.yml").unlink()

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "MAIL_PASSWORD": PASSWORD}

    def command(self, *arguments: str) -> list[str]:
        """Its command line; where passwords go is accepted, as a person does before the first."""
        names = [file.stem.capitalize() for file in (self.folder / "servers").iterdir()]
        accepted = [f"--accept-destination={name}" for name in names]
        takes_it = arguments[0] in ("plan", "push", "rollback")
        return [str(PROVISIONER), *arguments, *(accepted if takes_it else ())]

    def run(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run the command in the project folder, without a terminal; `given` is what it reads."""
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=self.environment,
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )

    def ends(self, exit_code: int, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run, and fail with all that it printed unless it ends with that code."""
        ended = self.run(*arguments)
        assert ended.returncode == exit_code, ended.stderr + ended.stdout
        return ended

    def document(self, host: str) -> Path:
        return self.folder / host / "email-servers.json"

    def served(self, host: str) -> list[str]:
        """The names of the servers that a host has."""
        return [
            entry["server_name"] for entry in json.loads(self.document(host).read_text())["servers"]
        ]

    def journals(self) -> list[list[dict[str, Any]]]:
        """The events of each push, the oldest first."""
        files = sorted((self.folder / ".provisioner" / "runs").glob("*.jsonl"))
        return [[json.loads(line) for line in file.read_text().splitlines()] for file in files]

    def commit(self) -> None:
        """Put the project into a repository of its own, as it is now."""
        who = ["-c", "user.name=t", "-c", "user.email=t@example.edu"]
        for arguments in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "x"]):
            subprocess.run(["git", *arguments], cwd=self.folder, check=True, capture_output=True)


@contextmanager
def local_fleet(folder: Path, hosts: int = 1) -> Iterator[LocalFleet]:
    """A fleet whose mail server runs while it lasts."""
    (folder / "tls").mkdir()
    certificate = make_certificate(folder / "tls")
    behaviour = MailBehaviour(mechanisms=("PLAIN", "LOGIN"), passwords={USER: Secret(PASSWORD)})
    with MailServer(certificate, behaviour) as mail:
        yield LocalFleet(folder / "project", mail, certificate.ca_file, hosts)
