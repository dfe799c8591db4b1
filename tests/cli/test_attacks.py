"""What attackers of a checkout, of files and of answers have tried with success, once."""

import hashlib
import socket
import subprocess
from pathlib import Path

import pytest

from provisioner.errors import ExitCode
from tests.cli.test_credentials_at_work import Office
from tests.support.project_folder import PROVISIONER
from tests.support.scripted_provider import Behavior, ScriptedProvider

pytestmark = pytest.mark.long

ACCEPTED = ("--accept-destination", "Reports")


def run_as_nobody(office, *arguments, without=()):
    """As a user without an entry among the users, to whom the project belongs."""
    top, nobody, home = office.folder.parent, "12345", Path(office.environment["HOME"])
    subprocess.run(["chown", "-R", f"{nobody}:{nobody}", top, home.parent], check=True)
    for folder in (top, *top.parents[:-2], *home.parents[:-2]):
        folder.chmod(0o755)
    environment = {k: v for k, v in office.environment.items() if k not in without}
    return subprocess.run(
        ["setpriv", "--reuid", nobody, "--regid", nobody, "--clear-groups", PROVISIONER,
         *arguments],
        cwd=office.folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def office(tmp_path):
    with ScriptedProvider(Behavior(rotate_refresh_tokens=True)) as provider:
        yield Office(tmp_path / "project", provider)


@pytest.fixture
def trap():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0)
        yield listening


def assert_nobody_came(trap):
    with pytest.raises(BlockingIOError):
        trap.accept()


# A pull request.


@pytest.mark.parametrize(
    ("fact", "place", "command"),
    [
        ("revocation_url", "/refresh", ("revoke", "--yes")),
        ("device_authorization_url", "/authorize", ("authenticate", "--device")),
    ],
)
def test_a_correction_for_one_endpoint_of_a_server_alone(office, trap, fact, place, command):
    """The provider of that endpoint is asked for the fact, and not that of access_token_url."""
    refreshed_at = f"  refresh_token_url: {office.provider.issuer}/refresh\n  client_id"
    office.change("  client_id", refreshed_at)
    office.run("accept", *ACCEPTED)
    port = trap.getsockname()[1]
    evil = f"http://127.0.0.1:{port}/x"
    office.settings({"providers": {"x": {"endpoints": [f"localhost{place}"], fact: evil}}})
    refused = office.ends(ExitCode.PERSON_NEEDED, command[0], "Reports", *command[1:])
    assert f"{fact} changed from the provider's to {evil}" in refused.stderr
    assert_nobody_came(trap)


def test_a_ca_file_that_is_none_shows_no_digest_of_a_secret(office):
    theirs = office.folder.parent / "theirs"
    theirs.write_text("hunter2\n")
    office.settings({"ca_file": str(theirs)})
    for command in (("status",), ("refresh",), ("authenticate", "Reports")):
        assert office.run(*command).returncode == ExitCode.PERSON_NEEDED
    assert "ca_file changed from none to no certificates" in office.output
    assert hashlib.sha256(theirs.read_bytes()).hexdigest() not in office.output


def test_the_vault_password_with_something_around_it(office):
    """Of a file that holds it, one line is a secret, and the password is only a part of it."""
    theirs, password = office.folder.parent / "theirs", office.folder.parent / "password"
    password.touch(mode=0o600)
    office.change("{env: REPORTS_SECRET}", f"{{file: {theirs}}}")
    office.token_files()[0].unlink()
    sign_in = ("authenticate", "Reports", "--no-smtp-check")
    for around in ("{} \n", "\u00a0{}\n", "{}\x0c\n", "vault_password: {}"):
        theirs.write_text(around.format("secret-key"))
        password.write_text("secret-key" if around.endswith("}") else theirs.read_text())
        refused = office.ends(ExitCode.FAILURE, *sign_in, ANSIBLE_VAULT_PASSWORD_FILE=str(password))
        assert "the secret is the vault password, which is never sent" in refused.stderr
    assert office.asked == []


