"""Disks without room, secrets that one server lacks, checkouts that stay clean, projects renamed:
what credentials meet at work, through the command line."""

import json
import subprocess
import sys

import pytest
import yaml

from provisioner.errors import ExitCode
from tests.cli.desk import Desk
from tests.support.project_folder import PROVISIONER
from tests.support.scripted_provider import Behavior, ScriptedProvider

INVENTORY = """\
[maps]
maps1 ansible_connection=local maps_directory={folder}/maps1

[maps:vars]
ansible_python_interpreter={python}
"""
NEEDS_NOTHING = """\
server_name: Open
host: localhost
port: 25
smtp_security_level: none
test_email: {from: a@example.edu, to: a@example.edu}
"""


class Office(Desk):
    """A desk whose `Reports` is signed in, and whose provider remembers what it was asked."""

    def __init__(self, folder, provider):
        super().__init__(folder, provider)
        self.asked = []
        provider.observe = lambda path, *_: self.asked.append(path)
        self.sign_in()

    def sign_in(self):
        self.does("authenticate", "Reports", "--no-smtp-check")
        self.asked.clear()

    def settings(self, settings):
        self.write("provisioner.yml", settings)

    def during_refresh(self, act):
        """Do something while the token endpoint is at work."""
        self.provider.observe = lambda path, *_: act() if path == "/token" else None

    def run_after(self, script, *arguments):
        """A command in a shell that has prepared it, with mounts of its own."""
        return subprocess.run(
            ["unshare", "-m", "sh", "-c", f'{script} && exec "$0" "$@"', PROVISIONER, *arguments],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def office(tmp_path):
    with ScriptedProvider(Behavior(rotate_refresh_tokens=True)) as provider:
        yield Office(tmp_path / "project", provider)


# Disks.

# The tokens folder with room for what is in it, and for no more.
SMALL = "cp -a tokens saved && mount -t tmpfs -o {} none tokens && cp -a saved/. tokens/"


@pytest.mark.parametrize(
    ("command", "script", "said"),
    [
        ("refresh", SMALL.format("size=32k"), "No space left on device"),
        ("refresh", SMALL.format("nr_inodes=5"), "No space left on device"),
        ("authenticate", SMALL.format("size=32k"), "No space left on device"),
        ("refresh", "ulimit -f 32", "File too large"),
        ("refresh", "mount -t tmpfs none tokens/.working", "another file system"),
    ],
)
def test_a_disk_that_takes_no_tokens_is_found_before_the_provider_is_asked(
    office, command, script, said
):
    old = office.token_files()[0].read_bytes()
    refused = office.run_after(script, command, "Reports")
    assert refused.returncode == ExitCode.FAILURE, refused.stderr
    assert said in refused.stderr
    assert "bug" not in refused.stderr
    assert office.asked == []
    assert office.token_files()[0].read_bytes() == old
    office.does("refresh", "Reports")


def test_init_on_a_full_disk_leaves_no_half_of_a_file(office):
    begun = ("--provider", "google", "--mailbox", "a@gmail.com", "--client-id", "12-ab")
    refused = office.run_after("ulimit -f 0", "init", *begun)
    assert refused.returncode == ExitCode.FAILURE
    assert "cannot write servers/a.yml: File too large" in refused.stderr
    assert list((office.folder / "servers").iterdir()) == [office.declared]


# One server's own trouble.


def test_one_missing_secret_stops_no_other_server(office):
    oauth2 = yaml.safe_load(office.declared.read_text())["oauth2"]
    secret = {"client_secret": {"env": "ALERTS_SECRET"}}
    office.declare_another("Alerts", oauth2={**oauth2, **secret})
    alerts = office.run("authenticate", "Alerts", "--no-smtp-check", ALERTS_SECRET="x")
    assert alerts.returncode == ExitCode.PERSON_NEEDED, "the provider refuses this one"
    secret = office.environment["REPORTS_SECRET"]
    alerts = office.ends(
        ExitCode.DONE, "authenticate", "Alerts", "--no-smtp-check", ALERTS_SECRET=secret
    )

    for command, said in {
        ("status",): "Alerts: signed in as",
        ("worksheet",): "***",
        ("refresh",): "Reports: refreshed",
        ("worksheet", "--reveal", "--yes"): secret,
        ("authenticate", "Alerts", "Reports", "--no-smtp-check"): "Reports: signed in",
    }.items():
        ended = office.run(*command)
        assert said in ended.stdout, command
        missing = "environment variable ALERTS_SECRET is not set" in ended.stderr
        reads_none = command in (("status",), ("worksheet",))
        assert missing is not reads_none, command
        assert ended.returncode == (ExitCode.DONE if reads_none else ExitCode.FAILURE), command


def test_a_push_skips_the_servers_that_lack_a_secret_or_a_mailbox(office):
    (office.folder / "inventory").mkdir()
    text = INVENTORY.format(folder=office.folder, python=sys.executable)
    (office.folder / "inventory" / "hosts.ini").write_text(text)
    (office.folder / "servers" / "open.yml").write_text(NEEDS_NOTHING)
    mute = NEEDS_NOTHING.replace("Open", "Mute").partition("test_email")[0]
    (office.folder / "servers" / "mute.yml").write_text(mute)
    for command in (("plan",), ("push", "--mail", "none")):
        ended = office.run(*command, REPORTS_SECRET="")
        assert "Reports" in ended.stdout
        assert "the secret is empty" in ended.stdout
        assert "Mute: user_name: there is no mailbox to send a test email from" in ended.stdout
        assert "Open: added" in ended.stdout
    document = json.loads((office.folder / "maps1" / "email-servers.json").read_text())
    assert [server["server_name"] for server in document["servers"]] == ["Open"]


# Git.


def test_commands_that_look_leave_a_clone_clean_whose_files_others_may_read(office, tmp_path):
    """Under umask 002; git keeps no mode. Its origin names the project anew."""
    (office.folder / ".gitignore").write_text("/.provisioner/\n")
    (office.folder / "inventory").mkdir()
    text = INVENTORY.format(folder=tmp_path, python=sys.executable)
    (office.folder / "inventory" / "hosts.ini").write_text(text)
    office.git("init", "-q")
    office.git("add", ".")
    office.git("commit", "-qm", "x")
    clone = tmp_path / "clone"
    script = f"umask 002; git clone -q {office.folder} {clone}; umask"
    subprocess.run(["sh", "-c", script], check=True, env=office.environment)
    office.folder = clone
    assert office.token_files()[0].stat().st_mode & 0o777 == 0o664
    moved = office.run("refresh", "Reports")
    assert "accepted in a project without a remote; this is project" in moved.stderr
    office.does("refresh", "Reports", "--accept-destination", "Reports")
    office.git("commit", "-qam", "accepted")
    looking = ("status", "status --check", "status --hosts", "validate", "worksheet", "history",
               "worksheet --reveal --yes", "accept", "plan", "refresh --due",
               "test-email Reports")  # fmt: skip
    for command in looking:
        ended = office.run(*command.split())
        fails = command in ("status --check", "test-email Reports")  # there is no mail server
        assert ended.returncode in ({ExitCode.FAILURE} if fails else {0, ExitCode.CHANGES}), command
        assert "other users" not in ended.stdout + ended.stderr
        assert office.git("status", "--porcelain") == "", command
    office.does("refresh", "Reports")
    [file] = office.token_files()
    assert office.git("status", "--porcelain") == f" M tokens/{file.name}\n"


def test_tokens_of_a_copied_project_go_nowhere(office):
    """One key, two repositories: the other one's file is readable, and nothing is sent."""
    office.git("init", "-q")
    office.git("remote", "add", "origin", "git@git.example.edu:staging/mail-staging.git")
    office.does("refresh", "--accept-destination", "Reports")
    office.asked.clear()
    office.git("remote", "set-url", "origin", "https://x:token@git.example.edu/Mail-Prod.git/")
    for command in ("refresh", "status", "test-email Reports", "worksheet --reveal --yes",
                    "authenticate Reports"):  # fmt: skip
        refused = office.run(*command.split())
        said = refused.stdout + refused.stderr
        assert refused.returncode == ExitCode.PERSON_NEEDED, (command, said)
        assert "accepted in mail-staging; this is mail-prod" in said, command
        assert "run: provisioner accept --renamed" in said
    assert office.asked == []
    office.does("refresh", PROVISIONER_PROJECT="mail-staging")


def test_the_key_is_not_to_be_named_in_provisioner_yml(office):
    (office.folder / "provisioner.yml").write_text("vault_password: {env: LANG}\n")
    for command in ("validate", "status", "refresh"):
        refused = office.run(command)
        assert refused.returncode == ExitCode.FAILURE
        said = refused.stdout + refused.stderr
        assert "provisioner.yml:1:1: error[forbidden-key] `vault_password` is not" in said
        assert "Move this line to config.yml in ~/.config/maps-provisioner" in said
    assert office.asked == []
