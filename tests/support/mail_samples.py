"""Accounts, tokens and certificates for the tests that speak SMTP."""

import time

import pytest

from provisioner.secret import Secret
from tests.support.certificates import make_certificate
from tests.support.scripted_mail_server import MailBehavior, ScriptedMailServer
from tests.support.scripted_provider import TokenFacts

MAILBOX = "reports@example.edu"
ELSEWHERE = "postmaster@example.edu"
TOKEN = "CANARYaccess0token" * 3
LONG_TOKEN = "CANARYlong0access0token." * 60  # 1,440 characters: like Microsoft's
UNSCOPED_TOKEN = "CANARYtoken0without0scope"
PASSWORD = "CANARYp@ss wörd%"


def check_token(token):
    """The authority of these tests: three tokens, one of them without the scope for mail."""
    if token in (TOKEN, LONG_TOKEN):
        return TokenFacts(True, MAILBOX, frozenset({"smtp"}))
    return TokenFacts(token == UNSCOPED_TOKEN, MAILBOX)


def behavior(**changes):
    """A mail server that knows the mailbox, its token and its password."""
    known = {"check_token": check_token, "passwords": {MAILBOX: Secret(PASSWORD)}}
    return MailBehavior(**{**known, **changes})


def ends_with(server, *commands):
    """Whether these were the last commands; the server may still be reading when we look."""
    end = time.monotonic() + 20
    while server.transcript[-len(commands) :] != [*commands] and time.monotonic() < end:
        time.sleep(0.02)
    return server.transcript[-len(commands) :] == [*commands]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A CA, and its certificate for localhost, 127.0.0.1 and 127.0.0.77."""
    folder = tmp_path_factory.mktemp("certificate")
    return make_certificate(folder, "localhost", "127.0.0.1", "127.0.0.77", rsa=True)


@pytest.fixture
def mail_server(certificate):
    """A mail server that takes XOAUTH2 over STARTTLS."""
    with ScriptedMailServer(certificate, behavior()) as server:
        yield server
