"""Each sign-in command, when it works and when it does not: where its secrets are, and where not.

A scripted provider and the demo's mail server get the secrets, which the tests assert; standard
output and error, the last page, argv and environment of all processes, and every file in project,
HOME and TMPDIR hold none of them, in any of the encodings in which servers echo.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from provisioner.errors import ExitCode
from provisioner.secret import Secret
from tests.cli.echoing_provider import (
    ACCESS_TOKEN,
    CLIENT_SECRET,
    CODE,
    DEVICE_CODE,
    REFRESH_TOKEN,
    EchoingProvider,
    silent,
)
from tests.cli.sightings import Sightings
from tests.support.certificates import ServerCertificate, make_certificate
from tests.support.paths import FOLLOWING_BROWSER as BROWSER
from tests.support.scripted_mail_server import Failure, MailBehavior, ScriptedMailServer
from tests.support.scripted_provider import TokenFacts
from tests.support.terminal import Terminal

pytestmark = pytest.mark.long

PROVISIONER = Path(sys.executable).with_name("provisioner")
MAILBOX = "reports@example.edu"
CLIENT_ID = "5f2c1d3a-0b1d-4a3e-9c2f-7d6e5f4a3b2c"
TENANT = "9d8c7b6a-1e2f-4a3b-8c4d-5e6f7a8b9c0d"
PASSWORD = "CANARY-relay/passw+rd"

# A browser that writes down what a browser can see.
_BROWSER = """#!/bin/sh
{{ tr '\\0' '\\n' < /proc/self/environ; printf '%s\\n' "$@"; }} >> '{seen}'
exec '{python}' '{browser}' "$1"
"""
_SERVERS = """\
server_name: Reports
host: localhost
port: {mail_port}
smtp_security_level: oauth2
use_tls: true
user_name: {mailbox}
oauth2:
  access_token_url: {issuer}/token
  authorization_url: {issuer}/authorize
  client_id: maps
  client_secret: {{env: REPORTS_SECRET}}
  scope_for_authorize: smtp offline_access
