"""Each kind of mail server takes what it should, refuses what it should, and delivers."""

from __future__ import annotations

import base64
import json
import smtplib
import ssl
import uuid
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.support.lab.errors import LabError
from tests.support.lab.lab import Lab
from tests.support.lab.mail import Mail, MailServer
from tests.support.lab.provider import Provider

pytestmark = pytest.mark.long

ALICE, BOB = "alice@lab.test", "bob@lab.test"
WAYS = ["starttls", "tls"]


def connect(mail: Mail, kind: str | MailServer, way: str = "starttls") -> smtplib.SMTP:
    server = mail.server(kind) if isinstance(kind, str) else kind
    context = ssl.create_default_context(cafile=mail.pki.ca)
    if way == "tls":
        session: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.tls_port, context=context, timeout=20
        )
    else:
        session = smtplib.SMTP(server.host, server.starttls_port, timeout=20)
        session.starttls(context=context)
    session.ehlo()
    return session


def xoauth2(user: str, token: str) -> str:
    return base64.b64encode(f"user={user}\1auth=Bearer {token}\1\1".encode()).decode()


def oauthbearer(user: str, token: str) -> str:
    return base64.b64encode(f"n,a={user},\1auth=Bearer {token}\1\1".encode()).decode()


def send(session: smtplib.SMTP, to: str = ALICE, sender: str = ALICE) -> str:
    """Send a mail that no other test has sent; its subject."""
    message = EmailMessage()
    message["Subject"] = f"lab {uuid.uuid4()}"
    message["From"], message["To"] = sender, to
    message.set_content("Real parts.")
    session.send_message(message)
    return str(message["Subject"])


def arrives(mail: Mail, subject: str) -> bool:
    return bool(mail.wait_for_mail("alice", lambda m: m["subject"] == subject))


@pytest.fixture(scope="module")
def token(provider: Provider) -> str:
    return str(provider.sign_in("alice")["access_token"])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ["oauth", "postfix"])
@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
def test_a_real_token_sends_a_mail(
    mail: Mail, token: str, kind: str, mechanism: str, way: str
) -> None:
    initial = {"XOAUTH2": xoauth2, "OAUTHBEARER": oauthbearer}[mechanism](ALICE, token)
    with connect(mail, kind, way) as session:
        assert mechanism in session.esmtp_features["auth"]
        assert session.docmd("AUTH", f"{mechanism} {initial}")[0] == 235
        subject = send(session)
    assert arrives(mail, subject)


def test_a_bad_token_gets_the_providers_word_and_then_535(mail: Mail) -> None:
    with connect(mail, "oauth") as session:
        code, challenge = session.docmd("AUTH", f"XOAUTH2 {xoauth2(ALICE, 'garbage')}")
        assert code == 334
        assert json.loads(base64.b64decode(challenge))["status"] == "401"
        code, words = session.docmd("")
    assert (code, words) == (535, b"5.7.8 Authentication failed.")


def test_a_revoked_token_is_refused_at_once(mail: Mail, provider: Provider) -> None:
    answer = provider.sign_in("alice")
    provider.revoke(answer["refresh_token"])
    with connect(mail, "oauth") as session:
        assert session.docmd("AUTH", f"XOAUTH2 {xoauth2(ALICE, answer['access_token'])}")[0] == 334
        assert session.docmd("")[0] == 535


def test_a_token_without_the_smtp_scope_is_refused(mail: Mail, provider: Provider) -> None:
    token = provider.sign_in("alice", scope="openid email")["access_token"]
    with connect(mail, "oauth") as session:
        code, challenge = session.docmd("AUTH", f"XOAUTH2 {xoauth2(ALICE, token)}")
        assert (code, json.loads(base64.b64decode(challenge))["status"]) == (334, "403")
        assert session.docmd("")[0] == 535


def test_a_token_opens_its_own_mailbox_only(mail: Mail, token: str) -> None:
    with connect(mail, "oauth") as session:
        assert session.docmd("AUTH", f"XOAUTH2 {xoauth2(BOB, token)}")[0] == 535


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("kind", "offered"), [("plain", "PLAIN LOGIN"), ("cram", "CRAM-MD5"), ("postfix", "PLAIN")]
)
def test_a_password_sends_a_mail_and_a_wrong_one_is_535(
    mail: Mail, kind: str, offered: str, way: str
) -> None:
    with connect(mail, kind, way) as session:
        assert offered in session.esmtp_features["auth"]
        with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
            session.login(ALICE, "wrong")
        assert refused.value.smtp_code == 535
    with connect(mail, kind, way) as session:
        session.login(ALICE, mail.password)
        subject = send(session)
    assert arrives(mail, subject)


@pytest.mark.parametrize("way", WAYS)
def test_the_open_server_takes_mail_for_the_lab_and_no_other(mail: Mail, way: str) -> None:
    with connect(mail, "none", way) as session:
        assert "auth" not in session.esmtp_features
        subject = send(session)
        with pytest.raises(smtplib.SMTPRecipientsRefused, match="Relay access denied"):
            send(session, to="someone@elsewhere.test")
    assert arrives(mail, subject)


def test_the_open_server_takes_mail_without_tls(mail: Mail) -> None:
    with smtplib.SMTP(mail.server("none").host, 25, timeout=20) as session:
        subject = send(session)
    assert arrives(mail, subject)


def test_postfix_lets_an_account_send_as_itself_only(mail: Mail) -> None:
    with connect(mail, "postfix") as session:
        session.login(ALICE, mail.password)
        with pytest.raises(smtplib.SMTPRecipientsRefused, match="not owned by user alice"):
            send(session, sender=BOB)


def test_the_untrusted_server_has_a_strangers_certificate(mail: Mail) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
        connect(mail, "untrusted", "tls")


def test_another_providers_tokens_have_a_server_of_their_own(
    mail: Mail, rotating_provider: Provider
) -> None:
    token = rotating_provider.sign_in("alice")["access_token"]
    with connect(mail, mail.trusting(rotating_provider)) as session:
        assert session.docmd("AUTH", f"XOAUTH2 {xoauth2(ALICE, token)}")[0] == 235
    with connect(mail, "oauth") as session:
        assert session.docmd("AUTH", f"XOAUTH2 {xoauth2(ALICE, token)}")[0] == 334
        assert session.docmd("")[0] == 535


def test_after_settling_nothing_more_comes(mail: Mail) -> None:
    before = len(mail.mailbox("carol"))
    with connect(mail, "none") as session:
        for _ in range(5):
            send(session, to="carol@lab.test")
    mail.settle()
    assert len(mail.mailbox("carol")) == before + 5


def test_an_old_dovecot_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lab: Lab
) -> None:
    from tests.support.lab import requirements

    old = tmp_path / "dovecot"
    old.write_text("#!/bin/sh\necho '2.3.21.1 (d492236fa0)'\n")
    old.chmod(0o755)
    monkeypatch.setattr(requirements, "_SEARCHED", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(LabError, match=r"2\.4\.1 or newer is needed, this is 2\.3\.21"):
        requirements.require_dovecot()
