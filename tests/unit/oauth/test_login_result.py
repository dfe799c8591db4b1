"""What the mail server's answer to a new token means for the sign-in.

tests/unit/advice has the words for each reply.
"""

from contextlib import nullcontext
from dataclasses import replace

import pytest

from provisioner.errors import SignInFailed
from provisioner.oauth.checks import LoginOutcome, login_result, mail_server_proof
from provisioner.oauth.sign_in import Grant, sign_in
from provisioner.oauth.token_endpoint import TokenResponse
from provisioner.secret import Secret
from provisioner.smtp.client import SmtpAccount, SmtpAnswer, SmtpResult, judge
from tests.support.mail_samples import LONG_TOKEN, TOKEN, UNSCOPED_TOKEN, certificate, mail_server
from tests.support.oauth_samples import (
    LINES,
    keep,
    kept,
    oauth_server,
    project_in,
    project_secrets,
    sign_in_context,
    token_set,
)
from tests.support.scripted_mail_server import Failure

__all__ = ["certificate", "mail_server"]

ACCOUNT = SmtpAccount(host="h", port=587, use_tls=True, smtp_security_level="oauth2")
WRONG_SCOPE = "535 5.7.3 Authentication unsuccessful [AM0PR01CA0001.example.com]"
DISABLED = "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled"


def login(reply, provider):
    code, _, rest = reply.partition(" ")
    answer = SmtpAnswer(done=False, stage="auth", code=int(code), reply=rest, mechanism="XOAUTH2")
    return login_result(judge(answer, ACCOUNT, None), "smtp.example.edu", provider)


def test_property_34_an_accepted_token_is_proven():
    result = SmtpResult(outcome="authenticated", stage="auth", code=235)
    assert login_result(result, "smtp.example.edu").outcome is LoginOutcome.ACCEPTED


@pytest.mark.parametrize(
    ("provider", "reply"),
    [
        ("microsoft", WRONG_SCOPE),
        ("microsoft", "550 5.7.30 Basic authentication is not supported"),
        ("google", "535 5.7.8 Username and Password not accepted."),
        ("google", "534 5.7.9 Please log in with your web browser and then try again."),
        ("", "535 5.7.8 Error: authentication failed"),
        ("", "504 5.7.4 Unrecognized authentication type"),
        ("", "530 5.7.0 Must issue a STARTTLS command first"),
    ],
)
def test_property_34_a_refused_token_fails_with_stage_code_cause_and_actor(provider, reply):
    found = login(reply, provider)
    assert found.outcome is LoginOutcome.REJECTED
    code = " ".join(reply.split(" ")[:2])
    assert found.detail.startswith(
        f"the mail server rejects the token: smtp.example.edu, auth, {code}: "
    )
    assert "Who must act: " in found.remedy


@pytest.mark.parametrize(
    ("provider", "reply"),
    [
        ("microsoft", DISABLED),
        ("microsoft", "535 5.7.139 Authentication unsuccessful, user is locked by your "
         "organization's security defaults policy."),
        ("microsoft", "432 4.3.2 Concurrent connections limit exceeded."),
        ("google", "454 4.7.0 Too many login attempts, please try again later."),
        ("google", "421 4.7.0 Try again later, closing connection."),
        ("", "454 4.7.0 Temporary authentication failure"),
    ],
)  # fmt: skip
def test_property_34_what_says_nothing_of_the_token_leaves_it_unproven(provider, reply):
    found = login(reply, provider)
    assert found.outcome is LoginOutcome.UNVERIFIED
    assert found.detail.startswith("smtp.example.edu, auth, ")


@pytest.mark.parametrize(
    "facts",
    [
        {"outcome": "unreachable", "stage": "connect"},
        {"outcome": "wrong", "stage": "resolve"},
        {"outcome": "wrong", "stage": "tls"},
        {"outcome": "wrong", "stage": "starttls", "code": 454},
        {"outcome": "wrong", "stage": "auth"},
    ],
)
def test_property_34_anything_else_leaves_it_unproven(facts):
    found = login_result(SmtpResult(**facts), "smtp.example.edu", "microsoft")
    assert found.outcome is LoginOutcome.UNVERIFIED
    assert found.detail.startswith(f"smtp.example.edu, {facts['stage']}")


# A sign-in up to its last gate, with earlier tokens in the store, and a real mail server.


class Desk:
    def __init__(self, folder, mail, certificate):
        self.mail, self.lines = mail, []
        self.server = replace(oauth_server(), port=mail.port)
        self.project = project_in(
            folder,
            self.server,
            providers={"microsoft": {"smtp_hosts": ["localhost"]}},
            ca_file=certificate.ca_file,
        )
        self.secrets = project_secrets(self.project)
        keep(self.secrets, self.server, token_set())

    def sign_in(self, token=TOKEN):
        answer = TokenResponse(
            access_token=Secret(token),
            refresh_token=Secret("CANARY-new-refresh"),
            expires_in=3600,
            scope=None,
            id_token=None,
            auth_method="client_secret_basic",
        )
        context = sign_in_context(
            self.server,
            self.secrets,
            check_login=mail_server_proof(self.server, self.project),
            announce=self.lines.append,
        )
        saved = sign_in(nullcontext(Grant(answer)), context)
        assert kept(self.secrets) == saved
        return saved


@pytest.fixture
def desk(tmp_path, mail_server, certificate):
    return Desk(tmp_path, mail_server, certificate)


@pytest.mark.parametrize(
    ("token", "reply", "field", "words"),
    [
        (TOKEN, WRONG_SCOPE, "user_name", "rejects the token: localhost, auth, 535 5.7.3: "),
        (UNSCOPED_TOKEN, "", "oauth2.scope_for_authorize", "lacks the scope smtp"),
    ],
)
def test_property_34_a_refusal_ends_the_sign_in(desk, token, reply, field, words):
    desk.mail.behavior.failures = {"auth": Failure(reply)} if reply else {}
    with pytest.raises(SignInFailed) as caught:
        desk.sign_in(token)
    place = f"servers/reports.yml:{LINES[field]}: Reports: {field}: the mail server "
    assert caught.value.message.startswith(place)
    assert words in caught.value.message
    assert "CANARY" not in caught.value.message + caught.value.remedy
    assert kept(desk.secrets) == token_set()


def test_property_34_what_says_nothing_of_the_token_is_a_warning(desk):
    desk.mail.behavior.failures["auth"] = Failure(DISABLED)
    assert desk.sign_in().unproven is not None
    warning, remedy = desk.lines
    assert warning.startswith("Warning: Reports: not verified yet: localhost, auth, 535 5.7.139: ")
    assert "Set-CASMailbox MAILBOX" in remedy


@pytest.mark.parametrize("stage", ["greeting", "ehlo", "starttls", "tls", "auth"])
def test_property_34_a_server_that_hangs_up_is_a_warning(stage, desk):
    desk.mail.behavior.failures[stage] = Failure(None)
    assert desk.sign_in().unproven.startswith("localhost, ")


@pytest.mark.parametrize("token", [TOKEN, LONG_TOKEN])
def test_property_34_a_token_that_is_taken_is_proven(desk, token):
    assert desk.sign_in(token).unproven is None
    assert desk.lines == []
    assert desk.mail.received == []
