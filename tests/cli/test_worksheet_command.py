"""`worksheet` as a user runs it: whose servers, in which form, and where secrets may go."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from provisioner.errors import ExitCode
from tests.cli.sightings import Sightings
from tests.support.terminal import Terminal

pytestmark = pytest.mark.long

PROVISIONER = Path(sys.executable).with_name("provisioner")
CLIENT_SECRET = "CANARY-client~secret/+"
PASSWORD = "CANARY-relay/passw+rd<b>"
REVEAL = ("--reveal", "--accept-destination", "Reports", "--accept-destination", "Relay")
REPORTS: dict[str, Any] = {
    "server_name": "Reports",
    "host": "smtp.office365.com",
    "port": 587,
    "smtp_security_level": "oauth2",
    "use_tls": True,
    "user_name": "reports@example.edu",
    "oauth2": {
        "access_token_url": "https://login.microsoftonline.com/contoso.edu/oauth2/v2.0/token",
        "authorization_url": (
            "https://login.microsoftonline.com/contoso.edu/oauth2/v2.0/authorize"
        ),
        "client_id": "5f2c8a1e-0b7d-4c57-9a53-2d1f6e0c9b84",
        "client_secret": {"env": "REPORTS_SECRET"},
        "scope_for_authorize": "https://outlook.office.com/SMTP.Send offline_access",
    },
}
RELAY: dict[str, Any] = {
    "server_name": "Relay",
    "host": "relay.example.edu",
    "smtp_security_level": "plain",
    "use_tls": True,
    "user_name": "alerts@example.edu",
    "password": {"env": "RELAY_PASSWORD"},
    "hosts": "test",
}


class Desk:
    """A project of two servers, and all that can be seen of a run in it."""

    def __init__(self, root: Path) -> None:
        self.root, self.project = root, root / "project"
        self.home, self.temporary = root / "home", root / "tmp"
        for folder in (
            *(self.project / name for name in ("servers", "inventory")),
            self.home,
            self.temporary,
        ):
            folder.mkdir(parents=True)
        self.declare("reports", REPORTS)
        self.declare("relay", RELAY)
        self.hosts("[maps]\nmaps1\nmaps2\n[test]\nmaps2\n[db]\ndb1\n")
        self.environment = {
            **os.environ,
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "TMPDIR": str(self.temporary),
            "REPORTS_SECRET": CLIENT_SECRET,
            "RELAY_PASSWORD": PASSWORD,
        }
        self.sightings = Sightings(root)

    def declare(self, name: str, server: dict[str, Any]) -> None:
        path = self.project / "servers" / f"{name}.yml"
        path.write_text(yaml.safe_dump(server, sort_keys=False))

    def hosts(self, inventory: str) -> None:
        (self.project / "inventory" / "hosts.ini").write_text(inventory)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `worksheet`, watched."""
        return self.sightings.of_run(
            [str(PROVISIONER), "worksheet", *arguments],
            cwd=self.project,
            env=self.environment,
            temporary=self.temporary,
        )

    def printed(self, *arguments: str) -> str:
        ended = self.run(*arguments)
        assert ended.returncode == ExitCode.DONE, ended.stderr
        return ended.stdout

    def refused(self, code: ExitCode, *arguments: str) -> str:
        """What is said; nothing is printed."""
        ended = self.run(*arguments)
        assert (ended.returncode, ended.stdout) == (code, ""), ended.stderr
        return ended.stderr

    def secrets_seen(self, *, but_in: str = "") -> list[tuple[str, str]]:
        canaries = {"client secret": CLIENT_SECRET, "password": PASSWORD}
        return self.sightings.of(canaries, but_in=but_in)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "desk")


def headings(text: str) -> list[str]:
    """The servers of a sheet of text."""
    lines = text.splitlines()
    return [lines[n - 1].split("  (")[0] for n, line in enumerate(lines) if set(line) == {"="}]


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_all_servers_or_those_that_are_named_once_each(desk: Desk) -> None:
    assert sorted(headings(desk.printed())) == ["Relay", "Reports"]
    assert headings(desk.printed("reports", "Relay", "Reports")) == ["Reports", "Relay"]
    said = desk.refused(ExitCode.USAGE, "Alerts")
    assert "no server named 'Alerts' is declared" in said
    assert "declared servers: Relay, Reports" in said


def test_the_servers_of_a_host(desk: Desk) -> None:
    text = desk.printed("--host", "maps1")
    assert text.startswith("MAPS email servers of maps1\n")
    assert headings(text) == ["Reports"]
    assert sorted(headings(desk.printed("--host", "maps2"))) == ["Relay", "Reports"]
    assert headings(desk.printed("--host", "maps2", "Relay")) == ["Relay"]


