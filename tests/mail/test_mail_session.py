from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from provisioner.secret import Secret
from provisioner.smtp.client import (
    SmtpAccount,
    SmtpResult,
    check_login,
    send_test_email,
)
from tests.mail_samples import ELSEWHERE, MAILBOX, TOKEN


@pytest.fixture
def account(mail_server, certificate) -> SmtpAccount:
    return SmtpAccount(
        host="localhost",
        port=mail_server.port,
        use_tls=True,
        smtp_security_level="oauth2",
        user_name=MAILBOX,
        secret=Secret(TOKEN),
        ca_file=str(certificate.ca_file),
    )


def test_signing_in(account, mail_server):
    result = check_login(account)
    assert (result.outcome, result.code, result.mechanism) == ("authenticated", 235, "XOAUTH2")
    assert mail_server.received == []


def test_a_test_email(account, mail_server):
    result = send_test_email(account, MAILBOX, ELSEWHERE, "run-7", server_name="Reports")
    assert result.outcome == "sent"
    message = mail_server.received[0].message
    assert message["Message-ID"] == result.message_id
    assert message["X-Maps-Provisioner-Run"] == "run-7"
    assert message["Subject"] == 'Test email of the MAPS email server "Reports"'
    body = message.get_content()
    assert f"Server:    localhost:{mail_server.port}" in body
    assert "Run:       run-7" in body
    assert "sent by maps-provisioner and not by MAPS" in body


def test_a_refusal(account):
    result = check_login(replace(account, secret=Secret("CANARYwrong")))
    assert (result.outcome, result.stage, result.code) == ("wrong", "auth", 535)
    assert result.challenge == {"schemes": "bearer", "status": "401", "scope": "smtp"}


def test_no_secret_is_shown(account):
    refused = check_login(replace(account, secret=Secret("CANARYwrong")))
    for thing in (account, str(account), refused, asdict(refused)):
        assert "CANARY" not in repr(thing)


def test_facts_from_a_host_may_say_more_or_less():
    facts = {"outcome": "sent", "stage": "data", "server": "Reports", "refresh": None}
    assert SmtpResult.from_facts(facts) == SmtpResult(outcome="sent", stage="data")
