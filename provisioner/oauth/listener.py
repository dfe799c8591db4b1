"""The callback address of one sign-in: waits for the browser, whoever else may call.

Only a GET or a form_post of `/` with the right Host and the state of this sign-in is taken for
the answer. Whatever else arrives - favicons, old tabs, scanners, half requests - gets its reply
and is forgotten.
"""

from __future__ import annotations

import queue
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from provisioner.oauth.callback_acceptor import CallbackAcceptor
from provisioner.oauth.callback_certificate import CallbackCertificate
from provisioner.oauth.callback_head import Stray
from provisioner.oauth.callback_http import REQUEST_SECONDS, RequestBytes, read_away, send_page
from provisioner.oauth.callback_page import failed_page, stray_page, wrong_scheme_page
from provisioner.oauth.callback_reading import received
from provisioner.oauth.callback_request import Callback
from provisioner.oauth.callback_scheme import CallbackScheme
from provisioner.oauth.callback_sockets import callback_sockets
from provisioner.oauth.stray_count import StrayCount
from provisioner.secret import Secret

_FAREWELL_SECONDS = 2.0
_LONGEST_SLEEP_SECONDS = 0.5
_TLS_HANDSHAKE = b"\x16"  # RFC 8446 section 5.1
_TOO_LARGE = frozenset({413, 431})


def _keep_to_oneself(*_stray: str) -> None:
    """Nobody asked to hear of strays."""


def _see_nothing() -> None:
    """Nothing but the time ends the wait."""


class CallbackListener:
    """Listens from `with` to its end. `wait` gives the answer, `tell` ends the browser's wait.

    `strays` counts, by reason, what came and was not the answer; `noticed` is told each reason
    once, and the redirect URI. `certificate` makes it https.
    """

    def __init__(
        self,
        state: Secret,
        *,
        port: int = 0,
        certificate: CallbackCertificate | None = None,
        noticed: Callable[[str, str], None] = _keep_to_oneself,
    ) -> None:
        self._state = state
        self._scheme = CallbackScheme(certificate)
        self._sockets = callback_sockets(port)
        self.port: int = self._sockets[0].getsockname()[1]
        self.strays = StrayCount(lambda reason: noticed(reason, self.redirect_uri))
        self._callbacks: queue.Queue[Callback] = queue.Queue()
        self._first = threading.Lock()
        self._page = ""
        self._told = threading.Event()
        self._acceptor = CallbackAcceptor(self._sockets, self._converse)

    @property
    def redirect_uri(self) -> str:
        """Scheme, localhost and port: no path, not even a slash, as MAPS has it."""
        return f"{self._scheme.name}://localhost:{self.port}"

    @property
    def certificate(self) -> CallbackCertificate | None:
        """The one of a callback with https."""
        return self._scheme.certificate

    @property
    def wrong_scheme(self) -> str:
        """The reason under which `strays` counts browsers that came with the other scheme."""
        return self._scheme.wrong

    def wait(self, seconds: float, check: Callable[[], None] = _see_nothing) -> Callback | None:
        """The provider's answer; None when the time is over. `check` may end it by an exception."""
        deadline = time.monotonic() + seconds
        while True:
            # In pieces: the system may give a signal to another thread, and it is only when this
            # one has something to do that Python acts on it.
            check()
            left = max(0.0, min(deadline - time.monotonic(), _LONGEST_SLEEP_SECONDS))
            try:
                return self._callbacks.get(timeout=left)
            except queue.Empty:
                if time.monotonic() >= deadline:
                    return None

    def take(self, callback: Callback) -> bool:
        """Let this be the answer, however it came; False if another one was here before."""
        if not self._first.acquire(blocking=False):
            return False
        self._callbacks.put(callback)
        return True

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
        self._acceptor.stop(_FAREWELL_SECONDS)

    def _converse(self, connection: socket.socket) -> None:
        try:
            connection.settimeout(REQUEST_SECONDS)
            self._reply(connection)
        except OSError:  # TLS alerts and time-outs too: at the other end is no browser of ours
            self.strays.add("broken off")

    def _reply(self, connection: socket.socket) -> None:
        """One port answers both schemes, so that the wrong one can be told from silence."""
        first = connection.recv(1, socket.MSG_PEEK)
        if not first:  # browsers connect in advance, and other programs look which ports are open
            raise ConnectionAbortedError
        speaks_tls = first == _TLS_HANDSHAKE
        is_right = speaks_tls == (self._scheme.certificate is not None)
        if not is_right:
            self.strays.add(self.wrong_scheme)
        if not speaks_tls:
            self._answer(connection) if is_right else self._explain_scheme(connection)
            return
        with self._scheme.context().wrap_socket(
            connection, server_side=True, do_handshake_on_connect=False
        ) as secured:
            self._acceptor.goes_on(secured)
            secured.do_handshake()
            self._answer(secured) if is_right else self._explain_scheme(secured)

    def _explain_scheme(self, connection: socket.socket) -> None:
        RequestBytes(connection).head()
        send_page(connection, 400, wrong_scheme_page(self.redirect_uri))
        read_away(connection)

    def _answer(self, connection: socket.socket) -> None:
        request = RequestBytes(connection)
        found = received(
            request, authorities=self._scheme.authorities(self.port), state=self._state
        )
        if isinstance(found, Stray):
            self.strays.add(found.reason)
            send_page(connection, found.status, stray_page(found.reason))
            if found.status in _TOO_LARGE:
                read_away(connection)
            return
        self._acceptor.keep()
        if not self.take(found):
            # A reload, or a second try with the same state: it sees the first one's outcome.
            self.strays.add("the same answer again")
        self._told.wait()
        send_page(connection, 200, self._page)
