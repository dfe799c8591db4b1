"""Each sign-in command, when it works and when it does not: where its secrets are, and where not.

A scripted provider and the demo's mail server get the secrets, which the tests assert; standard
output and error, the last page, argv and environment of all processes, and every file in project,
HOME and TMPDIR hold none of them, in any of the encodings in which servers echo.
"""

import json
import os
import sys

import pytest

from provisioner.errors import ExitCode
from provisioner.secret import Secret
from provisioner.text import redact
from tests.cli.echoing_provider import (
    ACCESS_TOKEN,
    CLIENT_SECRET,
    CODE,
    DEVICE_CODE,
    REFRESH_TOKEN,
    EchoingProvider,
    silent,
)
from tests.cli.sightings import WatchedFolder
from tests.support.certificates import make_certificate
from tests.support.commands import run_command
from tests.support.paths import FOLLOWING_BROWSER as BROWSER
from tests.support.project_folder import PROVISIONER, oauth2_server, password_server
from tests.support.scripted_mail_server import Failure, MailBehavior, ScriptedMailServer
from tests.support.scripted_provider import TokenFacts

pytestmark = pytest.mark.long

MAILBOX = "reports@example.edu"
CLIENT_ID = "5f2c1d3a-0b1d-4a3e-9c2f-7d6e5f4a3b2c"
TENANT = "9d8c7b6a-1e2f-4a3b-8c4d-5e6f7a8b9c0d"
PASSWORD = "CANARY-relay/passw+rd"

# A browser that writes down what a browser can see.
_BROWSER = """#!/bin/sh
{{ tr '\\0' '\\n' < /proc/self/environ; printf '%s\\n' "$@"; }} >> '{seen}'
exec '{python}' '{browser}' "$1"
"""
_MAIN = "\nfrom provisioner.cli.app import main\nmain()\n"


class Bureau(WatchedFolder):
    """A project that is in use, its provider and mail server, and all that can be seen of it."""

    def __init__(self, root, provider, mail):
        browser = root / "browser"
        seen = {"seen": root / "seen-by-browser", "python": sys.executable, "browser": BROWSER}
        super().__init__(
            root,
            REPORTS_SECRET=CLIENT_SECRET,
            RELAY_PASSWORD=PASSWORD,
            BROWSER=str(browser),
            LAST_PAGE=str(root / "last.html"),
        )
        browser.write_text(_BROWSER.format(**seen))
        browser.chmod(0o755)
        self.provider, self.mail = provider, mail
        scope = {"scope_for_authorize": "smtp offline_access"}
        self.declare(oauth2_server(provider.issuer, port=mail.port, oauth2=scope))
        self.declare(password_server(port=mail.port, user_name=MAILBOX))

    def settings(self, ca_file):
        facts = {"device_authorization_url": "/device", "revocation_url": "/revoke"}
        settings = {"ca_file": str(ca_file), "providers": {"localhost": facts}}
        self.write("provisioner.yml", settings)

    def run(self, *arguments, patch=""):
        """`patch` is Python that breaks something in the command first."""
        program = (sys.executable, "-c", patch + _MAIN) if patch else (str(PROVISIONER),)
        return super().run(*arguments, program=program)

    def in_use(self):
        """Signed in, the password accepted."""
        self.does("authenticate", "Reports")
        self.does("test-email", "Relay", "--accept-destination", "Relay")

    def assert_nothing_was_seen(self):
        key = (self.home / ".config" / "maps-provisioner" / "vault-key").read_text().strip()
        canaries = {
            "client secret": CLIENT_SECRET,
            "code": CODE,
            "device code": DEVICE_CODE,
            "access token": ACCESS_TOKEN,
            "refresh token": REFRESH_TOKEN,
            "password": PASSWORD,
            "vault key": key,
            **{f"verifier {n}": v for n, v in enumerate(self.provider.verifiers)},
        }
        assert self.provider.verifiers, "no code was exchanged"
        assert self.sightings.of(canaries, but_in="vault-key") == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def bureau(tmp_path, certificate):
    behavior = MailBehavior(
        mechanisms=("XOAUTH2", "PLAIN"),
        check_token=lambda token: TokenFacts(
            token == ACCESS_TOKEN, MAILBOX, frozenset({"smtp", "mail"})
        ),
        passwords={MAILBOX: Secret(PASSWORD)},
    )
    with EchoingProvider() as provider, ScriptedMailServer(certificate, behavior) as mail:
        bureau = Bureau(tmp_path / "bureau", provider, mail)
        bureau.settings(certificate.ca_file)
        yield bureau


