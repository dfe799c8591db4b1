"""`worksheet` as a user runs it: whose servers, in which form, and where secrets may go."""

import os
import re
import stat
import subprocess
import sys

import pytest

from provisioner.errors import ExitCode
from tests.cli.sightings import WatchedFolder
from tests.support.project_folder import (
    PROVISIONER,
    oauth2_server,
    password_server,
)

pytestmark = pytest.mark.long

CLIENT_SECRET = "CANARY-client~secret/+"
PASSWORD = "CANARY-relay/passw+rd<b>"
REVEAL = ("--reveal", "--accept-destination", "Reports", "--accept-destination", "Relay")
ENTRA = "https://login.microsoftonline.com/contoso.edu/oauth2/v2.0"
CLIENT = {
    "client_id": "5f2c8a1e-0b7d-4c57-9a53-2d1f6e0c9b84",
    "scope_for_authorize": "https://outlook.office.com/SMTP.Send offline_access",
}
REPORTS = oauth2_server(ENTRA, host="smtp.office365.com", port=587, oauth2=CLIENT)
RELAY = password_server(host="relay.example.edu", hosts="test")
del RELAY["port"]


class Desk(WatchedFolder):
    """A project of two servers."""

    def __init__(self, root):
        super().__init__(root, REPORTS_SECRET=CLIENT_SECRET, RELAY_PASSWORD=PASSWORD)
        self.declare(REPORTS)
        self.declare(RELAY)
        self.hosts("[maps]\nmaps1\nmaps2\n[test]\nmaps2\n[db]\ndb1\n")

    def hosts(self, inventory):
        self.write("inventory/hosts.ini", inventory)

    def run(self, *arguments, program=(str(PROVISIONER),)):
        return super().run("worksheet", *arguments, program=program)

    def refused(self, code, *arguments):
        """What is said; nothing is printed."""
        ended = self.ends(code, *arguments)
        assert ended.stdout == ""
        return ended.stderr

    def secrets_seen(self, *, but_in=""):
        canaries = {"client secret": CLIENT_SECRET, "password": PASSWORD}
        return self.sightings.of(canaries, but_in=but_in)


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path / "desk")


def headings(text):
    """The servers of a sheet of text."""
    lines = text.splitlines()
    return [lines[n - 1].split("  (")[0] for n, line in enumerate(lines) if set(line) == {"="}]


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_all_servers_or_those_that_are_named_once_each(desk):
    assert sorted(headings(desk.does())) == ["Relay", "Reports"]
    assert headings(desk.does("reports", "Relay", "Reports")) == ["Reports", "Relay"]
    said = desk.refused(ExitCode.USAGE, "Alerts")
    assert "no server named 'Alerts' is declared" in said
    assert "declared servers: Relay, Reports" in said


def test_the_servers_of_a_host(desk):
    text = desk.does("--host", "maps1")
    assert text.startswith("MAPS email servers of maps1\n")
    assert headings(text) == ["Reports"]
    assert sorted(headings(desk.does("--host", "maps2"))) == ["Relay", "Reports"]
    assert headings(desk.does("--host", "maps2", "Relay")) == ["Relay"]


def test_several_hosts_are_one_page_with_equal_hosts_together(desk):
    desk.hosts("[maps]\nmaps1\nmaps2\nmaps3\n[test]\nmaps2\n")
    named = ("--host", "maps3", "--host", "maps2", "--host", "maps1", "--host", "maps3")
    text = desk.does(*named)
    titles = [line for line in text.splitlines() if line.startswith("MAPS email servers of")]
    assert titles == ["MAPS email servers of maps3, maps1", "MAPS email servers of maps2"]
    assert headings(text)[0] == "Reports"
    assert sorted(headings(text)[1:]) == ["Relay", "Reports"]
    page = desk.does(*named, "--format", "html")
    assert page.count("<h1>") == 2
    assert re.findall(r'id="server-(\d)"', page) == ["1", "2", "3"]
    assert page.count("</html>") == 1


