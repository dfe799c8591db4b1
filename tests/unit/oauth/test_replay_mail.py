"""What mail servers reply to a new token, word for word: what the sign-in makes of it."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from provisioner.cli.app import print_error
from provisioner.credentials.project_secrets import open_project
from provisioner.errors import SignInFailed
from provisioner.oauth.checks import mail_server_proof
from provisioner.oauth.sign_in import Grant, SignInContext, sign_in
from provisioner.oauth.token_endpoint import TokenResponse
from provisioner.providers.catalogue import provider_for
from provisioner.secret import Secret
from tests.support.certificates import ServerCertificate
from tests.support.mail_samples import LONG_TOKEN, TOKEN, UNSCOPED_TOKEN, certificate, mail_server
from tests.support.oauth_samples import (
    CLIENT_SECRET,
    LINES,
    keep,
    kept,
    oauth_server,
    project_in,
    token_set,
)
from tests.support.scripted_mail_server import Failure, ScriptedMailServer

__all__ = ["certificate", "mail_server"]

SIGNER, ADMIN = "the person who signs in", "an administrator at the provider"
YOU = "you, in the server file"


class Row(NamedTuple):
    """`provider`: whose server localhost is taken for."""

    provider: str
    reply: str
    cause: str
    remedy: str
    actor: str = ""


REFUSALS = [
    Row("microsoft", "535 5.7.3 Authentication unsuccessful [AM0PR01CA0001.example.com]",
        "not for SMTP", "https://outlook.office.com/SMTP.Send", YOU),
    Row("microsoft", "550 5.7.30 Basic authentication is not supported for Client Submission.",
        "sign-in by password", "smtp_security_level: oauth2", YOU),
    Row("google", "535 5.7.8 Username and Password not accepted. For more information, go to ...",
        "of another account, has expired, or lacks", "compare user_name", SIGNER),
    Row("google", "534 5.7.9 Please log in with your web browser and then try again.",
        "sign-in in the browser", "oauth2", SIGNER),
    Row("", "535 5.7.8 Error: authentication failed", "do not belong together",
        "compare user_name", SIGNER),
    Row("", "504 5.7.4 Unrecognized authentication type", "does not offer XOAUTH2", "port 587",
        YOU),
    Row("", "530 5.7.0 Must issue a STARTTLS command first", "wants TLS", "use_tls: true", YOU),
]  # fmt: skip

UNPROVEN = [
    Row("microsoft", "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is "
        "disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled for more information.",
        "SMTP AUTH is switched off", "Set-CASMailbox MAILBOX"),
    Row("microsoft", "535 5.7.139 Authentication unsuccessful, user is locked by your "
        "organization's security defaults policy.", "a security policy", "exempt the mailbox"),
    Row("microsoft", "432 4.3.2 Concurrent connections limit exceeded.", "more connections", ""),
    Row("google", "454 4.7.0 Too many login attempts, please try again later.",
        "too many sign-ins", "wait some minutes"),
    Row("google", "421 4.7.0 Try again later, closing connection.", "", "wait"),
    Row("", "454 4.7.0 Temporary authentication failure", "", "wait"),
]  # fmt: skip


class Desk:
    """A sign-in up to its last gate, with earlier tokens in the store."""

    def __init__(
        self, folder: Path, mail: ScriptedMailServer, certificate: ServerCertificate
    ) -> None:
        self.mail, self.folder, self.ca_file = mail, folder, certificate.ca_file
        self.lines: list[str] = []

    def sign_in(self, provider: str = "", token: str = TOKEN) -> SignInContext:
        server = replace(oauth_server(), port=self.mail.port)
        facts = {provider: {"smtp_hosts": ["localhost"]}} if provider else {}
        project = project_in(self.folder, server, providers=facts, ca_file=self.ca_file)
        self.secrets = open_project(project).secrets
        if kept(self.secrets) is None:
            keep(self.secrets, server, token_set())
        context = SignInContext(
            server=server,
            provider=provider_for("sso.example.edu"),
            client_secret=CLIENT_SECRET,
            secrets=self.secrets,
            check_login=mail_server_proof(server, project),
            announce=self.lines.append,
        )
        answer = TokenResponse(
            access_token=Secret(token),
            refresh_token=Secret("CANARY-new-refresh"),
            expires_in=3600,
            scope=None,
            id_token=None,
            auth_method="client_secret_basic",
        )
        self.saved = sign_in(nullcontext(Grant(answer)), context)
        return context

    def refused(
        self, capsys: pytest.CaptureFixture[str], provider: str = "", token: str = TOKEN
    ) -> str:
        with pytest.raises(SignInFailed) as caught:
            self.sign_in(provider, token)
        print_error(caught.value.message, caught.value.remedy)
        assert kept(self.secrets) == token_set()
        said = capsys.readouterr().err
        assert "CANARY" not in said
        return said


@pytest.fixture
def desk(
    tmp_path: Path, mail_server: ScriptedMailServer, certificate: ServerCertificate, home: Path
) -> Desk:
    return Desk(tmp_path / "project", mail_server, certificate)


@pytest.mark.parametrize("row", REFUSALS, ids=lambda row: f"{row.provider} {row.reply[:10]}")
def test_property_34_a_refusal_ends_the_sign_in(
    row: Row, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.mail.behavior.failures["auth"] = Failure(row.reply)
    said = desk.refused(capsys, row.provider)
    code = " ".join(row.reply.split(" ")[:2])
    assert said.startswith(
        f"Error: servers/reports.yml:{LINES['user_name']}: Reports: user_name: "
        f"the mail server rejects the token: localhost, auth, {code}: "
    )
    assert row.cause in said
    assert row.remedy in said
    assert f"Who must act: {row.actor}." in said


def test_property_34_the_mail_server_misses_a_scope(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    said = desk.refused(capsys, token=UNSCOPED_TOKEN)
    line = LINES["oauth2.scope_for_authorize"]
    assert said.startswith(
        f"Error: servers/reports.yml:{line}: Reports: oauth2.scope_for_authorize"
    )
    assert "lacks the scope smtp" in said


@pytest.mark.parametrize("row", UNPROVEN, ids=lambda row: f"{row.provider} {row.reply[:40]}")
def test_property_34_what_says_nothing_of_the_token_is_a_warning(row: Row, desk: Desk) -> None:
    desk.mail.behavior.failures["auth"] = Failure(row.reply)
    desk.sign_in(row.provider)
    assert kept(desk.secrets) == desk.saved
    assert desk.saved.unproven is not None
    code = " ".join(row.reply.split(" ")[:2])
    warning, remedy = desk.lines
    assert warning.startswith(f"Warning: Reports: not verified yet: localhost, auth, {code}: ")
    assert row.cause in warning
    assert row.remedy in remedy


@pytest.mark.parametrize("stage", ["greeting", "ehlo", "starttls", "tls", "auth"])
def test_property_34_a_server_that_hangs_up_is_a_warning(stage: str, desk: Desk) -> None:
    desk.mail.behavior.failures[stage] = Failure(None)
    desk.sign_in()
    assert desk.saved.unproven is not None
    assert desk.saved.unproven.startswith("localhost, ")


@pytest.mark.parametrize("token", [TOKEN, LONG_TOKEN])
def test_property_34_a_token_that_is_taken_is_proven(desk: Desk, token: str) -> None:
    desk.sign_in(token=token)
    assert desk.saved.unproven is None
    assert desk.lines == []
    assert desk.mail.received == []