---
server_name: Relay
host: localhost
port: {mail_port}
smtp_security_level: plain
use_tls: true
user_name: {mailbox}
password: {{env: RELAY_PASSWORD}}
"""
_MAIN = "\nfrom provisioner.cli.app import main\nmain()\n"


class Bureau:
    """A project that is in use, its provider and mail server, and all that can be seen of it."""

    def __init__(self, root: Path, provider: EchoingProvider, mail: ScriptedMailServer) -> None:
        self.root, self.provider, self.mail = root, provider, mail
        self.project, self.home, self.temporary = (
            root / name for name in ("project", "home", "tmp")
        )
        for folder in (self.project / "servers", self.home, self.temporary):
            folder.mkdir(parents=True)
        declared = _SERVERS.format(mail_port=mail.port, issuer=provider.issuer, mailbox=MAILBOX)
        (self.project / "servers" / "all.yml").write_text(declared)
        browser = root / "browser"
        seen = {"seen": root / "seen-by-browser", "python": sys.executable, "browser": BROWSER}
        browser.write_text(_BROWSER.format(**seen))
        browser.chmod(0o755)
        self.environment = {
            **os.environ,
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "TMPDIR": str(self.temporary),
            "REPORTS_SECRET": CLIENT_SECRET,
            "RELAY_PASSWORD": PASSWORD,
            "BROWSER": str(browser),
            "LAST_PAGE": str(root / "last.html"),
        }
        self.sightings = Sightings(root)

    def settings(self, ca_file: Path) -> None:
        facts = {"device_authorization_url": "/device", "revocation_url": "/revoke"}
        settings = {"ca_file": str(ca_file), "providers": {"localhost": facts}}
        (self.project / "provisioner.yml").write_text(yaml.safe_dump(settings))

    def run(self, *arguments: str, patch: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command, watched; `patch` is Python that breaks something in it first."""
        command = [sys.executable, "-c", patch + _MAIN] if patch else [str(PROVISIONER)]
        return self.sightings.of_run(
            [*command, *arguments],
            cwd=self.project,
            env=self.environment,
            temporary=self.temporary,
        )

    def in_use(self) -> None:
        """Signed in, the password accepted."""
        assert self.run("authenticate", "Reports").returncode == ExitCode.DONE
        accepted = self.run("test-email", "Relay", "--accept-destination", "Relay")
        assert accepted.returncode == ExitCode.DONE, accepted.stderr

    def assert_nothing_was_seen(self) -> None:
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
def certificate(tmp_path_factory: pytest.TempPathFactory) -> ServerCertificate:
    return make_certificate(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def bureau(tmp_path: Path, certificate: ServerCertificate) -> Iterator[Bureau]:
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


def test_property_33_and_12_where_everything_works(bureau: Bureau) -> None:
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
        ended = bureau.run(*command)
        assert ended.returncode == ExitCode.DONE, ended.stdout + ended.stderr
    assert len(bureau.mail.received) == 2, "the password and the token reached the mail server"
    sent = bureau.provider.sent
    assert {CLIENT_SECRET, CODE, DEVICE_CODE, REFRESH_TOKEN, ACCESS_TOKEN} <= sent
    assert "login_hint=reports%40" in (bureau.root / "seen-by-browser").read_text()
    bureau.assert_nothing_was_seen()


@pytest.mark.parametrize("way", ["json", "html", "content type"])
def test_property_33_where_the_provider_refuses_and_quotes_the_request(
    bureau: Bureau, way: str
) -> None:
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


def test_property_33_where_the_mail_server_refuses_and_quotes(bureau: Bureau) -> None:
    bureau.in_use()
    bureau.mail.behavior.failures = {"auth": Failure(f"535 5.7.8 no: {ACCESS_TOKEN}")}
    for command in (
        ["authenticate", "Reports"],
        ["status", "Reports", "--check"],
        ["status", "Reports", "--check", "--format", "json"],
        ["test-email", "Reports"],
    ):
        ended = bureau.run(*command)
        assert ended.returncode == ExitCode.PERSON_NEEDED, ended.stdout + ended.stderr
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


def test_property_33_where_nobody_answers(bureau: Bureau) -> None:
    bureau.in_use()
    bureau.provider.answer = silent
    for command in (
        ["authenticate", "Reports"],
        ["refresh", "Reports"],
        ["revoke", "Reports", "--yes"],
    ):
        ended = bureau.run(*command, patch=_SHORT_PATIENCE)
        assert ended.returncode == ExitCode.FAILURE, ended.stdout + ended.stderr
        assert "did not answer in time" in ended.stderr
    bureau.environment["BROWSER"] = "true %s"
    ended = bureau.run("authenticate", "Reports", "--timeout", "1")
    assert "no response at http://localhost:" in ended.stderr
    bureau.assert_nothing_was_seen()


def test_property_33_with_a_wrong_vault_password(bureau: Bureau) -> None:
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
def test_property_33_where_we_have_a_bug(bureau: Bureau, what: str) -> None:
    bureau.in_use()
    for command in _COMMANDS[what]:
        ended = bureau.run(*command, patch=_CRASHES[what])
        assert ended.returncode == ExitCode.BUG, ended.stdout + ended.stderr
        assert "Error: bug in provisioner: ValueError at " in ended.stderr
        assert "cannot" not in ended.stderr
    bureau.assert_nothing_was_seen()


_CRASH_IN_A_THREAD = """
from provisioner.oauth.callback_server import CallbackServer
def crash(self, parameters):
    raise ValueError(f"cannot read {parameters!r}")
CallbackServer.judge = crash
"""


def test_property_33_where_a_thread_or_a_finalizer_has_a_bug(bureau: Bureau) -> None:
    bureau.in_use()
    ended = bureau.run("authenticate", "Reports", "--timeout", "3", patch=_CRASH_IN_A_THREAD)
    assert ended.returncode == ExitCode.FAILURE
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


def test_property_33_and_19_what_is_pasted(bureau: Bureau) -> None:
    bureau.in_use()
    bureau.provider.refuse("json")
    environment = {**bureau.environment, "BROWSER": "true %s"}
    arguments = [PROVISIONER, "authenticate", "Reports", "--no-smtp-check"]
    with Terminal(arguments, folder=bureau.project, environment=environment) as terminal:
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


def test_the_search_finds_what_is_there(bureau: Bureau) -> None:
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