def test_a_host_without_what_is_asked_for(desk):
    for name in ("maps", "maps1:maps2"):
        said = desk.refused(ExitCode.USAGE, "--host", name)
        assert f"Error: unknown host: {name} is not in {desk.folder / 'inventory'}" in said
        assert "name one of these: db1, maps1, maps2" in said
    said = desk.refused(ExitCode.USAGE, "--host", "db1")
    assert "no email server is declared for db1" in said
    said = desk.refused(ExitCode.USAGE, "--host", "maps1", "Reports", "Relay")
    assert "servers/relay.yml:7: Relay: hosts: test does not include maps1" in said
    said = desk.refused(ExitCode.USAGE, "--inventory", "inventory")
    assert "--inventory requires --host or --changed" in said
    said = desk.refused(ExitCode.USAGE, "--accept-destination", "Reports")
    assert "--accept-destination requires --reveal or --changed" in said
    desk.hosts("[maps]\n")
    said = desk.refused(ExitCode.USAGE, "--host", "maps1")
    assert "add your hosts to " in said
    (desk.folder / "inventory" / "hosts.ini").unlink()
    said = desk.refused(ExitCode.FAILURE, "--host", "maps1")
    assert "no inventory at" in said


def test_another_inventory_and_another_folder(desk):
    other = desk.root / "other.ini"
    other.write_text("[maps]\nmaps9\n")
    project = desk.folder.rename(desk.root / "moved")
    desk.folder = desk.root
    where = ("-C", str(project), "--host", "maps9", "-i", str(other))
    assert headings(desk.does(*where)) == ["Reports"]


def test_the_format_is_as_asked_for_else_as_the_file_ends(desk):
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
        written = desk.folder / arguments[1]
        assert written.read_text(encoding="utf-8").startswith(beginning)
        assert mode_of(written) == 0o666 & ~_umask()
    assert desk.does("--format", "markdown").startswith("# MAPS email servers\n")
    assert desk.does("--format", "html").endswith("</html>\n")
    assert desk.run("--format", "pdf").returncode == ExitCode.USAGE
    assert desk.secrets_seen() == []


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_file_that_cannot_be_written(desk):
    said = desk.refused(ExitCode.FAILURE, "--output", "nowhere/a.html")
    assert "cannot write nowhere/a.html: No such file or directory" in said
    assert "--output needs a file in a folder that exists" in said
    said = desk.refused(ExitCode.FAILURE, "--output", "servers")
    assert "cannot write servers: Is a directory" in said


def test_what_it_is_made_of_is_not_replaced(desk):
    link = desk.folder / "sheet.html"
    link.symlink_to("servers/relay.yml")
    before = (desk.folder / "servers" / "relay.yml").read_bytes()
    (desk.folder / "tokens.html").symlink_to("tokens/reports-0.yml")
    inside = ("provisioner.yml", "inventory/hosts.yml", "tokens/reports-0.yml", "tokens.html")
    for out in ("servers/relay.yml", str(link), *inside):
        said = desk.refused(ExitCode.USAGE, "Reports", "--output", out)
        assert "the worksheet would replace what it is made of" in said
    assert (desk.folder / "servers" / "relay.yml").read_bytes() == before


def test_a_project_with_errors_is_explained(desk):
    desk.declare({**RELAY, "prot": 25})
    said = desk.refused(ExitCode.FAILURE)
    assert "servers/relay.yml:8:1" in said
    assert "`provisioner validate` shows all of them" in said


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_secrets_are_neither_read_nor_shown_unasked(desk, form):
    text = desk.does("--format", form, "--host", "maps2")
    assert "***" in text.replace("&#42;", "*")
    assert "REPORTS" in text
    for name in ("REPORTS_SECRET", "RELAY_PASSWORD"):
        del desk.environment[name]
    desk.does("--format", form)
    oauth2 = {**REPORTS["oauth2"], "client_secret": {"command": ["touch", "ran"]}}
    desk.declare({**REPORTS, "oauth2": oauth2})
    desk.does("--format", form, "--allow-commands")
    assert not (desk.folder / "ran").exists()
    assert not (desk.folder / "tokens").exists()
    assert desk.secrets_seen() == []


