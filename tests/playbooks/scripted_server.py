"""A server that says what a test wants it to say, right or not."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def scripted_server(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """Listen on a port of 127.0.0.1 and let `talk` have the first connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener, talk))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(listener: socket.socket, talk: Callable[[socket.socket], None]) -> None:
    with suppress(OSError):
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(10)
            talk(connection)


def lines(*replies: str) -> Callable[[socket.socket], None]:
    """Say the first, then each next one after a line of the client's."""

    def talk(connection: socket.socket) -> None:
        with connection.makefile("rb") as reader:
            for reply in replies:
                connection.sendall(reply.encode() + b"\r\n")
                reader.readline()

    return talk
