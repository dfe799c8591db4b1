"""An SMTP server on loopback: correct, except for the failures of a test.

It requires TLS before a sign-in, a sign-in before a message, and the token of the user.
"""

from __future__ import annotations

import base64
import email
import json
import re
import socket
import socketserver
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP

from provisioner.secret import Secret
from tests.support.scripted_provider import TokenFacts

SCOPE = "smtp"
_REJECTED = "535 5.7.8 Authentication failed."
_LONGEST_LINE = 1024  # Dovecot's, for commands
_LONGEST_RESPONSE = 12288  # RFC 4954 section 4
_PATH = re.compile(r"^(?:FROM|TO):<([^<>\s]+)>", re.IGNORECASE)
_BEARER = re.compile(r"user=([^\x01]*)\x01auth=Bearer ([^\x01]*)\x01\x01")


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """Envelope, signed-in user, message as parsed and as bytes."""

    sender: str
    recipients: tuple[str, ...]
    user: str | None
    message: EmailMessage
    data: bytes


@dataclass(slots=True)
class Failure:
    """The reply at a stage, or hang up (None); for so many `times`.

    Stages: greeting, ehlo, starttls, tls, auth, response, mail, rcpt, data, message.
    """

    reply: str | None
    times: int | None = None


@dataclass(slots=True, kw_only=True)
class MailBehavior:
    """The settings of a mail server; may be changed while it runs."""

    mechanisms: tuple[str, ...] = ("XOAUTH2",)  # XOAUTH2, PLAIN
    check_token: Callable[[str], TokenFacts] = lambda _: TokenFacts(active=False)
    passwords: Mapping[str, Secret] = field(default_factory=dict)
    failures: dict[str, Failure] = field(default_factory=dict)


