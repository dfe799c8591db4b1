"""The loopback callback of one sign-in (RFC 8252 section 7.3), whoever else may connect.

Only a GET or a form_post of `/` with the right Host and the state of this sign-in is its answer.
Every other request gets a page and changes nothing. Nothing of a request is logged or shown.
"""

from __future__ import annotations

import errno
import hmac
import io
import queue
import select
import socket
import ssl
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl

from provisioner.errors import SignInFailed
from provisioner.oauth.callback_page import failed_page, ignored_page, wrong_scheme_page
from provisioner.oauth.callback_tls import CallbackCertificate, new_certificate
from provisioner.secret import Secret

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_REQUEST_SECONDS = 10.0
_FAREWELL_SECONDS = 2.0
_LONGEST_FORM = 32 * 1024
_FORM = "application/x-www-form-urlencoded"
_MOST_PARAMETERS = 50
_TLS_HANDSHAKE = b"\x16"  # RFC 8446 section 5.1
_DEFAULT_PORTS = {"http": 80, "https": 443}
_NO_IPV6 = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT})
_HEADERS = """\
Content-Type: text/html; charset=utf-8
Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'
Referrer-Policy: no-referrer
X-Content-Type-Options: nosniff
Cache-Control: no-store
Connection: close
""".replace("\n", "\r\n")  # no-referrer: the address of the page holds the code

NO_STATE = "no state"
OTHER_STATE = "the state of another sign-in"
INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class Callback:
    """The answer to this sign-in: a code, or an error; and the issuer, if it is named."""

    code: Secret | None
    error: Mapping[str, str]
    issuer: str | None


@dataclass(frozen=True, slots=True)
class Ignored:
    """A request that is not the answer, and why, in our own words."""

    status: int
    reason: str


