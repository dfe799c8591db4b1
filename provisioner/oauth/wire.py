"""The connections of one request, and one deadline for all of it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from provisioner.oauth.token_faults import Transient

T = TypeVar("T")


class Wire:
    """What one request is sent over; once it is cut, nothing more leaves.

    `established`: a connection was made, so that the request may have arrived.
    """

    def __init__(self) -> None:
        self.established = False
        self._cut = False
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()

    def take(self, connected: socket.socket) -> None:
        """From now on this connection can be cut."""
        with self._lock:
            self.established = not self._cut
            self._sockets.append(connected)
        if self._cut:
            self.cut()
            raise ConnectionAbortedError("the deadline is over")

    def cut(self) -> None:
        """End the connections that are there, and those to come."""
        with self._lock:
            self._cut = True
            for connected in self._sockets:
                with contextlib.suppress(OSError):
                    connected.shutdown(socket.SHUT_RDWR)

    def within(self, seconds: float, converse: Callable[[], T]) -> T:
        """The result of the conversation; Transient if it is not over in time.

        The time-outs of sockets begin anew with every byte and leave the name lookup out, so the
        conversation has a thread of its own and is abandoned there.
        """
        future: Future[T] = Future()
        threading.Thread(target=_settle, args=(future, converse), daemon=True).start()
        try:
            if not wait([future], timeout=seconds).done:
                raise Transient("did not answer in time", arrived=self.established)
            return future.result()
        finally:
            self.cut()


def _settle(future: Future[T], converse: Callable[[], T]) -> None:
    try:
        future.set_result(converse())
    except BaseException as error:  # noqa: BLE001  it is raised again where it is waited for
        future.set_exception(error)
