"""As much HTTP as a callback needs: one request head in, one page out, within bounds."""

from __future__ import annotations

import socket
import time

REQUEST_SECONDS = 10.0

_LONGEST_HEAD = 32 * 1024
_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed",
            431: "Request Header Fields Too Large"}  # fmt: skip
_HEADER = """\
HTTP/1.1 {status} {reason}
Content-Type: text/html; charset=utf-8
Content-Length: {length}
Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'
Referrer-Policy: no-referrer
X-Content-Type-Options: nosniff
Cache-Control: no-store
Allow: GET
Connection: close

"""  # no-referrer: the address of the page holds the code


def read_head(connection: socket.socket) -> bytes | None:
    """The request up to its empty line; None if it is too long. OSError if it is too slow."""
    deadline = time.monotonic() + REQUEST_SECONDS
    head = b""
    while b"\r\n\r\n" not in head:
        if len(head) > _LONGEST_HEAD:
            return None
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        connection.settimeout(remaining)
        received = connection.recv(4096)
        if not received:
            raise ConnectionAbortedError
        head += received
    return head.partition(b"\r\n\r\n")[0]


def send_page(connection: socket.socket, status: int, page: str) -> None:
    """Answer with the page; the connection ends with it."""
    body = page.encode()
    header = _HEADER.format(status=status, reason=_REASONS[status], length=len(body))
    connection.settimeout(REQUEST_SECONDS)
    connection.sendall(header.replace("\n", "\r\n").encode() + body)