class ScriptedMailServer:
    """Listens inside its `with` block."""

    def __init__(self, certificate, behavior=None):
        self.behavior = behavior or MailBehavior()
        self.received = []
        self.transcript = []  # commands, without the arguments of a sign-in
        self.context = certificate.context()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Session)
        self._server.owner = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self.port = int(self._server.server_address[1])

    def keep(self, sender, recipients, user, data):
        """Keep a message that arrived."""
        message = email.message_from_bytes(data, policy=SMTP)
        self.received.append(ReceivedMail(sender, recipients, user, message, data))

    def failure(self, stage):
        """The failure at this stage, this time."""
        with self._lock:
            failure = self.behavior.failures.get(stage)
            if failure is None or failure.times == 0:
                return None
            if failure.times is not None:
                failure.times -= 1
            return failure

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_error):
        self._server.shutdown()
        for connection in list(self._server.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._server.server_close()
        self._thread.join()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    owner: ScriptedMailServer

    def server_activate(self):
        super().server_activate()
        self.connections = set()


class _HungUp(Exception):
    """The connection ended, on either side."""


class _Rejected(Exception):
    """A rejected sign-in; its text is the reply."""


class _Session(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self):
        self.owner, self.behavior = self.server.owner, self.server.owner.behavior
        self.reader = self.request.makefile("rb")
        self.secure, self.user = False, None
        self.reset()
        self.server.connections.add(self.request)
        try:
            self.converse()
        except _HungUp:
            pass
        except OSError as error:  # the client left, or rejected the certificate
            self.owner.transcript.append(f"({type(error).__name__})")
        finally:
            self.server.connections.discard(self.request)
            self.reader.close()
            self.request.close()

    def converse(self):
        self.answer("greeting", "220 localhost ESMTP")
        while True:
            verb, _, argument = self.line(_LONGEST_LINE).partition(" ")
            verb = verb.upper()
            shown = argument.split(" ")[0] if verb == "AUTH" else argument
            self.owner.transcript.append(f"{verb} {shown}".strip())
            command = getattr(self, f"do_{verb.lower()}", None)
            if command is None:
                self.say("502 5.5.1 Command not implemented")
            else:
                command(argument.strip())

    def line(self, longest):
        """One line; a longer one is rejected as Dovecot does."""
        line = self.reader.readline(longest)
        if not line:
            raise _HungUp
        if line.endswith(b"\n"):
            return line.decode("utf-8", "replace").rstrip("\r\n")
        while line and not line.endswith(b"\n"):
            line = self.reader.readline(longest)
        self.say("500 5.5.2 Line too long")
        return self.line(longest)

    def say(self, reply):
        self.request.sendall(reply.encode() + b"\r\n")

    def passes(self, stage):
        """Whether this stage has no failure; else its reply is given here."""
        failure = self.owner.failure(stage)
        if failure is None:
            return True
        if failure.reply is None:
            raise _HungUp
        self.say(failure.reply)
        return False

    def answer(self, stage, reply):
        passed = self.passes(stage)
        if passed:
            self.say(reply)
        return passed

    def reset(self):
        self.sender = None
        self.recipients = []

    def do_ehlo(self, _name):
        keyword = f"AUTH {' '.join(self.behavior.mechanisms)}" if self.secure else "STARTTLS"
        self.answer("ehlo", f"250-localhost\r\n250-ENHANCEDSTATUSCODES\r\n250 {keyword}")

    def do_starttls(self, _argument):
        if not self.answer("starttls", "220 2.0.0 Begin TLS negotiation now."):
            return
        if self.owner.failure("tls") is not None:
            raise _HungUp
        self.reader.close()
        self.server.connections.discard(self.request)
        self.request = self.owner.context.wrap_socket(self.request, server_side=True)
        self.server.connections.add(self.request)
        self.reader = self.request.makefile("rb")
        self.secure = True

    def do_auth(self, argument):
        mechanism, _, initial = argument.partition(" ")
        if not self.secure:
            self.say("530 5.7.0 Must issue a STARTTLS command first")
        elif mechanism not in self.behavior.mechanisms:
            self.say("504 5.7.4 Unrecognized authentication type")
        elif self.passes("auth"):
            response = base64.b64decode(initial or self.challenge("")).decode()
            try:
                self.user = (
                    self.bearer(response) if mechanism == "XOAUTH2" else self.plain(response)
                )
            except _Rejected as rejected:
                self.say(str(rejected))
            else:
                self.answer("response", "235 2.7.0 Logged in.")

    def challenge(self, text):
        self.say("334 " + base64.b64encode(text.encode()).decode())
        return self.line(_LONGEST_RESPONSE)

    def bearer(self, response):
        """An error is a challenge first; the rejection follows the client's response to it."""
        found = _BEARER.fullmatch(response)
        if found is None:
            raise _Rejected("501 5.5.2 Invalid response")
        user, token = found.groups()
        facts = self.behavior.check_token(token)
        if not facts.active or SCOPE not in facts.scopes:
            status = "403" if facts.active else "401"
            self.challenge(json.dumps({"schemes": "bearer", "status": status, "scope": SCOPE}))
            raise _Rejected(_REJECTED)
        if user.casefold() != (facts.user or "").casefold():
            raise _Rejected(_REJECTED)
        return user

    def plain(self, response):
        _, user, password = response.split("\0")
        if self.behavior.passwords.get(user) != Secret(password):
            raise _Rejected(_REJECTED)
        return user

    def do_mail(self, argument):
        path = _PATH.match(argument)
        if self.user is None:
            self.say("530 5.7.0 Authentication required")
        elif path is None:
            self.say("501 5.5.4 Syntax: MAIL FROM:<address>")
        elif self.answer("mail", "250 2.1.0 OK"):
            self.sender = path.group(1)

    def do_rcpt(self, argument):
        path = _PATH.match(argument)
        if self.sender is None or path is None:
            self.say("503 5.5.1 MAIL first")
        elif self.answer("rcpt", "250 2.1.5 OK"):
            self.recipients.append(path.group(1))

    def do_data(self, _argument):
        if not self.recipients:
            self.say("503 5.5.1 RCPT first")
        elif self.answer("data", "354 OK"):
            data = self.message()
            if self.passes("message"):
                self.owner.keep(self.sender or "", tuple(self.recipients), self.user, data)
                self.say("250 2.0.0 OK queued")
            self.reset()

    def message(self):
        lines = []
        while (line := self.reader.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        if not line:
            raise _HungUp
        return b"".join(lines)

    def do_rset(self, _argument):
        self.reset()
        self.say("250 2.0.0 OK")

    def do_noop(self, _argument):
        self.say("250 2.0.0 OK")

    def do_quit(self, _argument):
        self.say("221 2.0.0 Bye")
        raise _HungUp
