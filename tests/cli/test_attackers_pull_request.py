"""What a merged pull request of an attacker gets from each command: not even a connection."""

from __future__ import annotations

import shlex
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from provisioner.errors import ExitCode
from tests.support.paths import FOLLOWING_BROWSER as BROWSER
from tests.support.project_folder import ProjectFolder, oauth2_server, password_server
from tests.support.scripted_provider import ScriptedProvider

pytestmark = pytest.mark.long

PASSWORD = "CANARY-relay-password"


@dataclass
class Trap:
    """The attacker's machine: a port, and how often somebody came."""

    port: int
    visits: list[bytes] = field(default_factory=list)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/token"


@contextmanager
def trap():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        caught = Trap(listening.getsockname()[1])

        def serve():
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


class Victim(ProjectFolder):
    """A project in use, whose servers a pull request declares otherwise."""

    def __init__(self, folder, provider):
        super().__init__(
            folder,
            REPORTS_SECRET=provider.client_secret.reveal(),
            RELAY_PASSWORD=PASSWORD,
            BROWSER=f"{sys.executable} {BROWSER} %s",
        )
        (folder / "host").mkdir()
        host = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "maps_directory": str(folder / "host"),
        }
        self.write("inventory/hosts.yml", {"maps": {"hosts": {"maps1": host}}})
        self.write("provisioner.yml", {"providers": {"localhost": {"revocation_url": None}}})
        self.reports = oauth2_server(provider.issuer, oauth2={"client_id": provider.client_id})
        self.relay = password_server()


@pytest.fixture
def victim(tmp_path):
    with ScriptedProvider() as provider:
        yield Victim(tmp_path / "project", provider)


def test_tokens_and_client_secrets_in_each_command(victim):
    victim.write("servers/reports.yml", victim.reports)
    signed_in = victim.ends(ExitCode.DONE, "authenticate", "Reports", "--no-smtp-check")
    assert (
        "Note: Reports: first use: client_secret ({env: REPORTS_SECRET}) will be"
        in signed_in.stderr
    )
    with trap() as evil:
        oauth2 = {**victim.reports["oauth2"], "access_token_url": evil.url}
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


def test_passwords_in_each_command(victim):
    with trap() as evil, trap() as right:
        victim.write("servers/relay.yml", {**victim.relay, "port": right.port})
        first = victim.ends(ExitCode.PERSON_NEEDED, "test-email", "Relay")
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


def test_a_forged_store_with_its_own_key(victim, tmp_path):
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
            ended = victim.ends(ExitCode.FAILURE, *command)
            assert "the vault password is not the one" in ended.stdout + ended.stderr
        assert evil.visits == []


def test_an_unknown_name_is_not_accepted(victim):
    victim.write("servers/relay.yml", victim.relay)
    ended = victim.ends(ExitCode.USAGE, "plan", "--accept-destination", "Raley")
    assert "declared servers: Relay" in ended.stderr


@pytest.mark.parametrize(("answer", "visits"), [("y", True), ("n", False), ("", False)])
def test_on_a_terminal_a_person_is_asked(victim, answer, visits):
    with trap() as mail:
        victim.write("servers/relay.yml", {**victim.relay, "port": mail.port})
        with victim.at_terminal("test-email", "Relay") as terminal:
            terminal.wait_for(r"\[y/N\] ")
            asked = "password ({env: RELAY_PASSWORD}) would be sent for the first time to"
            assert asked in terminal.output
            assert f"port {mail.port}" in terminal.output
            assert mail.visits == []
            terminal.answer("[y/N] ", answer)
            assert terminal.ends() != ExitCode.DONE
            assert bool(mail.visits) is visits
            assert ("nothing was sent" in terminal.output) is not visits


def test_the_users_key_as_a_client_secret(victim, home):
    """Of a new server, on a machine that does not know the project: a sign-in tells and goes on."""
    victim.write("servers/reports.yml", victim.reports)
    victim.run("authenticate", "Reports", "--no-smtp-check")
    key = home / ".config" / "maps-provisioner" / "vault-key"
    with trap() as evil, ScriptedProvider() as provider:
        stranger = Victim(victim.folder.parent / "other", provider)
        oauth2 = {**victim.reports["oauth2"], "access_token_url": evil.url}
        oauth2["client_secret"] = {"file": str(key)}
        stranger.write("servers/new.yml", {**victim.reports, "oauth2": oauth2})
        for accepted in ((), ("--accept-destination", "Reports")):
            ended = stranger.ends(
                ExitCode.FAILURE, "authenticate", "Reports", "--no-smtp-check", *accepted
            )
            assert "the secret is the vault password, which is never sent" in ended.stderr
        assert evil.visits == []


@pytest.mark.parametrize("content", ["-----BEGIN KEY-----\nabc\n", "A=b\0SECRET=c", "a\rb"])
def test_a_file_that_is_no_secret_of_one_line(victim, content):
    """A key of ssh, /proc/self/environ: no provider gave that as client secret or password."""
    theirs = victim.folder / "theirs"
    theirs.write_bytes(content.encode())
    oauth2 = {**victim.reports["oauth2"], "client_secret": {"file": str(theirs)}}
    victim.write("servers/reports.yml", {**victim.reports, "oauth2": oauth2})
    victim.write("servers/relay.yml", {**victim.relay, "password": {"file": str(theirs)}})
    for command in (["authenticate", "Reports"], ["test-email", "Relay"]):
        ended = victim.ends(ExitCode.FAILURE, *command, "--accept-destination", command[1])
        assert "the secret has more than one line" in ended.stderr
        assert "BEGIN" not in ended.stderr


@pytest.mark.parametrize("command", [["refresh"], ["status"], ["revoke", "--yes"]])
def test_a_name_that_a_shell_would_run(victim, command):
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