def test_an_inventory_program_gets_no_secret(desk):
    program = desk.folder / "inventory" / "program"
    program.write_text(f'#!/bin/sh\nenv > "{desk.root}/seen"\necho \'{{"maps": ["maps3"]}}\'\n')
    program.chmod(0o755)
    (desk.folder / "inventory" / "hosts.ini").unlink()
    ended = desk.run(
        "--host", "maps3", "--reveal", "--output", "a.html", "--accept-destination=Reports"
    )
    assert ended.returncode == ExitCode.DONE, ended.stderr
    assert "PATH=" in (desk.root / "seen").read_text()
    assert desk.secrets_seen(but_in="a.html") == []


@pytest.mark.parametrize("ending", ["html", "md", "txt"])
def test_revealed_secrets_are_in_their_owners_file_and_nowhere_else(desk, ending):
    out = desk.folder / f"sheet.{ending}"
    out.write_text("everybody could read this")
    out.chmod(0o666)
    ended = desk.ends(ExitCode.DONE, *REVEAL, "--output", out.name)
    assert (
        f"Wrote {out.name}\nThis file contains secrets in plain text (mode 0600)." in ended.stderr
    )
    assert mode_of(out) == 0o600
    written = out.read_text()
    assert CLIENT_SECRET in written
    assert PASSWORD in written.replace("&lt;", "<").replace("&gt;", ">")
    assert "This worksheet contains secrets in plain text" in written
    assert [path.name for path in desk.folder.iterdir() if path.name.startswith(".")] == []
    assert desk.secrets_seen(but_in=out.name) == []


def test_the_file_of_standard_output_gets_no_secret_that_others_may_read(desk):
    out = desk.folder / "out.html"
    command = [PROVISIONER, "worksheet", *REVEAL, "--yes", "--output", "out.html"]
    with out.open("w") as stream:
        subprocess.run(
            command, cwd=desk.folder, env=desk.environment, stdout=stream, check=True, timeout=60
        )
    assert CLIENT_SECRET in out.read_text()
    assert mode_of(out) == 0o600


def test_a_pipe_gets_no_secret_unless_its_reader_may_have_them(desk):
    said = desk.refused(ExitCode.USAGE, *REVEAL)
    assert "refusing to write secrets to standard output, which is not a terminal" in said
    assert "write to a file that only you can read, with --output" in said
    os.mkfifo(desk.folder / "pipe")
    for device in ("/dev/stdout", "/dev/null", "pipe"):
        said = desk.refused(ExitCode.USAGE, *REVEAL, "--output", device)
        assert f"refusing to write secrets to {device}, which is not a terminal" in said
    assert not (desk.folder / "tokens").exists(), "nothing was accepted"
    assert desk.secrets_seen() == []
    assert CLIENT_SECRET in desk.does(*REVEAL, "--yes")


def test_a_terminal_shows_what_its_person_agrees_to(desk):
    command = ("worksheet", "Relay", "--reveal")
    with desk.at_terminal(*command) as terminal:
        terminal.answer("Accept this destination? [y/N] ", "n")
        assert terminal.ends() == ExitCode.PERSON_NEEDED
        assert PASSWORD not in terminal.output
    with desk.at_terminal(*command) as terminal:
        terminal.wait_for(r"password \({env: RELAY_PASSWORD}\) would be sent for the first time")
        terminal.answer("Accept this destination? [y/N] ", "y")
        assert terminal.ends() == ExitCode.DONE
        assert f"Password                   {PASSWORD}\n" in terminal.output