class CallbackServer:
    """Holds the port from its making to the end of `with`, and answers within `with`.

    `fileno()` is ready to read, as for `select`, once `answer` is there; `tell` ends the browser's
    wait. `certificate` makes it https. `announce` gets a line for the person, from any thread,
    the first time that a request shows a mistake of theirs. `ignored_requests` counts by reason.
    """

    def __init__(
        self,
        state: Secret,
        *,
        port: int = 0,
        certificate: CallbackCertificate | None = None,
        announce: Callable[[str], None] = lambda _line: None,
    ) -> None:
        scheme, other = ("https", "http") if certificate else ("http", "https")
        self.certificate = certificate
        self.wrong_scheme = f"{other} instead of {scheme}"  # the reason for `ignored_requests`
        self.answer: Callback | None = None
        self.ignored_requests: Counter[str] = Counter()
        self._state = state
        self._announce = announce
        self._lock = threading.Lock()
        self._page: str | None = None
        self._told = threading.Event()
        self._waiting: queue.SimpleQueue[threading.Thread] = queue.SimpleQueue()
        self._explaining: CallbackCertificate | None = None
        self._servers = _loopback_servers(port, self)
        self.port: int = self._servers[0].server_address[1]
        # No path, not even a slash: as MAPS has it.
        self.redirect_uri = f"{scheme}://localhost:{self.port}"
        # What a browser sends as Host. Another value comes of a page that resolved its own name to
        # this machine (DNS rebinding).
        bare = {"localhost"} if self.port == _DEFAULT_PORTS[scheme] else set()
        self.authorities = {f"localhost:{self.port}", *bare}
        self._answered, self._answer_signal = socket.socketpair()
        self._stopped, self._stop_signal = socket.socketpair()
        self._accepting = threading.Thread(target=self._accept_until_stopped, daemon=True)

    def fileno(self) -> int:
        """For select: ready to read once the answer is there."""
        return self._answered.fileno()

    def judge(self, parameters: str) -> Callback | Ignored:
        """The answer in a query or form, if it has the state of this sign-in."""
        try:
            pairs = parse_qsl(parameters, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
        except ValueError:
            return Ignored(400, "too many parameters")
        found = dict(pairs)
        # Before anything else is looked at: is this the answer to our own request?
        given = found.get("state", "").encode(errors="replace")
        if not hmac.compare_digest(given, self._state.reveal().encode()):
            return Ignored(400, OTHER_STATE if given else NO_STATE)
        if len(found) != len(pairs):
            return Ignored(400, "a parameter twice")
        if "error" in found:
            error = {k: found.get(k, "") for k in ("error", "error_description", "error_subtype")}
            return Callback(None, error, found.get("iss"))
        code = found.get("code", "")
        if not code or not code.isascii() or not code.isprintable():
            return Ignored(400, "neither a code nor an error")
        return Callback(Secret(code), {}, found.get("iss"))

    def accept(self, callback: Callback) -> bool:
        """Make this the answer, however it came; False if there is one already."""
        with self._lock:
            if self.answer is not None:
                return False
            self.answer = callback
        self._answer_signal.send(b"x")
        return True

    def ignore(self, reason: str) -> None:
        with self._lock:
            self.ignored_requests[reason] += 1
            is_first = self.ignored_requests[reason] == 1
        if is_first and reason == OTHER_STATE:
            self._announce("Ignored the callback of another sign-in (an old browser tab?).")
        if is_first and reason == self.wrong_scheme:
            self._announce(
                f"A browser connected with {reason}. The redirect address is {self.redirect_uri}; "
                "register exactly this address. A browser that insists on https for localhost "
                "(HSTS) needs use_https_on_callback: true; or paste its address here."
            )

    def tell(self, page: str) -> None:
        """Show the browser how it ended. The first page told stays."""
        with self._lock:
            if self._page is None:
                self._page = page
        self._told.set()

    def outcome(self, callback: Callback) -> str:
        """The page for the browser that brought an answer, once the sign-in has ended."""
        self._waiting.put(threading.current_thread())
        if not self.accept(callback):
            # A reload, or a second try with the same state: it sees the outcome of the first.
            self.ignore("the same response again")
        self._told.wait()
        return self._page or ""

    def tls_context(self) -> ssl.SSLContext:
        """For a browser that speaks TLS; a callback of http explains itself even there."""
        with self._lock:
            self._explaining = self.certificate or self._explaining or new_certificate()
            return self._explaining.context

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the port, then let browsers that wait for the outcome have it."""
        self.tell(failed_page("Sign-in", "The sign-in was interrupted.", "Start it again."))
        self._stop_signal.send(b"x")
        self._accepting.join()
        for server in self._servers:
            server.server_close()
        for end in (self._answered, self._answer_signal, self._stopped, self._stop_signal):
            end.close()
        deadline = time.monotonic() + _FAREWELL_SECONDS
        while not self._waiting.empty():
            self._waiting.get().join(max(0.0, deadline - time.monotonic()))

    def _accept_until_stopped(self) -> None:
        while True:
            watched: list[Any] = [self._stopped, *self._servers]
            ready = select.select(watched, [], [])[0]
            if self._stopped in ready:
                return
            for server in ready:
                server.handle_request()


class _LoopbackServer(ThreadingHTTPServer):
    """Serves one address family; each connection in a thread of its own."""

    timeout = 0  # handle_request is called when there is one
    request_queue_size = 128
    block_on_close = False
    allow_reuse_port = False  # a later http.server may allow it

    def __init__(self, address: tuple[str, int], callback_server: CallbackServer) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        # A pinned port may still be in TIME_WAIT after the last sign-in. Nobody can share it
        # through this option while one of the two listens.
        self.allow_reuse_address = address[1] != 0
        self._callback_server = callback_server
        super().__init__(address, partial(_Handler, callback_server))

    def server_bind(self) -> None:
        """Bind as TCPServer does: HTTPServer would ask DNS for our name."""
        if self.address_family == socket.AF_INET6:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        TCPServer.server_bind(self)
        self.socket.setblocking(False)  # who connected may have gone before accept

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept; where that fails, such as for want of descriptors, not again at once."""
        try:
            return super().get_request()
        except OSError:
            time.sleep(0.01)
            raise

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in its thread. One port answers both schemes, to explain the wrong."""
        callback_server = self._callback_server
        request.settimeout(_REQUEST_SECONDS)
        first = request.recv(1, socket.MSG_PEEK)
        if not first:  # browsers connect in advance, and other programs look which ports are open
            raise ConnectionAbortedError
        speaks_tls = first == _TLS_HANDSHAKE
        if speaks_tls != (callback_server.certificate is not None):
            callback_server.ignore(callback_server.wrong_scheme)
        if not speaks_tls:
            return super().finish_request(request, client_address)
        with callback_server.tls_context().wrap_socket(request, server_side=True) as secured:
            return super().finish_request(secured, client_address)

    def handle_error(self, *_: Any) -> None:
        """Count it: resets, TLS alerts, or no more threads. socketserver would show a traceback."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError | RuntimeError):
            raise error  # a bug: threading.excepthook tells of it, and quotes nothing
        self._callback_server.ignore(INCOMPLETE)


class _Handler(BaseHTTPRequestHandler):
    """Reads one request and answers it with a page."""

    protocol_version = "HTTP/1.1"

    def __init__(self, callback_server: CallbackServer, *arguments: Any) -> None:
        self._callback_server = callback_server
        super().__init__(*arguments)

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        self.rfile = io.BufferedReader(_BeforeDeadline(self.connection))

    def do_GET(self) -> None:
        self._answer(self.path.partition("?")[2])

    def do_POST(self) -> None:
        """A form_post: https://openid.net/specs/oauth-v2-form-post-response-mode-1_0.html"""
        form = self._form()
        if isinstance(form, Ignored):
            return self._ignore(form)
        return self._answer(form)

    def _form(self) -> str | Ignored:
        kinds = self.headers.get_all("Content-Type", [])
        lengths = self.headers.get_all("Content-Length", [])
        if len(kinds) != 1 or kinds[0].partition(";")[0].strip().casefold() != _FORM:
            return Ignored(415, "a form of another type")
        if len(lengths) != 1 or self.headers.get("Transfer-Encoding"):
            return Ignored(411, "a body of unknown length")
        if not (lengths[0].isascii() and lengths[0].isdecimal()):
            return Ignored(400, "not an HTTP request")
        if len(lengths[0]) > 9 or int(lengths[0]) > _LONGEST_FORM:
            return Ignored(413, "too long a request")
        body = self.rfile.read(int(lengths[0]))
        if len(body) < int(lengths[0]):
            raise ConnectionAbortedError
        return body.decode("latin-1")

    def _answer(self, parameters: str) -> None:
        server = self._callback_server
        if isinstance(self.connection, ssl.SSLSocket) != (server.certificate is not None):
            return self._reply(400, wrong_scheme_page(server.redirect_uri))
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or hosts[0].strip().casefold() not in server.authorities:
            return self._ignore(Ignored(400, "addressed to another host"))
        if self.path.partition("?")[0] != "/":
            return self._ignore(Ignored(404, "another path"))
        found = server.judge(parameters)
        if isinstance(found, Ignored):
            return self._ignore(found)
        return self._reply(200, server.outcome(found))

    def _ignore(self, ignored: Ignored) -> None:
        server = self._callback_server
        server.ignore(ignored.reason)
        self._reply(ignored.status, ignored_page(ignored.reason, server.redirect_uri))

    def _reply(self, status: int, page: str) -> None:
        """Write head and page at once; the connection ends with it."""
        self.close_connection = True
        body = page.encode()
        head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{_HEADERS}"
        self.connection.settimeout(_REQUEST_SECONDS)
        self.wfile.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)

    def send_error(self, code: int, *_quotes: object) -> None:
        """Answer what http.server finds wrong, without its messages: they quote the request."""
        reasons = {414: "too long a request", 431: "too long a request", 501: "another method"}
        self._ignore(Ignored(code, reasons.get(code, "not an HTTP request")))

    def log_error(self, *_: object) -> None:
        """A time-out: http.server tells of it nowhere else."""
        self._callback_server.ignore(INCOMPLETE)

    def log_message(self, *_: object) -> None:
        """Log nothing: the request line holds the code."""


