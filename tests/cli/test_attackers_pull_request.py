"""What a merged pull request of an attacker gets from each command: not even a connection."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

from provisioner.errors import ExitCode
from tests.support.commands import run_command
from tests.support.paths import FOLLOWING_BROWSER as BROWSER
from tests.support.scripted_provider import ScriptedProvider
from tests.support.terminal import Terminal

pytestmark = pytest.mark.long

PROVISIONER = Path(sys.executable).with_name("provisioner")
PASSWORD = "CANARY-relay-password"


@dataclass
class Trap:
    """The attacker's machine: a port, and how often somebody came."""

    port: int
    visits: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/token"


@contextmanager
def trap() -> Iterator[Trap]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        caught = Trap(listening.getsockname()[1])

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection:
                        caught.visits.append(b"somebody came")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield caught
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


class Victim:
    """A project in use: Reports is signed in to, Relay's password was accepted."""

    def __init__(self, folder: Path, provider: ScriptedProvider) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "REPORTS_SECRET": provider.client_secret.reveal(),
            "RELAY_PASSWORD": PASSWORD,
            "BROWSER": f"{sys.executable} {BROWSER} %s",
        }
        for name in ("servers", "inventory", "host"):
            (folder / name).mkdir(parents=True)
        host = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "maps_directory": str(folder / "host"),
        }
        self.write("inventory/hosts.yml", {"maps": {"hosts": {"maps1": host}}})
        self.write("provisioner.yml", {"providers": {"localhost": {"revocation_url": None}}})
        self.reports = {
            "server_name": "Reports",
            "host": "localhost",
            "port": 25,
            "smtp_security_level": "oauth2",
            "use_tls": True,
            "user_name": "reports@example.edu",
            "oauth2": {
                "access_token_url": provider.token_url,
                "authorization_url": provider.authorization_url,
                "client_id": provider.client_id,
                "client_secret": {"env": "REPORTS_SECRET"},
                "scope_for_authorize": "openid email smtp offline_access",
            },
        }
        self.relay = {
            "server_name": "Relay",
            "host": "localhost",
            "port": 25,
            "smtp_security_level": "plain",
            "use_tls": True,
            "user_name": "reports@example.edu",
            "password": {"env": "RELAY_PASSWORD"},
        }

    def write(self, name: str, content: object) -> None:
        (self.folder / name).write_text(yaml.safe_dump(content))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return run_command(*arguments, folder=self.folder, environment=self.environment)


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Victim]:
    with ScriptedProvider() as provider:
        yield Victim(tmp_path / "project", provider)


def test_tokens_and_client_secrets_in_each_command(victim: Victim) -> None:
    victim.write("servers/reports.yml", victim.reports)
    signed_in = victim.run("authenticate", "Reports", "--no-smtp-check")
    assert signed_in.returncode == ExitCode.DONE, signed_in.stderr
    assert (
        "Note: Reports: first use: client_secret ({env: REPORTS_SECRET}) will be"
        in signed_in.stderr
    )
    with trap() as evil:
        oauth2 = {**victim.reports["oauth2"], "access_token_url": evil.url}  # type: ignore[dict-item]
        changed = {**victim.reports, "oauth2": oauth2, "host": "127.0.0.1", "port": evil.port}
        victim.write("servers/reports.yml", changed)
        victim.write("servers/copy.yml", {**changed, "server_name": "Copy"})
        for command in (
            ["refresh"],
            ["authenticate", "Reports"],
            ["authenticate", "Copy"],
            ["test-email", "Reports"],
            ["plan"],
            ["push"],
        ):
            ended = victim.run(*command)
            said = ended.stdout + ended.stderr
            assert ended.returncode == ExitCode.PERSON_NEEDED, said
            assert f"to {evil.url}" in said
            assert "--accept-destination" in said
        assert evil.visits == []
        victim.run("refresh", "Reports", "--accept-destination", "Reports")
        assert evil.visits != [], "the trap is where an accepted token goes"
    assert list((victim.folder / "host").iterdir()) == []


def test_passwords_in_each_command(victim: Victim) -> None:
    with trap() as evil, trap() as right:
        victim.write("servers/relay.yml", {**victim.relay, "port": right.port})
        first = victim.run("test-email", "Relay")
        assert first.returncode == ExitCode.PERSON_NEEDED
        assert "would be sent for the first time to host localhost" in first.stderr
        assert right.visits == []
        accepted = victim.run("test-email", "Relay", "--accept-destination", "Relay")
        assert right.visits != [], accepted.stderr
        victim.write("servers/copy.yml", {**victim.relay, "server_name": "Copy", "port": evil.port})
        victim.write("servers/relay.yml", {**victim.relay, "port": evil.port})
        for command in (["test-email", "Relay"], ["test-email", "Copy"], ["plan"], ["push"]):
            ended = victim.run(*command)
            said = ended.stdout + ended.stderr
            assert ended.returncode == ExitCode.PERSON_NEEDED, said
            assert f"port changed from {right.port} to {evil.port}" in said
            assert PASSWORD not in said
        assert evil.visits == []
    assert list((victim.folder / "host").iterdir()) == []