def test_secrets_are_shown_only_for_destinations_that_a_person_accepted(desk):
    said = desk.refused(ExitCode.PERSON_NEEDED, "--reveal", "--output", "a.html")
    assert "for the first time to" in said
    assert "--accept-destination Reports" in said
    desk.does(*REVEAL, "--output", "a.html")
    assert desk.run("--reveal", "--output", "a.html").returncode == ExitCode.DONE, (
        "it is remembered"
    )
    before = (desk.folder / "a.html").read_bytes()
    urls = {
        "access_token_url": "https://login.attacker.example/token",
        "authorization_url": "https://login.attacker.example/authorize",
    }
    desk.declare({**REPORTS, "oauth2": {**REPORTS["oauth2"], **urls}})
    desk.declare({**RELAY, "server_name": "Copy", "host": "mail.attacker.example"})
    for name in ("Reports", "Copy"):
        said = desk.refused(ExitCode.PERSON_NEEDED, name, "--reveal", "--output", "a.html")
        assert "attacker.example" in said
        assert "if it is not, find out who made the change" in said
    assert (desk.folder / "a.html").read_bytes() == before
    assert desk.secrets_seen(but_in="a.html") == []


def test_a_secret_that_cannot_be_had_leaves_out_its_own_server(desk):
    del desk.environment["REPORTS_SECRET"]
    (desk.folder / "secret.txt").write_text("from a command\n")
    said = desk.refused(ExitCode.FAILURE, *REVEAL, "--output", "a.html")
    assert "servers/reports.yml:11: Reports: oauth2.client_secret: " in said
    assert "REPORTS_SECRET" in said
    oauth2 = {**REPORTS["oauth2"], "client_secret": {"command": ["cat", "secret.txt"]}}
    desk.declare({**REPORTS, "oauth2": oauth2})
    said = desk.refused(ExitCode.FAILURE, *REVEAL, "--output", "a.txt")
    assert "--allow-commands" in said
    assert headings((desk.folder / "a.txt").read_text()) == ["Relay"]
    said = desk.refused(ExitCode.FAILURE, "Reports", *REVEAL, "--output", "b.html")
    assert not (desk.folder / "b.html").exists()
    desk.does(*REVEAL, "--output", "a.html", "--allow-commands")
    assert "from a command" in (desk.folder / "a.html").read_text()


def test_the_vault_password_is_not_brought_to_light(desk):
    desk.does(*REVEAL, "--output", "a.html")
    key = desk.home / ".config" / "maps-provisioner" / "vault-key"
    desk.declare({**RELAY, "password": {"file": str(key)}})
    said = desk.refused(ExitCode.FAILURE, *REVEAL, "Relay", "--output", "b.html")
    assert "servers/relay.yml:6: Relay: password: the secret is the vault password" in said
    assert key.read_text().strip() not in said
    assert not (desk.folder / "b.html").exists()
    desk.environment["ANSIBLE_VAULT_PASSWORD_FILE"] = str(desk.root / "gone")
    assert "gone" in desk.refused(ExitCode.FAILURE, *REVEAL, "Relay", "--output", "b.html")


def test_vault_text_is_opened_when_it_is_to_be_shown(desk):
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
    desk.declare({**RELAY, "password": encrypted})
    assert PASSWORD not in desk.does("Relay")
    desk.does("Relay", *REVEAL, "--output", "a.txt")
    assert PASSWORD in (desk.folder / "a.txt").read_text()
    assert desk.secrets_seen(but_in="a.txt") == []


_CRASH = """
from provisioner import private_file
def crash(file, text, **_):
    raise ValueError(f"cannot write {text}")
private_file.replace_file = crash
from provisioner.cli.app import main
main()
"""


def test_a_bug_quotes_no_secret(desk):
    program = (sys.executable, "-c", _CRASH)
    ended = desk.run(*REVEAL, "--output", "a.html", program=program)
    assert ended.returncode == ExitCode.BUG, ended.stderr
    assert "Error: bug in provisioner: ValueError at <string>:4" in ended.stderr
    assert desk.secrets_seen() == []


def test_a_reader_that_goes_away_is_no_bug(desk):
    command = f"'{PROVISIONER}' worksheet --format html | head -c 1"
    ended = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"],
        cwd=desk.folder,
        env=desk.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode in (ExitCode.DONE, ExitCode.FAILURE)
    assert ended.stderr == ""
