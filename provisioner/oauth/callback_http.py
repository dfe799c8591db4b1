"""As much HTTP as a callback needs: one request in, one page out, within bounds."""

from __future__ import annotations

import contextlib
import socket
import time

REQUEST_SECONDS = 10.0
LONGEST_BODY = 32 * 1024

_LONGEST_HEAD = 32 * 1024
_MOST_LEFT_UNREAD = 4 * 1024 * 1024
_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed",
            411: "Length Required", 413: "Content Too Large", 415: "Unsupported Media Type",
            431: "Request Header Fields Too Large"}  # fmt: skip
_HEADER = """\
HTTP/1.1 {status} {reason}
Content-Type: text/html; charset=utf-8
Content-Length: {length}
Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'
Referrer-Policy: no-referrer
X-Content-Type-Options: nosniff
Cache-Control: no-store
Allow: GET, POST
Connection: close

"""  # no-referrer: the address of the page holds the code


class RequestBytes:
    """The bytes of one request, all of which arrive within REQUEST_SECONDS or end as OSError."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._deadline = time.monotonic() + REQUEST_SECONDS
        self._received = b""

    def head(self) -> bytes | None:
        """Up to the empty line; None if it is too long."""
        while b"\r\n\r\n" not in self._received:
            if len(self._received) > _LONGEST_HEAD:
                return None
            self._receive()
        head, _, self._received = self._received.partition(b"\r\n\r\n")
        return head

    def body(self, length: int) -> bytes:
        """What comes behind the head. The caller bounds `length`."""
        while len(self._received) < length:
            self._receive()
        return self._received[:length]

    def _receive(self) -> None:
        remaining = self._deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        self._connection.settimeout(remaining)
        received = self._connection.recv(4096)
        if not received:
            raise ConnectionAbortedError
        self._received += received


def send_page(connection: socket.socket, status: int, page: str) -> None:
    """Answer with the page; the connection ends with it."""
    body = page.encode()
    header = _HEADER.format(status=status, reason=_REASONS[status], length=len(body))
    connection.settimeout(REQUEST_SECONDS)
    connection.sendall(header.replace("\n", "\r\n").encode() + body)


def read_away(connection: socket.socket) -> None:
    """Take what is still being sent. Closing before would reset the connection, page and all."""
    deadline = time.monotonic() + REQUEST_SECONDS
    taken = 0
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        while taken < _MOST_LEFT_UNREAD and (remaining := deadline - time.monotonic()) > 0:
            connection.settimeout(remaining)
            received = connection.recv(65536)
            if not received:
                return
            taken += len(received)
