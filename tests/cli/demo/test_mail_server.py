"""The embedded mail server, spoken to by Python's own client."""

from __future__ import annotations

import smtplib
import ssl

import pytest

from provisioner.demo.certificates import make_certificate
from provisioner.demo.mail_server import Failure, MailServer
from tests.support.mail_samples import ELSEWHERE, MAILBOX, TOKEN, UNSCOPED_TOKEN, behaviour

MESSAGE = "Subject: hello\r\n\r\n.dots\r\nand more\r\n"


@pytest.fixture
def server(tmp_path):
    with MailServer(make_certificate(tmp_path), behaviour(), folder=tmp_path) as running:
        yield running


@pytest.fixture
def client(server, tmp_path):
    with smtplib.SMTP("localhost", server.port, timeout=5) as smtp:
        smtp.ehlo()
        yield smtp


def start_tls(client, tmp_path):
    client.starttls(context=ssl.create_default_context(cafile=tmp_path / "ca.pem"))
    client.ehlo()


def sign_in(client, token, user=MAILBOX):
    code, reply = client.docmd("AUTH", "XOAUTH2")
    assert (code, reply) == (334, b"")
    import base64

    response = f"user={user}\x01auth=Bearer {token}\x01\x01"
    return client.docmd(base64.b64encode(response.encode()).decode())


def test_nobody_signs_in_without_tls(client):
    assert client.has_extn("starttls")
    assert not client.has_extn("auth")
    assert client.docmd("AUTH", "XOAUTH2")[0] == 530


def test_nobody_sends_without_signing_in(client, tmp_path):
    start_tls(client, tmp_path)
    assert client.docmd("MAIL", f"FROM:<{MAILBOX}>") == (530, b"5.7.0 Authentication required")


def test_a_mail(client, server, tmp_path):
    start_tls(client, tmp_path)
    assert sign_in(client, TOKEN) == (235, b"2.7.0 Logged in.")
    client.sendmail(MAILBOX, [ELSEWHERE, MAILBOX], MESSAGE)
    mail = server.received[0]
    assert (mail.sender, mail.recipients, mail.user) == (MAILBOX, (ELSEWHERE, MAILBOX), MAILBOX)
    assert mail.message["Subject"] == "hello"
    assert mail.data == MESSAGE.encode()
    assert (tmp_path / "0001.eml").read_bytes() == MESSAGE.encode()
    assert TOKEN not in "".join(server.transcript)


@pytest.mark.parametrize(("token", "status"), [("unknown", b'"401"'), (UNSCOPED_TOKEN, b'"403"')])
def test_a_bad_token_first_gets_its_error_then_the_refusal(client, tmp_path, token, status):
    import base64

    start_tls(client, tmp_path)
    code, challenge = sign_in(client, token)
    assert code == 334
    assert status in base64.b64decode(challenge)
    assert client.docmd("") == (535, b"5.7.8 Authentication failed.")


def test_somebody_else_s_token_is_refused_at_once(client, tmp_path):
    start_tls(client, tmp_path)
    assert sign_in(client, TOKEN, user=ELSEWHERE)[0] == 535


def test_a_long_line_is_refused(client, tmp_path):
    start_tls(client, tmp_path)
    assert client.docmd("AUTH", "XOAUTH2 " + "x" * 3000) == (500, b"5.5.2 Line too long")
    assert client.noop()[0] == 250


@pytest.mark.parametrize(
    ("line", "code"),
    [("VRFY", 502), ("AUTH GSSAPI", 504), ("RCPT TO:<a@b>", 503), ("DATA", 503)],
)
def test_what_is_out_of_place(client, tmp_path, line, code):
    start_tls(client, tmp_path)
    sign_in(client, TOKEN)
    assert client.docmd(line)[0] == code


def test_scripted_failures_come_as_often_as_asked(client, server, tmp_path):
    server.behaviour.failures["mail"] = Failure("432 4.3.2 Concurrent connections", times=1)
    start_tls(client, tmp_path)
    sign_in(client, TOKEN)
    assert client.mail(MAILBOX)[0] == 432
    assert client.mail(MAILBOX)[0] == 250


def test_it_ends_though_a_client_is_still_there(tmp_path):
    with MailServer(make_certificate(tmp_path), behaviour()) as server:
        client = smtplib.SMTP("localhost", server.port, timeout=5)
        client.ehlo()
        start_tls(client, tmp_path)
    with pytest.raises((smtplib.SMTPServerDisconnected, OSError)):
        client.noop()
    client.close()