class _BeforeDeadline(io.RawIOBase):
    """The bytes of one request, all of which arrive in time or end as TimeoutError."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._deadline = time.monotonic() + _REQUEST_SECONDS

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


def _loopback_servers(port: int, callback_server: CallbackServer) -> list[_LoopbackServer]:
    """Servers on 127.0.0.1 and, where there is IPv6, ::1, at one port; 0 is a free one.

    A browser takes either for `localhost`: whoever held the other one would get the code.
    """
    for _ in range(20):
        try:
            first = _LoopbackServer(("127.0.0.1", port), callback_server)
        except OSError as error:
            raise _not_ours(port, error) from None
        try:
            second = _LoopbackServer(("::1", first.server_address[1]), callback_server)
        except OSError as error:
            if error.errno in _NO_IPV6:
                return [first]
            first.server_close()
            if port or error.errno != errno.EADDRINUSE:
                raise _not_ours(port, error) from None
        else:
            return [first, second]
    raise SignInFailed(
        "no port is free on both 127.0.0.1 and ::1", remedy="choose a free port with --port"
    )


def _not_ours(port: int, error: OSError) -> SignInFailed:
    if error.errno == errno.EADDRINUSE:
        return SignInFailed(
            f"port {port} is in use on this machine",
            remedy="stop the program that uses it (another sign-in?), or choose another --port",
        )
    return SignInFailed(
        f"port {port} cannot be used: {error.strerror}",
        remedy="choose a --port above 1023, or omit the option",
    )
