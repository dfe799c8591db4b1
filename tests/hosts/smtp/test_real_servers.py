"""The conversation with Dovecot and Postfix: what a real server makes of each security level."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provisioner.secret import Secret
from provisioner.smtp.client import SmtpAccount, SmtpResult, check_login, send_test_email

ALICE = "alice@lab.test"


def account(mail, kind: str, level: str, secret: str | None, **changes) -> SmtpAccount:
    server = mail.server(kind)
    made = SmtpAccount(
        host=server.host,
        port=server.starttls_port,
        use_tls=True,
        smtp_security_level=level,
        user_name=ALICE,
        secret=Secret(secret) if secret else None,
        client_name="maps.lab.test",
        ca_file=str(mail.pki.ca),
    )
    return replace(made, **changes)


@pytest.fixture
def send(mail):
    """Send a mail; it arrives, if it was taken."""

    def sent(account: SmtpAccount) -> SmtpResult:
        result = send_test_email(account, ALICE, ALICE, "run-1")
        if result.outcome == "sent":
            mail.wait_for_mail("alice", lambda m: m["message-id"] == result.message_id)
        return result

    return sent


@pytest.fixture(scope="module")
def token(provider) -> str:
    return str(provider.sign_in("alice")["access_token"])


@pytest.mark.parametrize("port", [587, 465])
@pytest.mark.parametrize("kind", ["oauth", "postfix"])
def test_oauth2(send, mail, token, kind, port):
    result = send(account(mail, kind, "oauth2", token, port=port))
    assert (result.outcome, result.code, result.mechanism) == ("sent", 250, "XOAUTH2"), result
    assert result.tls == "TLSv1.3"


def test_oauthbearer_where_only_that_is_offered(send, mail, token):
    result = send(account(mail, "oauthbearer", "oauth2", token))
    assert (result.outcome, result.mechanism) == ("sent", "OAUTHBEARER"), result
    result = send(account(mail, "oauthbearer", "oauth2", "CANARYrevoked"))
    assert (result.outcome, result.code) == ("wrong", 535)
    assert result.challenge["status"] == "invalid_token"


@pytest.mark.parametrize("port", [587, 465])
@pytest.mark.parametrize(
    ("kind", "level", "mechanism"),
    [
        ("plain", "plain", "PLAIN"),
        ("plain", "login", "LOGIN"),
        ("plain", "auto_detect", "PLAIN"),
        ("cram", "cram_md5", "CRAM-MD5"),
        ("cram", "auto_detect", "CRAM-MD5"),
    ],
)
def test_passwords(send, mail, kind, level, mechanism, port):
    result = send(account(mail, kind, level, mail.password, port=port))
    assert (result.outcome, result.mechanism) == ("sent", mechanism), result


@pytest.mark.parametrize("level", ["digest_md5", "auto_detect"])
def test_what_only_maps_speaks(send, mail, level):
    assert send(account(mail, "digest", level, mail.password)).outcome == "unverifiable"


@pytest.mark.parametrize("level", ["none", "auto_detect"])
def test_nobody_signs_in(send, mail, level):
    result = send(account(mail, "none", level, None, port=25, use_tls=False, user_name=None))
    assert (result.outcome, result.mechanism, result.tls) == ("sent", None, None), result


@pytest.mark.parametrize("kind", ["oauth", "postfix"])
def test_a_refused_token(mail, kind):
    result = check_login(account(mail, kind, "oauth2", "CANARY" * 300))
    assert (result.outcome, result.stage, result.enhanced) == ("wrong", "auth", "5.7.8"), result
    assert result.challenge["status"] == "401"


@pytest.mark.parametrize(
    ("kind", "level"), [("plain", "plain"), ("plain", "login"), ("cram", "cram_md5")]
)
def test_a_refused_password(mail, kind, level):
    result = check_login(account(mail, kind, level, "CANARYwrong"))
    assert (result.outcome, result.stage, result.code) == ("wrong", "auth", 535), result


def test_a_token_of_somebody_else(mail, token):
    result = check_login(account(mail, "oauth", "oauth2", token, user_name="bob@lab.test"))
    assert (result.outcome, result.code, result.challenge) == ("wrong", 535, None), result


def test_a_certificate_that_nobody_trusts(mail, token):
    result = check_login(account(mail, "untrusted", "oauth2", token))
    assert (result.outcome, result.stage) == ("wrong", "tls"), result


def test_a_server_that_wants_a_sign_in_first(send, mail):
    result = send(account(mail, "postfix", "none", None, user_name=None))
    assert (result.outcome, result.stage) == ("wrong", "rcpt"), result