def test_property_33_and_12_where_everything_works(bureau):
    bureau.in_use()
    mailbox = ["--mailbox", "new@example.edu", "--client-id", CLIENT_ID, "--tenant", TENANT]
    for command in (
        ["init", "--provider", "microsoft", *mailbox],
        ["authenticate", "Reports", "--device"],
        ["refresh", "Reports"],
        ["status", "Reports", "--check"],
        ["status", "Reports", "--check", "--format", "json"],
        ["test-email", "Reports"],
        ["revoke", "Reports", "--yes"],
    ):
        bureau.does(*command)
    assert len(bureau.mail.received) == 2, "the password and the token reached the mail server"
    sent = bureau.provider.sent
    assert {CLIENT_SECRET, CODE, DEVICE_CODE, REFRESH_TOKEN, ACCESS_TOKEN} <= sent
    assert "login_hint=reports%40" in (bureau.root / "seen-by-browser").read_text()
    bureau.assert_nothing_was_seen()


@pytest.mark.parametrize("way", ["json", "html", "content type"])
def test_property_33_where_the_provider_refuses_and_quotes_the_request(bureau, way):
    bureau.in_use()
    bureau.provider.refuse(way)
    bureau.provider.sent.clear()
    for command in (
        ["authenticate", "Reports"],
        ["authenticate", "Reports", "--device"],
        ["refresh", "Reports"],
        ["revoke", "Reports", "--yes"],
    ):
        ended = bureau.run(*command)
        refused = way == "json" and command[0] != "revoke"
        code = ExitCode.PERSON_NEEDED if refused else ExitCode.FAILURE
        assert ended.returncode == code, ended.stdout + ended.stderr
        assert "at localhost" in ended.stderr or ": localhost " in ended.stderr
    assert {CLIENT_SECRET, CODE, REFRESH_TOKEN} <= bureau.provider.sent
    bureau.assert_nothing_was_seen()


def test_property_33_where_the_mail_server_refuses_and_quotes(bureau):
    bureau.in_use()
    bureau.mail.behavior.failures = {"auth": Failure(f"535 5.7.8 no: {ACCESS_TOKEN}")}
    for command in (
        ["authenticate", "Reports"],
        ["status", "Reports", "--check"],
        ["status", "Reports", "--check", "--format", "json"],
        ["test-email", "Reports"],
    ):
        ended = bureau.ends(ExitCode.PERSON_NEEDED, *command)
        assert "535" in ended.stdout + ended.stderr
    assert "no: ***" in ended.stderr
    bureau.mail.behavior.failures = {"auth": Failure(f"535 5.7.8 no: {PASSWORD}")}
    assert "no: ***" in bureau.run("test-email", "Relay").stderr
    bureau.assert_nothing_was_seen()


_SHORT_PATIENCE = """
from provisioner.oauth import https_post
send = https_post.send
https_post.send = lambda *arguments, seconds, **others: send(*arguments, seconds=0.5, **others)
"""


def test_property_33_where_nobody_answers(bureau):
    bureau.in_use()
    bureau.provider.answer = silent
    for command in (
        ["authenticate", "Reports"],
        ["refresh", "Reports"],
        ["revoke", "Reports", "--yes"],
    ):
        ended = bureau.ends(ExitCode.FAILURE, *command, patch=_SHORT_PATIENCE)
        assert "did not answer in time" in ended.stderr
    bureau.environment["BROWSER"] = "true %s"
    ended = bureau.run("authenticate", "Reports", "--timeout", "1")
    assert "no response at http://localhost:" in ended.stderr
    bureau.assert_nothing_was_seen()


def test_property_33_with_a_wrong_vault_password(bureau):
    bureau.in_use()
    wrong = bureau.root / "wrong-password"
    wrong.write_text("CANARY-wrong-password\n")
    wrong.chmod(0o600)
    bureau.environment["ANSIBLE_VAULT_PASSWORD_FILE"] = str(wrong)
    for command in (
        ["authenticate", "Reports"],
        ["refresh", "Reports"],
        ["status", "Reports", "--check", "--format", "json"],
        ["test-email", "Reports"],
        ["revoke", "Reports", "--yes"],
    ):
        ended = bureau.run(*command)
        said = ended.stdout + ended.stderr
        assert ended.returncode == ExitCode.FAILURE, said
        assert "the vault password is not the one it was encrypted with" in said
        assert "CANARY-wrong" not in said
    bureau.assert_nothing_was_seen()


# Each quotes what it works with, as libraries do.
_CRASHES = {
    "a request": """
import requests
def crash(self, request, **_):
    raise ValueError(f"cannot send {request.body!r} {dict(request.headers)!r}")
requests.Session.send = crash
""",
    "the mail": """
import smtplib
from provisioner.smtp import client
def crash(account, *_):
    raise ValueError(f"cannot sign in with {account.operation(None)!r}")
client._converse = crash
""",
    "saving": """
from provisioner.credentials import store
def crash(self, credentials):
    tokens = credentials.tokens
    raise ValueError(f"cannot save {tokens.access_token.reveal()} {tokens.refresh_token.reveal()}")
store.LockedCredentials.save = crash
""",
}
_COMMANDS = {
    "a request": (["authenticate", "Reports"], ["refresh"], ["revoke", "Reports", "--yes"]),
    "the mail": (["authenticate", "Reports"], ["status", "--check"], ["test-email", "Relay"]),
    "saving": (["authenticate", "Reports"], ["refresh"]),
}