def test_several_hosts_are_one_page_with_equal_hosts_together(desk: Desk) -> None:
    desk.hosts("[maps]\nmaps1\nmaps2\nmaps3\n[test]\nmaps2\n")
    named = ("--host", "maps3", "--host", "maps2", "--host", "maps1", "--host", "maps3")
    text = desk.printed(*named)
    titles = [line for line in text.splitlines() if line.startswith("MAPS email servers of")]
    assert titles == ["MAPS email servers of maps3, maps1", "MAPS email servers of maps2"]
    assert headings(text)[0] == "Reports"
    assert sorted(headings(text)[1:]) == ["Relay", "Reports"]
    page = desk.printed(*named, "--format", "html")
    assert page.count("<h1>") == 2
    assert re.findall(r'id="server-(\d)"', page) == ["1", "2", "3"]
    assert page.count("</html>") == 1


def test_a_host_without_what_is_asked_for(desk: Desk) -> None:
    for name in ("maps", "maps1:maps2"):
        said = desk.refused(ExitCode.USAGE, "--host", name)
        assert f"Error: unknown host: {name} is not in {desk.project / 'inventory'}" in said
        assert "name one of these: db1, maps1, maps2" in said
    said = desk.refused(ExitCode.USAGE, "--host", "db1")
    assert "no email server is declared for db1" in said
    said = desk.refused(ExitCode.USAGE, "--host", "maps1", "Reports", "Relay")
    assert "servers/relay.yml:8: Relay: hosts: test does not include maps1" in said
    said = desk.refused(ExitCode.USAGE, "--inventory", "inventory")
    assert "--inventory requires --host or --changed" in said
    said = desk.refused(ExitCode.USAGE, "--accept-destination", "Reports")
    assert "--accept-destination requires --reveal or --changed" in said
    desk.hosts("[maps]\n")
    said = desk.refused(ExitCode.USAGE, "--host", "maps1")
    assert "add your hosts to " in said
    (desk.project / "inventory" / "hosts.ini").unlink()
    said = desk.refused(ExitCode.FAILURE, "--host", "maps1")
    assert "no inventory at" in said


def test_another_inventory_and_another_folder(desk: Desk) -> None:
    other = desk.root / "other.ini"
    other.write_text("[maps]\nmaps9\n")
    project = desk.project.rename(desk.root / "moved")
    desk.project = desk.root
    where = ("-C", str(project), "--host", "maps9", "-i", str(other))
    assert headings(desk.printed(*where)) == ["Reports"]


def test_the_format_is_as_asked_for_else_as_the_file_ends(desk: Desk) -> None:
    for arguments, beginning in (
        (("--output", "a.html"), "<!DOCTYPE html>\n"),
        (("--output", "a.HTM"), "<!DOCTYPE html>\n"),
        (("--output", "a.md"), "# MAPS email servers\n"),
        (("--output", "a"), "MAPS email servers\n"),
        (("--output", "a.html", "--format", "text"), "MAPS email servers\n"),
        (("--output", "a.txt", "--format", "html"), "<!DOCTYPE html>\n"),
    ):
        ended = desk.run(*arguments)
        assert (ended.returncode, ended.stdout) == (ExitCode.DONE, "")
        assert ended.stderr == f"Wrote {arguments[1]}\n"
        written = desk.project / arguments[1]
        assert written.read_text(encoding="utf-8").startswith(beginning)
        assert mode_of(written) == 0o666 & ~_umask()
    assert desk.printed("--format", "markdown").startswith("# MAPS email servers\n")
    assert desk.printed("--format", "html").endswith("</html>\n")
    assert desk.run("--format", "pdf").returncode == ExitCode.USAGE
    assert desk.secrets_seen() == []


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_file_that_cannot_be_written(desk: Desk) -> None:
    said = desk.refused(ExitCode.FAILURE, "--output", "nowhere/a.html")
    assert "cannot write nowhere/a.html: No such file or directory" in said
    assert "--output needs a file in a folder that exists" in said
    said = desk.refused(ExitCode.FAILURE, "--output", "servers")
    assert "cannot write servers: Is a directory" in said


def test_what_it_is_made_of_is_not_replaced(desk: Desk) -> None:
    link = desk.project / "sheet.html"
    link.symlink_to("servers/relay.yml")
    before = (desk.project / "servers" / "relay.yml").read_bytes()
    (desk.project / "tokens.html").symlink_to("tokens/reports-0.yml")
    inside = ("provisioner.yml", "inventory/hosts.yml", "tokens/reports-0.yml", "tokens.html")
    for out in ("servers/relay.yml", str(link), *inside):
        said = desk.refused(ExitCode.USAGE, "Reports", "--output", out)
        assert "the worksheet would replace what it is made of" in said
    assert (desk.project / "servers" / "relay.yml").read_bytes() == before


