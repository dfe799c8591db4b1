"""Accounts, tokens and certificates for the tests that speak SMTP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from provisioner.demo.certificates import ServerCertificate, make_certificate
from provisioner.demo.mail_server import MailBehaviour, MailServer
from provisioner.demo.mail_sign_in import TokenFacts
from provisioner.secret import Secret

MAILBOX = "reports@example.edu"
ELSEWHERE = "postmaster@example.edu"
TOKEN = "CANARYaccess0token" * 3
LONG_TOKEN = "CANARYlong0access0token." * 60  # 1,440 characters: like Microsoft's
UNSCOPED_TOKEN = "CANARYtoken0without0scope"
PASSWORD = "CANARYp@ss wörd%"


def check_token(token: str) -> TokenFacts:
    """The authority of these tests: three tokens, one of them without the scope for mail."""
    if token in (TOKEN, LONG_TOKEN):
        return TokenFacts(True, MAILBOX, frozenset({"smtp"}))
    return TokenFacts(token == UNSCOPED_TOKEN, MAILBOX)


def behaviour(**changes: object) -> MailBehaviour:
    """A mail server that knows the mailbox, its token and its password."""
    known = {"check_token": check_token, "passwords": {MAILBOX: Secret(PASSWORD)}}
    return MailBehaviour(**{**known, **changes})


def ends_with(server: MailServer, *commands: str) -> bool:
    """Whether these were the last commands; the server may still be reading when we look."""
    end = time.monotonic() + 20
    while server.transcript[-len(commands) :] != [*commands] and time.monotonic() < end:
        time.sleep(0.02)
    return server.transcript[-len(commands) :] == [*commands]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> ServerCertificate:
    """A CA, and its certificate for localhost, 127.0.0.1 and 127.0.0.77."""
    folder = tmp_path_factory.mktemp("certificate")
    return make_certificate(folder, "localhost", "127.0.0.1", "127.0.0.77", rsa=True)


@pytest.fixture
def mail_server(certificate: ServerCertificate, tmp_path: Path) -> Iterator[MailServer]:
    """A mail server that takes XOAUTH2 over STARTTLS."""
    with MailServer(certificate, behaviour(), folder=tmp_path) as server:
        yield server