@pytest.mark.parametrize("what", _CRASHES)
def test_property_33_where_we_have_a_bug(bureau, what):
    bureau.in_use()
    for command in _COMMANDS[what]:
        ended = bureau.ends(ExitCode.BUG, *command, patch=_CRASHES[what])
        assert "Error: bug in provisioner: ValueError at " in ended.stderr
        assert "cannot" not in ended.stderr
    bureau.assert_nothing_was_seen()


_CRASH_IN_A_THREAD = """
from provisioner.oauth.callback_server import CallbackServer
def crash(self, parameters):
    raise ValueError(f"cannot read {parameters!r}")
CallbackServer.judge = crash
"""


def test_property_33_where_a_thread_or_a_finalizer_has_a_bug(bureau):
    bureau.in_use()
    ended = bureau.ends(
        ExitCode.FAILURE, "authenticate", "Reports", "--timeout", "3", patch=_CRASH_IN_A_THREAD
    )
    assert "Error: bug in provisioner: ValueError at <string>:" in ended.stderr
    assert "cannot read" not in ended.stderr
    dying = f"class Dying:\n  def __del__(self): raise ValueError({CLIENT_SECRET!r})\n"
    patch = f"{dying}from provisioner.cli import app\napp.dying = Dying()\n"
    patch += "from provisioner.model import reading\nread = reading.read_project\n"
    patch += "def dies(*of):\n  del app.dying\n  return read(*of)\n"
    patch += "reading.read_project = dies\n"
    ended = bureau.run("status", patch=patch)
    assert "Error: bug in provisioner: ValueError at <string>:" in ended.stderr
    bureau.sightings.processes.clear()  # this patch holds the secret itself, in its argv
    bureau.assert_nothing_was_seen()


def test_property_33_and_19_what_is_pasted(bureau):
    bureau.in_use()
    bureau.provider.refuse("json")
    bureau.environment["BROWSER"] = "true %s"
    with bureau.at_terminal("authenticate", "Reports", "--no-smtp-check") as terminal:
        redirect = terminal.wait_for(r"Waiting at (http://localhost:\d+) for").group(1)
        state = terminal.wait_for(r"[?&]state=([A-Za-z0-9_-]+)").group(1)
        terminal.wait_until_unseen()
        terminal.type(f"{redirect}/?code={CODE}&state=another\r")
        terminal.wait_for("Not accepted: ")
        terminal.type(f"{redirect}/?code={CODE}&state={state}\r")
        assert terminal.ends() == ExitCode.PERSON_NEEDED
        bureau.sightings.words.append(terminal.output)
    assert "***" in terminal.output
    bureau.assert_nothing_was_seen()


def test_the_search_finds_what_is_there(bureau):
    """Each place and each encoding that is searched, with a canary in it."""
    bureau.in_use()
    token = json.dumps({"t": REFRESH_TOKEN})
    (bureau.home / "note").write_text(f"x{REFRESH_TOKEN}")
    leaking = (
        f"import subprocess, sys, os, base64\n"
        f"t = {token!r}\n"
        "open(os.environ['TMPDIR'] + '/gone', 'w').write(t)\n"
        "subprocess.run(['sleep', '0.5'], env={'T': os.environ['RELAY_PASSWORD']})\n"
        "os.unlink(os.environ['TMPDIR'] + '/gone')\n"
        "print('xy' + base64.b64encode(b'ab' + os.environ['REPORTS_SECRET'].encode()).decode())\n"
    )
    bureau.run("status", patch=leaking)
    canaries = {"c": CLIENT_SECRET, "p": PASSWORD, "r": REFRESH_TOKEN}
    found = bureau.sightings.of(canaries, but_in="vault-key")
    assert {(name, place.partition(" ")[0]) for name, place in found} == {
        ("c", "words"),
        ("p", "environment"),
        ("r", "argv"),
        ("r", "file"),
        ("r", "temporary"),
    }


def test_what_only_the_test_knows_is_masked_nowhere(tmp_path, monkeypatch):
    """Else no test could see it printed: a command's masks are of what the command has read."""
    Secret("CANARY-of-the-test")
    quoting = lambda: sys.exit(print(redact("CANARY-of-the-test")))  # noqa: E731
    monkeypatch.setattr("tests.support.commands.main", quoting)
    ended = run_command(folder=tmp_path, environment=os.environ)
    assert ended.stdout == "CANARY-of-the-test\n"
