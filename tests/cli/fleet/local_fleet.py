"""N hosts that are folders of this machine, reached by Ansible's local connection; their project,
and a mail server that does what a test tells it to."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from copy import copy, deepcopy
from pathlib import Path
from typing import Any, Self

import yaml

from provisioner.deploy.record import RunRecord, run_named
from provisioner.secret import Secret
from tests.cli.fleet.without_ansible import PROGRAM, directly
from tests.support.certificates import make_certificate
from tests.support.commands import run_command
from tests.support.scripted_mail_server import MailBehavior, ScriptedMailServer
from tests.support.terminal import Terminal

PROVISIONER = Path(sys.executable).with_name("provisioner")
USER, PASSWORD = "reports@example.edu", "correct horse"
# Commands that may send a secret.
_SENDING = ("plan", "push", "entered", "refresh", "test-email", "revoke")


class LocalFleet:
    """A project folder, its hosts `maps1` and so on, and `provisioner` as a user runs it.

    `is_direct`: the hosts are asked without Ansible.
    """

    is_direct = False

    def __init__(
        self, folder: Path, mail: ScriptedMailServer, ca_file: Path, hosts: int = 1
    ) -> None:
        self.folder, self.mail, self.ca_file = folder, mail, ca_file
        self.hosts: list[str] = []
        self.variables: dict[str, dict[str, Any]] = {}
        for name in ("servers", "inventory"):
            (folder / name).mkdir(parents=True)
        self.settings()
        self.of(hosts)
        self.declare("Reports")

    # -- what is declared

    def write(self, name: str, content: dict[str, Any]) -> None:
        (self.folder / name).write_text(yaml.safe_dump(content))

    def settings(self, **settings: Any) -> None:
        """Write provisioner.yml anew. Few tests are about what a person enters into MAPS."""
        push = {"to_be_entered": "ignore", **settings.pop("push", {})}
        self.write("provisioner.yml", {"ca_file": str(self.ca_file), "push": push, **settings})

    def of(self, hosts: int) -> LocalFleet:
        """The same with so many hosts; new ones have the variables of the first."""
        self.hosts = [f"maps{number}" for number in range(1, hosts + 1)]
        first = self.variables.get("maps1", {})
        for name in self.hosts:
            self.variables.setdefault(name, dict(first))
        self.set()
        return self

    def set(self, host: str | None = None, **variables: Any) -> None:
        """Set host variables, on one host or on all."""
        for name in [host] if host else self.hosts:
            self.variables[name] |= variables
        shared = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "maps_ca_file": str(self.ca_file),
        }
        hosts = {
            name: {"maps_directory": str(self.folder / name), **self.variables[name]}
            for name in self.hosts
        }
        self.write("inventory/hosts.yml", {"maps": {"hosts": hosts, "vars": shared}})

    def declare(self, name: str, **changes: Any) -> None:
        """Declare a server with a password, the mail server's own; None leaves a key out."""
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
        given = {key: value for key, value in server.items() if value is not None}
        self.write(f"servers/{name.lower()}.yml", given)

    def had(self, *limits: int | None) -> bytes:
        """Push documents of these limits a minute, in turn. -> the last one's bytes"""
        for limit in limits:
            self.declare("Reports", maximum_emails_per_minute=limit)
            self.pushed()
        self.mail.received.clear()
        return self.document().read_bytes()

    def copy(self, folder: Path) -> LocalFleet:
        """The same project and hosts in another folder, with the same mail server."""
        shutil.copytree(self.folder, folder)
        copied = copy(self)
        copied.folder, copied.variables = folder, deepcopy(self.variables)
        copied.set()
        return copied

    def undeclare(self, name: str) -> None:
        (self.folder / "servers" / f"{name.lower()}.yml").unlink()

    def commit(self) -> None:
        """Put the project into a repository of its own, as it is now."""
        who = ["-c", "user.name=t", "-c", "user.email=t@example.edu"]
        for arguments in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "x"]):
            subprocess.run(["git", *arguments], cwd=self.folder, check=True, capture_output=True)

    # -- what is run

    def with_ansible(self) -> Self:
        """From now on hosts are asked as a user's are."""
        self.is_direct = False
        return self

    def without_ansible(self) -> Self:
        """From now on a command over hosts takes a tenth of the time (without_ansible.py)."""
        self.is_direct = True
        return self

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "MAIL_PASSWORD": PASSWORD}

    def command(self, *arguments: str) -> list[str]:
        """Its command line; where secrets go is accepted, as a person does before the first."""
        names = [file.stem.capitalize() for file in (self.folder / "servers").iterdir()]
        accepted = [f"--accept-destination={name}" for name in names]
        program = [sys.executable, "-c", PROGRAM] if self.is_direct else [str(PROVISIONER)]
        return [*program, *arguments, *(accepted if arguments[0] in _SENDING else ())]

    def start(
        self, *arguments: str, password: str = PASSWORD, **streams: Any
    ) -> subprocess.Popen[str]:
        """Start the command, without a terminal."""
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.folder,
            env={**self.environment, "MAIL_PASSWORD": password},
            text=True,
            **(pipes | streams),
        )

    def at_a_terminal(self, *arguments: str) -> Terminal:
        """The command in a terminal of its own."""
        return Terminal(self.command(*arguments), folder=self.folder, environment=self.environment)

    def run(
        self, *arguments: str, password: str = PASSWORD, given: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run the command in the project folder, without a terminal; `given` is what it reads."""
        environment = {**self.environment, "MAIL_PASSWORD": password}
        start = 3 if self.is_direct else 1  # what comes after the program
        with directly() if self.is_direct else nullcontext():
            return run_command(
                *self.command(*arguments)[start:],
                folder=self.folder,
                environment=environment,
                given=given,
            )

    def ends(
        self, exit_code: int, *arguments: str, password: str = PASSWORD
    ) -> subprocess.CompletedProcess[str]:
        """Run, and fail with all that it printed unless it ends with that code."""
        ended = self.run(*arguments, password=password)
        assert ended.returncode == exit_code, ended.stderr + ended.stdout
        return ended

    def pushed(self, *arguments: str, exit_code: int = 0, password: str = PASSWORD) -> str:
        """What a push says that ends with that code."""
        return self.ends(exit_code, "push", *arguments, password=password).stdout

    def run_record(self) -> RunRecord:
        """The last run that left a journal."""
        return run_named(self.folder, self.journals()[-1][0]["run_id"])

    def states(self) -> dict[str, str]:
        """host -> what the last run says of it."""
        return {host.host: str(host.state) for host in self.run_record().hosts}

    def journals(self) -> list[list[dict[str, Any]]]:
        """The events of each run, the oldest first. Names of files tell no more than the second."""
        files = (self.folder / ".provisioner" / "runs").glob("*.jsonl")
        runs = [[json.loads(line) for line in file.read_text().splitlines()] for file in files]
        begun = filter(None, runs)  # a file is there before its first event
        return sorted(begun, key=lambda events: str(events[0]["at"]))

    # -- what hosts have

    def document(self, host: str = "maps1") -> Path:
        return self.folder / host / "email-servers.json"

    def entries(self, host: str = "maps1") -> dict[str, dict[str, Any]]:
        """server_name -> entry of a host's document."""
        servers = json.loads(self.document(host).read_text())["servers"]
        return {entry["server_name"]: entry for entry in servers}

    def served(self, host: str) -> list[str]:
        """The names of the servers that a host has."""
        return list(self.entries(host))


def usual_behavior() -> MailBehavior:
    """Take emails of the one mailbox, with its password."""
    return MailBehavior(mechanisms=("PLAIN",), passwords={USER: Secret(PASSWORD)})


@contextmanager
def local_fleet(
    folder: Path, hosts: int = 1, mail_server: type[ScriptedMailServer] = ScriptedMailServer
) -> Iterator[LocalFleet]:
    """A fleet whose mail server runs while it lasts."""
    (folder / "tls").mkdir()
    certificate = make_certificate(folder / "tls")
    with mail_server(certificate, usual_behavior()) as mail:
        yield LocalFleet(folder / "project", mail, certificate.ca_file, hosts)
