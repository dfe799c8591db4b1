"""The mail of both kinds of hosts: the Python of POSIX, and the C# of Windows, run by Mono."""

from __future__ import annotations

import base64
from typing import Any, Protocol

import pytest

from provisioner.demo.certificates import ServerCertificate
from provisioner.demo.mail_server import MailServer
from provisioner.mail.conversation import host_code
from tests.mail_samples import MAILBOX, TOKEN, behaviour
from tests.playbooks.mono_host import MonoError, MonoProgram

Facts = dict[str, Any]
SaslError = host_code("maps_sasl").SaslError


class MailCode(Protocol):
    """What the tests ask of either."""

    newest_tls: str

    def converse(self, account: dict, message: dict | None, timeout: float) -> Facts:
        """The facts of a conversation."""

    def message_bytes(self, message: dict, client_name: str | None) -> tuple[str, bytes]:
        """The Message-ID of a message, and the message."""

    def exchange(self, mechanism: str, user: str, secret: str, host: str, port: int) -> Any:
        """The conversation of a mechanism: `next()` and `send(challenge)`."""

    def digest(self, challenge: str, method: str, **account: str) -> str:
        """The response to a DIGEST-MD5 challenge; user, password, uri and cnonce by name."""

    def prove_refresh(self, entry: dict, ca_file: str | None, timeout: float) -> Facts:
        """The trial of a refresh token."""

    def post_check(self, mails: dict, run_id: str, document: str, ca_file: str) -> Any:
        """`delivered(entry, before, refreshable)` and `given_back(entry, refresh_at)`."""


class PythonMail:
    """playbooks/module_utils/maps_*.py."""

    newest_tls = "TLSv1.3"

    def converse(self, account: dict, message: dict | None, timeout: float) -> Facts:
        facts: Facts = host_code("maps_conversation").converse(account, message, timeout)
        return facts

    def message_bytes(self, message: dict, client_name: str | None) -> tuple[str, bytes]:
        made: tuple[str, bytes] = host_code("maps_envelope").message_bytes(message, client_name)
        return made

    def exchange(self, mechanism: str, user: str, secret: str, host: str, port: int) -> Any:
        return host_code("maps_sasl").exchange(mechanism, user, secret, host, port)

    def digest(self, challenge: str, method: str, **account: str) -> str:
        sasl = host_code("maps_sasl")
        given = {**account, "fields": sasl.parse_directives(challenge)}
        response: str = sasl.DigestAnswer(**given).response(method)
        return response

    def decoded(self, challenge: str) -> bytes:
        data: bytes = host_code("maps_conversation")._decoded(challenge)
        return data

    def prove_refresh(self, entry: dict, ca_file: str | None, timeout: float) -> Facts:
        facts: Facts = host_code("maps_oauth").prove_refresh(entry, ca_file, timeout)
        return facts

    def post_check(self, mails: dict, run_id: str, document: str, ca_file: str) -> Any:
        return host_code("maps_post_check").PostCheck(mails, run_id, document, ca_file, 10.0)


class MonoMail:
    """playbooks/module_utils/Ansible.Maps.*.cs. Mono knows no TLS above 1.2."""

    newest_tls = "TLSv1.2"

    def __init__(self, program: MonoProgram) -> None:
        self._program = program

    def converse(self, account: dict, message: dict | None, timeout: float) -> Facts:
        return self._call("converse", account=account, message=message, seconds=timeout)

    def message_bytes(self, message: dict, client_name: str | None) -> tuple[str, bytes]:
        made = self._call("text", message=message, client_name=client_name)
        return made["message_id"], base64.b64decode(made["data"])

    def exchange(self, mechanism: str, user: str, secret: str, host: str, port: int) -> Any:
        account = {"user": user, "secret": secret, "host": host, "port": port}
        return _MonoExchange(self._program, {"mechanism": mechanism, **account})

    def digest(self, challenge: str, method: str, **account: str) -> str:
        return str(self._call("digest", challenge=challenge, method=method, **account))

    def decoded(self, challenge: str) -> bytes:
        return base64.b64decode(self._call("challenge", text=challenge))

    def prove_refresh(self, entry: dict, ca_file: str | None, timeout: float) -> Facts:
        return self._call("prove_refresh", entry=entry, ca_file=ca_file, seconds=timeout)

    def post_check(self, mails: dict, run_id: str, document: str, ca_file: str) -> Any:
        given = {"mails": mails, "run_id": run_id, "document": document, "ca_file": ca_file}
        return _MonoPostCheck(self._program, {**given, "seconds": 10})

    def _call(self, name: str, **arguments: Any) -> Any:
        return self._program.call(f"mail.{name}", **arguments)


class _MonoExchange:
    """A generator's interface; every step tells the whole conversation so far once more."""

    def __init__(self, program: MonoProgram, arguments: dict) -> None:
        self._program, self._arguments = program, arguments
        self._challenges: list[str | None] = []

    def __next__(self) -> bytes | None:
        return self._answer(None)

    def send(self, challenge: bytes) -> bytes | None:
        """What is sent after a challenge."""
        return self._answer(base64.b64encode(challenge).decode())

    def _answer(self, challenge: str | None) -> bytes | None:
        self._challenges.append(challenge)
        try:
            said = self._program.call(
                "mail.exchange", **self._arguments, challenges=self._challenges
            )
        except MonoError as error:
            if error.type == "SaslException":
                raise SaslError(str(error)) from None
            raise
        goes, answer = said[-1]
        if not goes:
            raise StopIteration
        return None if answer is None else base64.b64decode(answer)


class _MonoPostCheck:
    def __init__(self, program: MonoProgram, arguments: dict) -> None:
        self._program, self._arguments = program, arguments

    def delivered(self, entry: dict, before: dict | None, refreshable: bool) -> Facts:
        """Prove an entry that was delivered."""
        given = {"entry": entry, "before": before, "refreshable": refreshable}
        facts: Facts = self._program.call("mail.delivered", **self._arguments, **given)
        return facts

    def given_back(self, entry: dict, refresh_at: str | None) -> Facts:
        """Prove an entry of an old document."""
        given = {"entry": entry, "refresh_at": refresh_at}
        facts: Facts = self._program.call("mail.given_back", **self._arguments, **given)
        return facts


@pytest.fixture(scope="session")
def mono_mail(mono_host: MonoProgram, certificate: ServerCertificate) -> MonoMail:
    """The C#, which Mono has compiled by a first conversation: no later one is slow for that."""
    code = MonoMail(mono_host)
    with MailServer(certificate, behaviour()) as server:
        account = {"host": "localhost", "port": server.port, "use_tls": True}
        account |= {"smtp_security_level": "oauth2", "user_name": MAILBOX, "secret": TOKEN}
        facts = code.converse({**account, "ca_file": str(certificate.ca_file)}, None, 60.0)
    assert facts["outcome"] == "authenticated"
    return code


@pytest.fixture(params=["python", "csharp"])
def mail_code(request: pytest.FixtureRequest) -> MailCode:
    """Each test that asks for this runs with both."""
    if request.param == "python":
        return PythonMail()
    code: MonoMail = request.getfixturevalue("mono_mail")
    return code
