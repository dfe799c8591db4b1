"""The conversation with Dovecot and Postfix: what a real server makes of each security level."""

from __future__ import annotations

import uuid

import pytest

ALICE = "alice@lab.test"


def account(mail, kind, level, secret, **changes):
    server = mail.server(kind)
    return {
        "host": server.host,
        "port": server.starttls_port,
        "use_tls": True,
        "smtp_security_level": level,
        "user_name": ALICE,
        "secret": secret,
        "client_name": "maps.lab.test",
        "ca_file": str(mail.pki.ca),
        **changes,
    }


@pytest.fixture
def send(mail_code):
    """Send a mail: its subject, and the facts of the conversation."""

    def sent(account):
        subject = f"real {uuid.uuid4()}"
        body = "Grüße\n.\n"
        message = {"from": ALICE, "to": ALICE, "subject": subject, "body": body, "headers": {}}
        return subject, mail_code.converse(account, message, 20.0)

    return sent


def arrives(mail, subject):
    found = mail.wait_for_mail("alice", lambda m: m["subject"] == subject)
    return found.get_content().replace("\r\n", "\n").strip() == "Grüße\n."


@pytest.fixture(scope="module")
def token(provider):
    return str(provider.sign_in("alice")["access_token"])


@pytest.mark.parametrize("port", [587, 465])
@pytest.mark.parametrize("kind", ["oauth", "postfix"])
def test_oauth2(mail_code, send, mail, token, kind, port):
    subject, facts = send(account(mail, kind, "oauth2", token, port=port))
    assert (facts["outcome"], facts["stage"], facts["code"]) == ("sent", "data", 250), facts
    assert (facts["mechanism"], facts["tls"]) == ("XOAUTH2", mail_code.newest_tls)
    assert arrives(mail, subject)


def test_oauthbearer_where_only_that_is_offered(send, mail, token):
    subject, facts = send(account(mail, "oauthbearer", "oauth2", token))
    assert (facts["outcome"], facts["mechanism"]) == ("sent", "OAUTHBEARER"), facts
    assert arrives(mail, subject)
    _, facts = send(account(mail, "oauthbearer", "oauth2", "CANARYrevoked"))
    assert (facts["outcome"], facts["code"], facts["challenge"]["status"]) == (
        *("wrong", 535),
        "invalid_token",
    )


@pytest.mark.parametrize("port", [587, 465])
@pytest.mark.parametrize(
    ("kind", "level", "mechanism"),
    [
        ("plain", "plain", "PLAIN"),
        ("plain", "login", "LOGIN"),
        ("plain", "auto_detect", "PLAIN"),
        ("cram", "cram_md5", "CRAM-MD5"),
        ("cram", "auto_detect", "CRAM-MD5"),
        ("digest", "digest_md5", "DIGEST-MD5"),
        ("digest", "auto_detect", "DIGEST-MD5"),
    ],
)
def test_passwords(send, mail, kind, level, mechanism, port):
    subject, facts = send(account(mail, kind, level, mail.password, port=port))
    assert (facts["outcome"], facts["mechanism"]) == ("sent", mechanism), facts
    assert arrives(mail, subject)


@pytest.mark.parametrize("level", ["none", "auto_detect"])
def test_nobody_signs_in(send, mail, level):
    open_account = account(mail, "none", level, None, port=25, use_tls=False, user_name=None)
    subject, facts = send(open_account)
    assert (facts["outcome"], facts["mechanism"], facts["tls"]) == ("sent", None, None), facts
    assert arrives(mail, subject)


@pytest.mark.parametrize("kind", ["oauth", "postfix"])
def test_a_refused_token(send, mail, kind):
    _, facts = send(account(mail, kind, "oauth2", "CANARY" * 300))
    assert (facts["outcome"], facts["stage"]) == ("wrong", "auth"), facts
    assert (facts["code"], facts["enhanced"]) == (535, "5.7.8")
    assert facts["challenge"]["status"] == "401"


@pytest.mark.parametrize(
    ("kind", "level"),
    [("plain", "plain"), ("plain", "login"), ("cram", "cram_md5"), ("digest", "digest_md5")],
)
def test_a_refused_password(send, mail, kind, level):
    _, facts = send(account(mail, kind, level, "CANARYwrong"))
    assert (facts["outcome"], facts["stage"], facts["code"]) == ("wrong", "auth", 535), facts


def test_a_token_of_somebody_else(send, mail, token):
    _, facts = send(account(mail, "oauth", "oauth2", token, user_name="bob@lab.test"))
    assert (facts["outcome"], facts["code"], facts["challenge"]) == ("wrong", 535, None), facts


def test_a_certificate_that_nobody_trusts(send, mail, token):
    _, facts = send(account(mail, "untrusted", "oauth2", token))
    assert (facts["outcome"], facts["stage"]) == ("wrong", "tls"), facts


def test_a_server_that_wants_a_sign_in_first(send, mail):
    _, facts = send(account(mail, "postfix", "none", None, user_name=None))
    assert (facts["outcome"], facts["stage"]) == ("wrong", "rcpt"), facts