def test_a_sign_in_in_a_fork_shows_where_it_goes(office, trap):
    """That the project's name differs hides nothing of what else does."""
    office.git("init", "-q")
    office.git("remote", "add", "origin", "git@git.example.edu:team/mail.git")
    office.run("accept", "--renamed", "--yes")
    office.git("remote", "set-url", "origin", "git@git.example.edu:stranger/mail-fork.git")
    evil = f"http://localhost:{trap.getsockname()[1]}/token"
    office.change(office.provider.token_url, evil)
    with office.at_terminal("authenticate", "Reports", "--no-smtp-check") as terminal:
        terminal.wait_for(r"accepted in mail; this is mail-fork[^?]*\? \[y/N\] ")
        terminal.answer("[y/N] ", "y")
        terminal.wait_for(rf"access_token_url changed from \S+ to {evil}[^?]*\? \[y/N\] ")
        terminal.answer("[y/N] ", "n")
        assert terminal.ends() == ExitCode.PERSON_NEEDED
    assert_nobody_came(trap)


def test_facts_that_can_be_none_are_no_bugs(office):
    for fact, command in (
        ("revocation_url", ("revoke", "Reports", "--yes")),
        ("device_authorization_url", ("authenticate", "Reports", "--device")),
    ):
        office.settings({"providers": {"localhost": {fact: "http://["}}})
        for way in (("status",), ("refresh",), command, (*command, *ACCEPTED)):
            assert office.run(*way).returncode in (ExitCode.FAILURE, ExitCode.PERSON_NEEDED), way
    office.settings({"providers": {"localhost": {"idle_expiry_days": 10_000_000}}})
    beyond_the_calendar = office.ends(ExitCode.FAILURE, "status")
    assert "from 1 to 1000000" in beyond_the_calendar.stderr
    assert len(office.token_files()) == 1


# The user's own files and variables.


def test_paths_that_lead_nowhere_are_no_bugs(office):
    loop = office.folder.parent / "loop"
    loop.symlink_to(loop)
    for key in ("~nobody-has-this-name/x", str(loop)):
        refused = office.ends(ExitCode.FAILURE, "refresh", ANSIBLE_VAULT_PASSWORD_FILE=key)
        assert f"the vault key {key}" in refused.stderr.replace(f"{office.folder}/", "")
    office.change("{env: REPORTS_SECRET}", "{file: ~/secret}")
    shown = ("worksheet", "--reveal", "--yes")
    refused = run_as_nobody(office, *shown, without=("HOME", "XDG_CONFIG_HOME"))
    assert refused.returncode == ExitCode.FAILURE
    assert "No such file" in refused.stderr


# Tokens that rotate: none is lost that could be kept.


@pytest.mark.parametrize("becomes", [None, b"<<<<<<< HEAD\n", b"$ANSIBLE_VAULT;1.1;AES256\n00\n"])
def test_a_file_that_git_takes_away_or_breaks_during_a_refresh(office, becomes):
    [file] = office.token_files()
    office.during_refresh(lambda: file.write_bytes(becomes) if becomes else file.unlink())
    office.does("refresh")
    office.during_refresh(lambda: None)
    office.does("refresh")


def test_tokens_too_large_to_be_read_again_are_not_taken(office):
    for size in (190_000, 250_000):
        office.behave(token_answer={"access_token": "a" * size})
        code = office.run("refresh").returncode
        office.does("status")
    assert code == ExitCode.FAILURE


def test_a_folder_that_is_closed_is_found_before_the_provider_is_asked(office):
    (office.folder / "tokens").chmod(0o555)
    refused = run_as_nobody(office, "refresh")
    assert refused.returncode == ExitCode.FAILURE
    assert "Permission denied" in refused.stderr
    assert office.asked == []