def test_a_forged_store_with_its_own_key(victim: Victim, tmp_path: Path) -> None:
    """The pull request brings tokens/, encrypted with a key that its author knows."""
    attackers = tmp_path / "attackers-home"
    key = attackers / "maps-provisioner" / "vault-key"
    with trap() as evil:
        victim.write("servers/relay.yml", {**victim.relay, "port": evil.port})
        users = victim.environment
        victim.environment = users | {"XDG_CONFIG_HOME": str(attackers)}
        victim.run("plan", "--accept-destination", "Relay")
        assert list((victim.folder / "tokens").glob("relay-*.yml")) != []
        assert "1 server skipped" not in victim.run("plan").stdout
        victim.environment = users
        (victim.folder / "key").write_bytes(key.read_bytes())
        (victim.folder / "key").chmod(0o600)
        for settings, said_then in (
            ({}, "vault-key"),
            ({"vault_password": {"file": "key"}}, "`vault_password` is not allowed here"),
            ({"vault_password": {"file": str(key)}}, "`vault_password` is not allowed here"),
        ):
            victim.write("provisioner.yml", settings)
            for command in (["test-email", "Relay"], ["push"]):
                ended = victim.run(*command)
                said = ended.stdout + ended.stderr
                assert ended.returncode == ExitCode.FAILURE, said
                assert said_then in said
        victim.write("provisioner.yml", {})
        own = Path(users["XDG_CONFIG_HOME"], "maps-provisioner", "vault-key")
        own.parent.mkdir(parents=True)
        own.write_text("the user's own")
        own.chmod(0o600)
        for command in (["test-email", "Relay"], ["push"]):
            ended = victim.run(*command)
            assert ended.returncode == ExitCode.FAILURE
            assert "the vault password is not the one" in ended.stdout + ended.stderr
        assert evil.visits == []


def test_an_unknown_name_is_not_accepted(victim: Victim) -> None:
    victim.write("servers/relay.yml", victim.relay)
    ended = victim.run("plan", "--accept-destination", "Raley")
    assert ended.returncode == ExitCode.USAGE
    assert "declared servers: Relay" in ended.stderr


@pytest.mark.parametrize(("answer", "visits"), [("y", True), ("n", False), ("", False)])
def test_on_a_terminal_a_person_is_asked(victim: Victim, answer: str, visits: bool) -> None:
    with trap() as mail:
        victim.write("servers/relay.yml", {**victim.relay, "port": mail.port})
        with Terminal(
            [PROVISIONER, "test-email", "Relay"],
            folder=victim.folder,
            environment=victim.environment,
        ) as terminal:
            terminal.wait_for(r"\[y/N\] ")
            asked = "password ({env: RELAY_PASSWORD}) would be sent for the first time to"
            assert asked in terminal.output
            assert f"port {mail.port}" in terminal.output
            assert mail.visits == []
            terminal.answer("[y/N] ", answer)
            assert terminal.ends() != ExitCode.DONE
            assert bool(mail.visits) is visits
            assert ("nothing was sent" in terminal.output) is not visits


def test_the_users_key_as_a_client_secret(victim: Victim, home: Path) -> None:
    """Of a new server, on a machine that does not know the project: a sign-in tells and goes on."""
    victim.write("servers/reports.yml", victim.reports)
    victim.run("authenticate", "Reports", "--no-smtp-check")
    key = home / ".config" / "maps-provisioner" / "vault-key"
    with trap() as evil, ScriptedProvider() as provider:
        stranger = Victim(victim.folder.parent / "other", provider)
        oauth2 = {**victim.reports["oauth2"], "access_token_url": evil.url}  # type: ignore[dict-item]
        oauth2["client_secret"] = {"file": str(key)}
        stranger.write("servers/new.yml", {**victim.reports, "oauth2": oauth2})
        for accepted in ((), ("--accept-destination", "Reports")):
            ended = stranger.run("authenticate", "Reports", "--no-smtp-check", *accepted)
            assert ended.returncode == ExitCode.FAILURE, ended.stderr
            assert "the secret is the vault password, which is never sent" in ended.stderr
        assert evil.visits == []


@pytest.mark.parametrize("content", ["-----BEGIN KEY-----\nabc\n", "A=b\0SECRET=c", "a\rb"])
def test_a_file_that_is_no_secret_of_one_line(victim: Victim, content: str) -> None:
    """A key of ssh, /proc/self/environ: no provider gave that as client secret or password."""
    theirs = victim.folder / "theirs"
    theirs.write_bytes(content.encode())
    oauth2 = {**victim.reports["oauth2"], "client_secret": {"file": str(theirs)}}  # type: ignore[dict-item]
    victim.write("servers/reports.yml", {**victim.reports, "oauth2": oauth2})
    victim.write("servers/relay.yml", {**victim.relay, "password": {"file": str(theirs)}})
    for command in (["authenticate", "Reports"], ["test-email", "Relay"]):
        ended = victim.run(*command, "--accept-destination", command[1])
        assert ended.returncode == ExitCode.FAILURE
        assert "the secret has more than one line" in ended.stderr
        assert "BEGIN" not in ended.stderr


@pytest.mark.parametrize("command", [["refresh"], ["status"], ["revoke", "--yes"]])
def test_a_name_that_a_shell_would_run(victim: Victim, command: list[str]) -> None:
    """A person pastes the command that an error proposes."""
    name = "x'; touch owned; '"
    victim.write("servers/reports.yml", {**victim.reports, "server_name": name})
    victim.run("authenticate", name, "--no-smtp-check")
    victim.write("servers/reports.yml", {**victim.reports, "server_name": name, "host": "evil"})
    ended = victim.run(*command, *([name] if "revoke" in command else []))
    assert ended.returncode == ExitCode.PERSON_NEEDED
    said = ended.stdout + ended.stderr
    proposed = said.partition("provisioner ")[2] or said.partition("--accept-destination ")[2]
    shell = f"true {proposed.replace('`', '')}"
    subprocess.run(["sh", "-c", shell], cwd=victim.folder, capture_output=True, check=False)
    assert shlex.quote(name) in said
    assert not (victim.folder / "owned").exists(), shell