def test_a_project_with_errors_is_explained(desk: Desk) -> None:
    desk.declare("relay", {**RELAY, "prot": 25})
    said = desk.refused(ExitCode.FAILURE)
    assert "servers/relay.yml:9:1" in said
    assert "`provisioner validate` shows all of them" in said


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_secrets_are_neither_read_nor_shown_unasked(desk: Desk, form: str) -> None:
    text = desk.printed("--format", form, "--host", "maps2")
    assert "***" in text.replace("&#42;", "*")
    assert "REPORTS" in text
    for name in ("REPORTS_SECRET", "RELAY_PASSWORD"):
        del desk.environment[name]
    desk.printed("--format", form)
    oauth2 = {**REPORTS["oauth2"], "client_secret": {"command": ["touch", "ran"]}}
    desk.declare("reports", {**REPORTS, "oauth2": oauth2})
    desk.printed("--format", form, "--allow-commands")
    assert not (desk.project / "ran").exists()
    assert not (desk.project / "tokens").exists()
    assert desk.secrets_seen() == []


def test_an_inventory_program_gets_no_secret(desk: Desk) -> None:
    program = desk.project / "inventory" / "program"
    program.write_text(f'#!/bin/sh\nenv > "{desk.root}/seen"\necho \'{{"maps": ["maps3"]}}\'\n')
    program.chmod(0o755)
    (desk.project / "inventory" / "hosts.ini").unlink()
    ended = desk.run(
        "--host", "maps3", "--reveal", "--output", "a.html", "--accept-destination=Reports"
    )
    assert ended.returncode == ExitCode.DONE, ended.stderr
    assert "PATH=" in (desk.root / "seen").read_text()
    assert desk.secrets_seen(but_in="a.html") == []


@pytest.mark.parametrize("ending", ["html", "md", "txt"])
def test_revealed_secrets_are_in_their_owners_file_and_nowhere_else(
    desk: Desk, ending: str
) -> None:
    out = desk.project / f"sheet.{ending}"
    out.write_text("everybody could read this")
    out.chmod(0o666)
    ended = desk.run(*REVEAL, "--output", out.name)
    assert ended.returncode == ExitCode.DONE, ended.stderr
    assert (
        f"Wrote {out.name}\nThis file contains secrets in plain text (mode 0600)." in ended.stderr
    )
    assert mode_of(out) == 0o600
    written = out.read_text()
    assert CLIENT_SECRET in written
    assert PASSWORD in written.replace("&lt;", "<").replace("&gt;", ">")
    assert "This worksheet contains secrets in plain text" in written
    assert [path.name for path in desk.project.iterdir() if path.name.startswith(".")] == []
    assert desk.secrets_seen(but_in=out.name) == []


def test_a_pipe_gets_no_secret_unless_its_reader_may_have_them(desk: Desk) -> None:
    said = desk.refused(ExitCode.USAGE, *REVEAL)
    assert "refusing to write secrets to standard output, which is not a terminal" in said
    assert "write to a file that only you can read, with --output" in said
    os.mkfifo(desk.project / "pipe")
    for device in ("/dev/stdout", "/dev/null", "pipe"):
        said = desk.refused(ExitCode.USAGE, *REVEAL, "--output", device)
        assert f"refusing to write secrets to {device}, which is not a terminal" in said
    assert not (desk.project / "tokens").exists(), "nothing was accepted"
    assert desk.secrets_seen() == []
    assert CLIENT_SECRET in desk.printed(*REVEAL, "--yes")


def test_a_terminal_shows_what_its_person_agrees_to(desk: Desk) -> None:
    arguments = [PROVISIONER, "worksheet", "Relay", "--reveal"]
    with Terminal(arguments, folder=desk.project, environment=desk.environment) as terminal:
        terminal.answer("Accept this destination? [y/N] ", "n")
        assert terminal.ends() == ExitCode.PERSON_NEEDED
        assert PASSWORD not in terminal.output
    with Terminal(arguments, folder=desk.project, environment=desk.environment) as terminal:
        terminal.wait_for(r"password \({env: RELAY_PASSWORD}\) would be sent for the first time")
        terminal.answer("Accept this destination? [y/N] ", "y")
        assert terminal.ends() == ExitCode.DONE
        assert f"Password                   {PASSWORD}\n" in terminal.output


