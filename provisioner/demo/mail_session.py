"""One SMTP connection of the embedded mail server."""

from __future__ import annotations

import re
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from provisioner.demo.mail_sign_in import SignIn, SignInRefused

if TYPE_CHECKING:
    from provisioner.demo.mail_server import MailServer

_LONGEST_RESPONSE = 12288  # RFC 4954 section 4
_PATH = re.compile(r"^(?:FROM|TO):<([^<>\s]+)>", re.IGNORECASE)


class _HungUp(Exception):
    """The connection is over: the client left, said QUIT, or we are to drop it."""


class MailSession:
    """Reads commands, writes replies, until one side has had enough."""

    def __init__(self, connection: socket.socket, server: MailServer) -> None:
        self._connection = connection
        self._server = server
        self._behaviour = server.behaviour
        self._reader = connection.makefile("rb")
        self._secure = False
        self._user: str | None = None
        self._sender: str | None = None
        self._recipients: list[str] = []

    def run(self) -> None:
        """The whole connection."""
        try:
            if self._behaviour.implicit_tls:
                self._start_tls()
            self._answer("greeting", f"220 {self._server.host_name} ESMTP demo")
            while True:
                self._obey(*self._command())
        except _HungUp:
            return

    def hang_up(self) -> None:
        """End it from another thread."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close both ends of it that we hold."""
        self._reader.close()
        self._connection.close()

    # -- lines

    def _command(self) -> tuple[str, str]:
        line = self._line(self._behaviour.longest_line)
        verb, _, argument = line.partition(" ")
        shown = argument.split(" ")[0] if verb.upper() == "AUTH" else argument
        self._server.transcript.append(f"{verb.upper()} {shown}".strip())
        return verb.upper(), argument.strip()

    def _line(self, longest: int) -> str:
        """One line; a longer one is read to its end, and answered as Dovecot does."""
        line = self._reader.readline(longest)
        if not line:
            raise _HungUp
        if line.endswith(b"\n"):
            return line.decode("utf-8", "replace").rstrip("\r\n")
        while line and not line.endswith(b"\n"):
            line = self._reader.readline(longest)
        self._say("500 5.5.2 Line too long")
        return self._line(longest)

    def _say(self, reply: str) -> None:
        self._connection.sendall(reply.encode() + b"\r\n")

    def _answer(self, stage: str, reply: str) -> bool:
        """Say `reply`, or what is to go wrong at this stage. -> whether all went well."""
        failure = self._server.failure(stage)
        if failure is None:
            self._say(reply)
            return True
        time.sleep(failure.delay)
        if failure.reply is None:
            raise _HungUp
        self._say(failure.reply)
        return False

    # -- commands

    def _obey(self, verb: str, argument: str) -> None:
        commands = {
            "EHLO": self._ehlo,
            "HELO": lambda _: self._say(f"250 {self._server.host_name}"),
            "STARTTLS": self._starttls,
            "AUTH": self._auth,
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "RSET": self._reset,
            "NOOP": lambda _: self._say("250 2.0.0 OK"),
            "QUIT": self._quit,
        }
        command = commands.get(verb)
        if command is None:
            self._say("502 5.5.1 Command not implemented")
        else:
            command(argument)

    def _ehlo(self, _name: str) -> None:
        keywords = [self._server.host_name, "8BITMIME", "ENHANCEDSTATUSCODES"]
        if self._behaviour.starttls and not self._secure:
            keywords.append("STARTTLS")
        if self._behaviour.mechanisms and self._may_sign_in():
            keywords.append("AUTH " + " ".join(self._behaviour.mechanisms))
        *first, last = keywords
        self._answer("ehlo", "".join(f"250-{k}\r\n" for k in first) + f"250 {last}")

    def _may_sign_in(self) -> bool:
        return self._secure or not self._behaviour.starttls

    def _starttls(self, _argument: str) -> None:
        if self._answer("starttls", "220 2.0.0 Begin TLS negotiation now."):
            self._start_tls()

    def _start_tls(self) -> None:
        if self._server.failure("tls") is not None:
            raise _HungUp
        self._reader.close()
        self._connection = self._server.context.wrap_socket(self._connection, server_side=True)
        self._reader = self._connection.makefile("rb")
        self._secure = True

    def _auth(self, argument: str) -> None:
        mechanism, _, initial = argument.partition(" ")
        if not self._may_sign_in():
            self._say("530 5.7.0 Must issue a STARTTLS command first")
        elif mechanism.upper() not in self._behaviour.mechanisms:
            self._say("504 5.7.4 Unrecognized authentication type")
        elif self._answer_only_if_failing("auth"):
            self._sign_in(mechanism.upper(), initial)

    def _answer_only_if_failing(self, stage: str) -> bool:
        failure = self._server.failure(stage)
        if failure is None:
            return True
        time.sleep(failure.delay)
        if failure.reply is None:
            raise _HungUp
        self._say(failure.reply)
        return False

    def _sign_in(self, mechanism: str, initial: str) -> None:
        sign_in = SignIn(mechanism, self._behaviour.check_token, self._behaviour.passwords)
        try:
            self._user = sign_in.run(initial, self._challenge)
        except SignInRefused as refused:
            self._say(refused.reply)
            return
        self._answer("response", "235 2.7.0 Logged in.")

    def _challenge(self, encoded: str) -> str:
        self._say("334 " + encoded)
        return self._line(_LONGEST_RESPONSE)

    def _mail(self, argument: str) -> None:
        found = _PATH.match(argument)
        if self._behaviour.mechanisms and self._user is None:
            self._say("530 5.7.0 Authentication required")
        elif not found:
            self._say("501 5.5.4 Syntax: MAIL FROM:<address>")
        elif self._answer("mail", "250 2.1.0 OK"):
            self._sender = found.group(1)

    def _rcpt(self, argument: str) -> None:
        found = _PATH.match(argument)
        if self._sender is None:
            self._say("503 5.5.1 MAIL first")
        elif not found:
            self._say("501 5.5.4 Syntax: RCPT TO:<address>")
        elif self._answer("rcpt", "250 2.1.5 OK"):
            self._recipients.append(found.group(1))

    def _data(self, _argument: str) -> None:
        if not self._recipients:
            self._say("503 5.5.1 RCPT first")
        elif self._answer("data", "354 OK"):
            data = self._message()
            if self._answer_only_if_failing("message"):
                self._keep(data)
                self._say(f"250 2.0.0 OK {len(self._server.received)} queued")
            self._reset_envelope()

    def _message(self) -> bytes:
        lines = []
        while (line := self._reader.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        if not line:
            raise _HungUp
        return b"".join(lines)

    def _keep(self, data: bytes) -> None:
        self._server.keep(self._sender or "", tuple(self._recipients), self._user, data)

    def _reset(self, _argument: str) -> None:
        self._reset_envelope()
        self._say("250 2.0.0 OK")

    def _reset_envelope(self) -> None:
        self._sender, self._recipients = None, []

    def _quit(self, _argument: str) -> None:
        self._say("221 2.0.0 Bye")
        raise _HungUp
