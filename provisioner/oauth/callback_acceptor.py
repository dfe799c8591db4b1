"""Accepts whoever calls at the callback address, each in a thread of its own."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterable

# Few enough that files can still be opened: some systems allow a process no more than 256.
_MOST_CONVERSATIONS = 160


class CallbackAcceptor:
    """Hands each connection to `converse`, in a thread, from `start` to `stop`.

    Where too many talk at once, the one that has talked longest is hung up on: a browser is
    through with its request in a moment. Those that `keep` is told of are never hung up on.
    """

    def __init__(
        self, sockets: Iterable[socket.socket], converse: Callable[[socket.socket], None]
    ) -> None:
        self._sockets = tuple(sockets)
        self._converse = converse
        self._lock = threading.Lock()
        self._talking: dict[threading.Thread, socket.socket] = {}  # the oldest comes first
        self._kept: set[threading.Thread] = set()
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._accepting = threading.Thread(target=self._accept_until_woken, daemon=True)

    def start(self) -> None:
        """Accept from now on."""
        self._accepting.start()

    def goes_on(self, connection: socket.socket) -> None:
        """The calling conversation goes on through this socket, which took over the first one."""
        thread = threading.current_thread()
        with self._lock:
            if thread in self._talking:
                self._talking[thread] = connection

    def keep(self) -> None:
        """The calling conversation goes on until `stop` has seen it end."""
        thread = threading.current_thread()
        with self._lock:
            self._talking.pop(thread, None)
            self._kept.add(thread)

    def stop(self, farewell_seconds: float) -> None:
        """Accept nobody any more, close the port, let those kept come to their end."""
        self._wake_writer.send(b"x")
        if self._accepting.is_alive():
            self._accepting.join()
        for one in (*self._sockets, self._wake_reader, self._wake_writer):
            one.close()
        deadline = time.monotonic() + farewell_seconds
        with self._lock:
            kept = tuple(self._kept)
        for thread in kept:
            thread.join(max(0, deadline - time.monotonic()))

    def _accept_until_woken(self) -> None:
        with selectors.DefaultSelector() as selector:
            for listening in self._sockets:
                listening.setblocking(False)
                selector.register(listening, selectors.EVENT_READ, listening)
            selector.register(self._wake_reader, selectors.EVENT_READ, None)
            while True:
                for key, _ in selector.select():
                    if key.data is None:
                        return
                    self._accept(key.data)

    def _accept(self, listening: socket.socket) -> None:
        try:
            connection, _ = listening.accept()
        except OSError:  # it hung up in the meantime, or we are out of descriptors for now
            time.sleep(0.01)
            return
        thread = threading.Thread(target=self._conversation, args=(connection,), daemon=True)
        with self._lock:
            if len(self._talking) >= _MOST_CONVERSATIONS:
                _hang_up(self._talking.pop(next(iter(self._talking))))
            self._talking[thread] = connection
        try:
            thread.start()
        except RuntimeError:  # no more threads: this one is not heard, the port stays open
            with self._lock:
                self._talking.pop(thread, None)
            connection.close()

    def _conversation(self, connection: socket.socket) -> None:
        try:
            with connection:
                self._converse(connection)
        finally:
            with self._lock:
                self._talking.pop(threading.current_thread(), None)
                self._kept.discard(threading.current_thread())


def _hang_up(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)  # an SSLSocket's own is for its thread
