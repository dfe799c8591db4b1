"""The callback address of one sign-in: waits for the browser, whoever else may call.

Only a GET of `/` with the right Host and the state of this sign-in is taken for the answer.
Whatever else arrives - favicons, old tabs, scanners, half requests - gets its reply and is
forgotten, each in a thread of its own, so that none holds up the others.
"""

from __future__ import annotations

import queue
import selectors
import socket
import threading
import time
from collections import Counter
from types import TracebackType
from typing import Self

from provisioner.oauth.callback_certificate import new_certificate
from provisioner.oauth.callback_http import REQUEST_SECONDS, read_head, send_page
from provisioner.oauth.callback_page import failed_page, plain_http_page, stray_page
from provisioner.oauth.callback_request import Callback, Stray, judged
from provisioner.oauth.callback_sockets import callback_sockets
from provisioner.secret import Secret

_MOST_CONNECTIONS = 1000
_FAREWELL_SECONDS = 2.0
_TLS_HANDSHAKE = b"\x16"  # RFC 8446 section 5.1


class CallbackListener:
    """Listens from `with` to its end. `wait` gives the answer, `tell` ends the browser's wait.

    `strays` counts, by reason, what came and was not the answer.
    """

    def __init__(self, state: Secret, *, port: int = 0, https: bool = False) -> None:
        self._state = state
        self._certificate = new_certificate() if https else None
        self._sockets = callback_sockets(port)
        self.port: int = self._sockets[0].getsockname()[1]
        self.strays: Counter[str] = Counter()
        self._callbacks: queue.Queue[Callback] = queue.Queue()
        self._first = threading.Lock()
        self._page = ""
        self._told = threading.Event()
        self._conversations: set[threading.Thread] = set()
        self._browsers: set[threading.Thread] = set()  # those that wait for the outcome
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._acceptor = threading.Thread(target=self._accept_until_woken, daemon=True)

    @property
    def redirect_uri(self) -> str:
        """Scheme, localhost and port: no path, not even a slash, as MAPS has it."""
        return f"{'https' if self._certificate else 'http'}://localhost:{self.port}"

    @property
    def fingerprint(self) -> str | None:
        """SHA-256 of the certificate made for this run; None without https."""
        return self._certificate.fingerprint if self._certificate else None

    @property
    def wrong_scheme(self) -> str:
        """The reason under which `strays` counts browsers that came with the other scheme."""
        return "http instead of https" if self._certificate else "https instead of http"

    def wait(self, seconds: float) -> Callback | None:
        """The provider's answer; None when the time is over."""
        try:
            return self._callbacks.get(timeout=seconds)
        except queue.Empty:
            return None

    def tell(self, page: str) -> None:
        """Show the browser how it ended. The first page told stays."""
        if not self._told.is_set():
            self._page = page
            self._told.set()

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.tell(failed_page("Sign-in", "The sign-in was interrupted.", "Start it again."))
        self._wake_writer.send(b"x")
        self._acceptor.join()
        for one in (*self._sockets, self._wake_reader, self._wake_writer):
            one.close()
        deadline = time.monotonic() + _FAREWELL_SECONDS
        for browser in tuple(self._browsers):
            browser.join(max(0, deadline - time.monotonic()))

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
        if len(self._conversations) >= _MOST_CONNECTIONS:
            connection.close()
            return
        thread = threading.Thread(target=self._converse, args=(connection,), daemon=True)
        self._conversations.add(thread)
        thread.start()

    def _converse(self, connection: socket.socket) -> None:
        try:
            with connection:
                connection.settimeout(REQUEST_SECONDS)
                self._reply(connection)
        except OSError:  # TLS alerts and time-outs too: at the other end is no browser of ours
            self.strays["broken off"] += 1
        finally:
            self._conversations.discard(threading.current_thread())
            self._browsers.discard(threading.current_thread())

    def _reply(self, connection: socket.socket) -> None:
        speaks_tls = connection.recv(1, socket.MSG_PEEK) == _TLS_HANDSHAKE
        if self._certificate and speaks_tls:
            with self._certificate.context.wrap_socket(connection, server_side=True) as secured:
                self._answer(secured)
        elif self._certificate:
            self.strays[self.wrong_scheme] += 1
            read_head(connection)
            send_page(connection, 400, plain_http_page(self.redirect_uri))
        elif speaks_tls:
            self.strays[self.wrong_scheme] += 1
        else:
            self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        found = self._judged(read_head(connection))
        if isinstance(found, Stray):
            self.strays[found.reason] += 1
            send_page(connection, found.status, stray_page(found.reason))
            return
        self._browsers.add(threading.current_thread())
        if self._first.acquire(blocking=False):
            self._callbacks.put(found)
        else:  # a reload, or a second try with the same state: it sees the first one's outcome
            self.strays["the same answer again"] += 1
        self._told.wait()
        send_page(connection, 200, self._page)

    def _judged(self, head: bytes | None) -> Callback | Stray:
        if head is None:
            return Stray(431, "too long a request")
        return judged(head, authorities=self._authorities(), state=self._state)

    def _authorities(self) -> frozenset[str]:
        """A browser leaves the port out where it is the scheme's own."""
        own = 443 if self._certificate else 80
        bare = {"localhost"} if self.port == own else set()
        return frozenset({f"localhost:{self.port}", *bare})
