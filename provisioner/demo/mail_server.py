"""An SMTP server on loopback, for the demo and for tests: STARTTLS, sign-in, mail kept in memory.

Real in what it checks: TLS before a sign-in, a sign-in before mail, the token and its user.
"""

from __future__ import annotations

import email
import socketserver
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from types import TracebackType
from typing import Self

from provisioner.demo.certificates import ServerCertificate
from provisioner.demo.mail_session import MailSession
from provisioner.demo.mail_sign_in import TokenCheck, no_token_is_good
from provisioner.secret import Secret


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """One mail as it came: envelope, who signed in (None: nobody), message, bytes."""

    sender: str
    recipients: tuple[str, ...]
    user: str | None
    message: EmailMessage
    data: bytes


@dataclass(slots=True)
class Failure:
    """What goes wrong at a stage: wait, then say `reply`, or hang up (None). `times` it happens.

    Stages: greeting, ehlo, starttls, tls, auth, response, mail, rcpt, data, message.
    """

    reply: str | None
    delay: float = 0.0
    times: int | None = None


@dataclass(slots=True, kw_only=True)
class MailBehaviour:
    """How the server behaves; may be changed while it runs."""

    mechanisms: tuple[str, ...] = ("XOAUTH2",)
    check_token: TokenCheck = no_token_is_good
    passwords: Mapping[str, Secret] = field(default_factory=dict)
    implicit_tls: bool = False
    starttls: bool = True
    longest_line: int = 1024  # Dovecot's, before and in AUTH's own line
    failures: dict[str, Failure] = field(default_factory=dict)


class MailServer:
    """Listens from `with` to its end. `received` has the mails; `folder` gets them as .eml."""

    def __init__(
        self,
        certificate: ServerCertificate | None,
        behaviour: MailBehaviour | None = None,
        *,
        folder: Path | None = None,
        host_name: str = "localhost",
        address: tuple[str, int] = ("127.0.0.1", 0),
    ) -> None:
        self.behaviour = behaviour or MailBehaviour()
        self.host_name = host_name
        self.received: list[ReceivedMail] = []
        self.transcript: list[str] = []  # commands, arguments of a sign-in left out
        self._folder = folder
        self._context = certificate.context() if certificate else None
        self._lock = threading.Lock()
        self._server = _Server(address)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    @property
    def context(self) -> ssl.SSLContext:
        """Its side of TLS."""
        if self._context is None:
            raise ValueError("this mail server was given no certificate")
        return self._context

    def keep(self, sender: str, recipients: tuple[str, ...], user: str | None, data: bytes) -> None:
        """Keep a mail that has come."""
        message = email.message_from_bytes(data, policy=SMTP)
        mail = ReceivedMail(sender, recipients, user, message, data)
        with self._lock:
            self.received.append(mail)
            if self._folder is not None:
                (self._folder / f"{len(self.received):04d}.eml").write_bytes(mail.data)

    def failure(self, stage: str) -> Failure | None:
        """What is to go wrong at this stage, this time."""
        with self._lock:
            failure = self.behaviour.failures.get(stage)
            if failure is None or failure.times == 0:
                return None
            if failure.times is not None:
                failure.times -= 1
            return failure

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        for session in list(self._server.sessions):
            session.hang_up()
        self._server.server_close()
        self._thread.join()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    owner: MailServer

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, _Connection)
        self.sessions: set[MailSession] = set()


class _Connection(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        session = MailSession(self.request, self.server.owner)
        self.server.sessions.add(session)
        try:
            session.run()
        except OSError as error:  # the client went away, or did not like the certificate
            self.server.owner.transcript.append(f"({type(error).__name__})")
        finally:
            self.server.sessions.discard(session)
            session.close()
