"""An SMTP server on loopback: STARTTLS, then XOAUTH2, then messages, which it keeps in a list."""

from __future__ import annotations

import base64
import email
import re
import ssl
import sys
from collections.abc import Collection
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from socketserver import BaseServer, StreamRequestHandler, ThreadingTCPServer
from typing import Any

_LONGEST_LINE = 12288  # RFC 4954 section 4
_RESPONSE = re.compile(r"user=([^\x01]*)\x01auth=Bearer ([^\x01]*)\x01\x01")
_REPLIES = {"MAIL": "250 2.1.0 OK", "RCPT": "250 2.1.5 OK", "QUIT": "221 2.0.0 Bye"}


class LoopbackServer(BaseServer):
    """What the demo's servers have in common."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up ends its own session, and no traceback tells of it."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class MailServer(LoopbackServer, ThreadingTCPServer):
    """Accepts `user` with one of `tokens`, which may change while it runs."""

    daemon_threads = True

    def __init__(self, certificate: Path, user: str, tokens: Collection[str]) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.port = int(self.server_address[1])
        self.user, self.tokens = user, tokens
        self.received: list[EmailMessage] = []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)


class _Session(StreamRequestHandler):
    server: MailServer
    timeout = 60
    secure = signed_in = False

    def handle(self) -> None:
        self._reply("220 localhost ESMTP")
        while line := self._line():
            verb, _, argument = line.partition(" ")
            verb = verb.upper()
            if verb in ("MAIL", "RCPT", "DATA") and not self.signed_in:
                self._reply("530 5.7.0 Authentication required")
            elif command := getattr(self, f"do_{verb.lower()}", None):
                command(argument)
            else:
                self._reply(_REPLIES.get(verb, "502 5.5.1 Command not implemented"))
        self.request.close()  # the one of TLS, which the base class does not know

    def _line(self) -> str:
        try:
            return self.rfile.readline(_LONGEST_LINE).decode("utf-8", "replace").rstrip("\r\n")
        except OSError:  # the client closed the connection
            return ""

    def _reply(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    def do_ehlo(self, _name: str) -> None:
        keyword = "AUTH XOAUTH2" if self.secure else "STARTTLS"
        self._reply(f"250-localhost\r\n250-ENHANCEDSTATUSCODES\r\n250 {keyword}")

    def do_starttls(self, _argument: str) -> None:
        self._reply("220 2.0.0 Ready to start TLS")
        self.finish()
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        self.setup()
        self.secure = True

    def do_auth(self, argument: str) -> None:
        response = argument.removeprefix("XOAUTH2 ")
        found = _RESPONSE.fullmatch(base64.b64decode(response).decode())
        user, token = found.groups() if found else ("", "")
        self.signed_in = user == self.server.user and token in self.server.tokens
        succeeded, failed = "235 2.7.0 Authentication successful", "535 5.7.8 Authentication failed"
        self._reply(succeeded if self.signed_in else failed)

    def do_data(self, _argument: str) -> None:
        self._reply("354 Start mail input")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        self.server.received.append(email.message_from_bytes(b"".join(lines), policy=SMTP))
        self._reply("250 2.0.0 Queued")
