"""A server that answers each request with the next of given bytes, over TCP or TLS."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs


@dataclass
class ScriptedServer:
    """`requests` holds what arrived, raw; `answers` may be added to, such as with the port."""

    port: int
    answers: list[Answer]
    requests: list[bytes] = field(default_factory=list)


Answer = bytes | float | Callable[[socket.socket], None]


def dripping(answer, *, every):
    """One byte at a time, until nobody takes any more."""

    def drip(connection):
        for byte in answer:
            connection.sendall(bytes([byte]))
            time.sleep(every)

    return drip


def json_answer(body, *, status="200 OK", headers=""):
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\n{headers}"
    return f"{head}Content-Length: {len(body.encode())}\r\n\r\n{body}".encode()


@contextlib.contextmanager
def scripted_server(answers, *, tls=None, port=0):
    """A number is a silence of so many seconds, a function does as it likes; none left: hang up."""
    listening = socket.create_server(("127.0.0.1", port))
    listening.settimeout(0.05)
    left, done = list(answers), threading.Event()
    server = ScriptedServer(listening.getsockname()[1], left)

    def serve():
        while not done.is_set():
            with contextlib.suppress(OSError):
                connection, _ = listening.accept()
                with connection:
                    connection.settimeout(5)
                    if tls is None:
                        _converse(connection, server, left)
                    else:
                        with tls.wrap_socket(connection, server_side=True) as secured:
                            _converse(secured, server, left)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server
    finally:
        done.set()
        thread.join()
        listening.close()


def _converse(connection, server, left):
    request = b""
    while not _is_whole(request):
        received = connection.recv(65536)
        if not received:
            return
        request += received
    server.requests.append(request)
    answer = left.pop(0) if left else b""
    if callable(answer):
        with contextlib.suppress(OSError):
            answer(connection)
    elif isinstance(answer, bytes):
        connection.sendall(answer)
    else:
        time.sleep(answer)


def form_of(request):
    """The fields of a form, each once."""
    fields = parse_qs(request.partition(b"\r\n\r\n")[2].decode(), keep_blank_values=True)
    assert all(len(values) == 1 for values in fields.values())
    return {name: value for name, [value] in fields.items()}


def _is_whole(request):
    head, end, body = request.partition(b"\r\n\r\n")
    length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return bool(end) and len(body) >= (int(length[0].partition(b":")[2]) if length else 0)