def test_secrets_are_shown_only_for_destinations_that_a_person_accepted(desk: Desk) -> None:
    said = desk.refused(ExitCode.PERSON_NEEDED, "--reveal", "--output", "a.html")
    assert "for the first time to" in said
    assert "--accept-destination Reports" in said
    assert desk.run(*REVEAL, "--output", "a.html").returncode == ExitCode.DONE
    assert desk.run("--reveal", "--output", "a.html").returncode == ExitCode.DONE, (
        "it is remembered"
    )
    before = (desk.project / "a.html").read_bytes()
    urls = {
        "access_token_url": "https://login.attacker.example/token",
        "authorization_url": "https://login.attacker.example/authorize",
    }
    desk.declare("reports", {**REPORTS, "oauth2": {**REPORTS["oauth2"], **urls}})
    desk.declare("copy", {**RELAY, "server_name": "Copy", "host": "mail.attacker.example"})
    for name in ("Reports", "Copy"):
        said = desk.refused(ExitCode.PERSON_NEEDED, name, "--reveal", "--output", "a.html")
        assert "attacker.example" in said
        assert "if it is not, find out who made the change" in said
    assert (desk.project / "a.html").read_bytes() == before
    assert desk.secrets_seen(but_in="a.html") == []


def test_a_secret_that_cannot_be_had_leaves_out_its_own_server(desk: Desk) -> None:
    del desk.environment["REPORTS_SECRET"]
    (desk.project / "secret.txt").write_text("from a command\n")
    said = desk.refused(ExitCode.FAILURE, *REVEAL, "--output", "a.html")
    assert "servers/reports.yml:11: Reports: oauth2.client_secret: " in said
    assert "REPORTS_SECRET" in said
    oauth2 = {**REPORTS["oauth2"], "client_secret": {"command": ["cat", "secret.txt"]}}
    desk.declare("reports", {**REPORTS, "oauth2": oauth2})
    said = desk.refused(ExitCode.FAILURE, *REVEAL, "--output", "a.txt")
    assert "--allow-commands" in said
    assert headings((desk.project / "a.txt").read_text()) == ["Relay"]
    said = desk.refused(ExitCode.FAILURE, "Reports", *REVEAL, "--output", "b.html")
    assert not (desk.project / "b.html").exists()
    assert desk.run(*REVEAL, "--output", "a.html", "--allow-commands").returncode == ExitCode.DONE
    assert "from a command" in (desk.project / "a.html").read_text()


def test_the_vault_password_is_not_brought_to_light(desk: Desk) -> None:
    assert desk.run(*REVEAL, "--output", "a.html").returncode == ExitCode.DONE
    key = desk.home / ".config" / "maps-provisioner" / "vault-key"
    desk.declare("relay", {**RELAY, "password": {"file": str(key)}})
    said = desk.refused(ExitCode.FAILURE, *REVEAL, "Relay", "--output", "b.html")
    assert "servers/relay.yml:6: Relay: password: the secret is the vault password" in said
    assert key.read_text().strip() not in said
    assert not (desk.project / "b.html").exists()
    desk.environment["ANSIBLE_VAULT_PASSWORD_FILE"] = str(desk.root / "gone")
    assert "gone" in desk.refused(ExitCode.FAILURE, *REVEAL, "Relay", "--output", "b.html")


def test_vault_text_is_opened_when_it_is_to_be_shown(desk: Desk) -> None:
    password = desk.root / "vault-password"
    password.write_text("a-vault-password-for-tests\n")
    password.chmod(0o600)
    desk.environment["ANSIBLE_VAULT_PASSWORD_FILE"] = str(password)
    encrypted = subprocess.run(
        [PROVISIONER.with_name("ansible-vault"), "encrypt", "--output", "-"],
        input=PASSWORD,
        env=desk.environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    desk.declare("relay", {**RELAY, "password": encrypted})
    assert PASSWORD not in desk.printed("Relay")
    ended = desk.run("Relay", *REVEAL, "--output", "a.txt")
    assert ended.returncode == ExitCode.DONE, ended.stderr
    assert PASSWORD in (desk.project / "a.txt").read_text()
    assert desk.secrets_seen(but_in="a.txt") == []


_CRASH = """
from provisioner import private_file
def crash(file, text, **_):
    raise ValueError(f"cannot write {text}")
private_file.replace_file = crash
from provisioner.cli.app import main
main()
"""


def test_a_bug_quotes_no_secret(desk: Desk) -> None:
    ended = desk.sightings.of_run(
        [sys.executable, "-c", _CRASH, "worksheet", *REVEAL, "--output", "a.html"],
        cwd=desk.project,
        env=desk.environment,
        temporary=desk.temporary,
    )
    assert ended.returncode == ExitCode.BUG, ended.stderr
    assert "Error: bug in provisioner: ValueError at <string>:4" in ended.stderr
    assert desk.secrets_seen() == []


def test_a_reader_that_goes_away_is_no_bug(desk: Desk) -> None:
    command = f"'{PROVISIONER}' worksheet --format html | head -c 1"
    ended = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        cwd=desk.project,
        env=desk.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode in (ExitCode.DONE, ExitCode.FAILURE)
    assert ended.stderr == ""
