"""The callback server on real sockets, whoever connects."""

import contextlib
import hashlib
import random
import select
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

import pytest

from provisioner.errors import SignInFailed
from provisioner.oauth import callback_server as module
from provisioner.oauth.callback_page import failed_page, signed_in_page
from provisioner.oauth.callback_server import CallbackServer
from provisioner.oauth.callback_tls import new_certificate
from provisioner.secret import Secret

STATE = Secret("right-state")
RIGHT = "/?state=right-state&code=the-code"
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture
def server():
    with CallbackServer(STATE) as server:
        yield server


def _connect(server, address="127.0.0.1"):
    connection = socket.create_connection((address, server.port), timeout=10)
    if server.certificate is None:
        return connection
    return _secured(connection)


def _secured(connection):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(connection, server_hostname="localhost")


def _rest(connection):
    answer = b""
    with contextlib.suppress(ConnectionResetError):
        while received := connection.recv(65536):
            answer += received
    return answer


def _send(server, raw, address="127.0.0.1"):
    """The answer to a request, in which PORT is the server's."""
    raw = raw if isinstance(raw, bytes) else raw.encode("latin-1")
    with _connect(server, address) as connection, contextlib.suppress(ConnectionError):
        connection.sendall(raw.replace(b"PORT", str(server.port).encode()))
        return _rest(connection)
    return b""


def _get(target=RIGHT, *, host="localhost:PORT", fields=""):
    return f"GET {target} HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\n{fields}\r\n"


def _post(body, *, target="/", fields=FORM, length=None):
    length = len(body) if length is None else length
    return (
        f"POST {target} HTTP/1.1\r\nHost: localhost:PORT\r\n{fields}"
        f"Content-Length: {length}\r\n\r\n{body}"
    )


def _answer(server, seconds=10):
    return server.answer if select.select([server], [], [], seconds)[0] else None


def _signs_in(server, raw, address="127.0.0.1"):
    """The request is the answer, and its browser sees the outcome."""
    with ThreadPoolExecutor() as pool:
        browser = pool.submit(_send, server, raw, address)
        answer = _answer(server)
        server.tell("done")
        page = browser.result(timeout=10)
    assert answer is not None, page
    assert page.startswith(b"HTTP/1.1 200 OK\r\n")
    assert page.endswith(b"done")
    return answer


def _has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def _outside_addresses():
    found = socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
    return sorted({str(i[4][0]) for i in found if not str(i[4][0]).startswith("127.")})


needs_ipv6 = pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6 loopback")
both_schemes = pytest.mark.parametrize("https", [False, True], ids=["http", "https"])


# Requests that are the answer, and requests that are not.


@pytest.mark.parametrize(
    "raw",
    [
        _get("/?state=right-state&code=CANARY&iss=https://sso.example.edu"),
        _get(RIGHT, host="LOCALHOST:PORT").replace(
            "the-code", "CANARY&iss=https://sso.example.edu"
        ),
        *(
            _post("state=right-state&code=CANARY&iss=https://sso.example.edu", fields=fields)
            for fields in (FORM, FORM.replace("\r", "; charset=utf-8\r"), f"{FORM}Origin: null\r\n")
        ),
    ],
)
def test_property_16_a_code_comes_in_the_address_or_in_a_form(server, raw):
    found = _signs_in(server, raw)
    assert found.code.reveal() == "CANARY"
    assert found.issuer == "https://sso.example.edu"
    assert found.error == {}
    assert "CANARY" not in repr(found)


@pytest.mark.parametrize("make", [lambda q: _get(f"/?{q}"), _post], ids=["GET", "form_post"])
def test_property_11_an_error_with_the_right_state(server, make):
    parameters = {"error": "access_denied", "error_description": "No & no", "code": "x"}
    found = _signs_in(server, make(urlencode({"state": "right-state", **parameters})))
    assert found.code is None
    assert found.error["error"] == "access_denied"
    assert found.error["error_description"] == "No & no"


def _refusals():
    """Property, request, status, reason."""
    no_state, other = "no state", "the state of another sign-in"
    for target, reason in (
        ("/?code=c", no_state), ("/?code=c&state=", no_state), ("/", no_state), ("/?", no_state),
        ("/?error=access_denied", no_state), ("/?code=c&state=wrong", other),
        ("/?code=c&state=RIGHT-STATE", other), ("/?error=access_denied&state=wrong", other),
        ("/?state=right-stat", other), ("/?code=c&state=%FF%00", other),
        (RIGHT + "&state=wrong", other),
    ):  # fmt: skip
        yield "07 state first", _get(target), 400, reason
        yield "07 state first", _post(target[2:]), 400, reason
    for host in ("evil.example", "evil.example:PORT", "localhost", "localhost:1", "127.0.0.1:PORT",
                 "localhost:PORT.evil.example", "", "localhost:PORT\r\nHost: evil.example",
                 "localhost:PORT\r\n x"):  # fmt: skip
        yield "09 our host", _get(host=host), 400, "addressed to another host"
    yield "09 our host", f"GET {RIGHT} HTTP/1.0\r\n\r\n", 400, "addressed to another host"
    yield "09 our host", f"GET {RIGHT}\r\n\r\n", 400, "addressed to another host"
    for path in ("/favicon.ico", "/callback", "/%3F", "http://localhost:PORT/", "//x/"):
        yield "09 the root", _get(RIGHT.replace("/", path, 1)), 404, "another path"
    for method in ("HEAD", "OPTIONS", "PUT", "TRACE", "get"):
        yield "13 GET, POST", _get().replace("GET", method), 501, "another method"
    incomplete = "neither a code nor an error"
    for more, reason in (("", incomplete), ("&code=", incomplete), ("&code=a%00b", incomplete),
                         ("&code=%C3%A9", incomplete), ("&code=a&code=b", "a parameter twice"),
                         ("&code=a&state=right-state", "a parameter twice"),
                         ("&code=a" + "&x=1" * 60, "too many parameters")):  # fmt: skip
        yield "13 malformed", _get(f"/?state=right-state{more}"), 400, reason
    for raw in (b"\xff" * 50 + b"\r\n\r\n", b"GET / HTTP/1.1 x\r\n\r\n", b"GET / HTTP/x\r\n\r\n",
                b"POST /\r\n\r\n", b"\x00\xff" * 100 + b"\r\n\r\n"):  # fmt: skip
        yield "13 no HTTP", raw, 400, "not an HTTP request"
    yield "13 no HTTP", _get().replace("1.1", "2.0"), 505, "not an HTTP request"
    long = "too long a request"
    yield "13 too long", _get(fields="X: y\r\n" * 200), 431, long
    body = "state=right-state&code=c"
    for fields in ("", "Content-Type: text/plain\r\n", FORM + FORM,
                   "Content-Type: multipart/form-data; boundary=x\r\n"):  # fmt: skip
        yield "16 a form", _post(body, fields=fields), 415, "a form of another type"
    yield "16 a form", _post("", target=RIGHT), 400, no_state
    yield "16 a form", _post(body, target="/x"), 404, "another path"
    yield "16 a form", _get("/", fields=f"Content-Length: 24\r\n\r\n{body}"), 400, no_state
    for length, status, reason in (
        (-1, 400, "not an HTTP request"), ("1e3", 400, "not an HTTP request"),
        ("\u00b2", 400, "not an HTTP request"), ("9" * 5000, 413, long), (32769, 413, long),
        ("24\r\nContent-Length: 24", 411, "a body of unknown length"),
        ("24\r\nTransfer-Encoding: chunked", 411, "a body of unknown length"),
    ):  # fmt: skip
        yield "13 body length", _post(body, length=length), status, reason


_REFUSALS = list(_refusals())


@pytest.fixture(scope="module")
def patient():
    """One that is sent every request which is not the answer."""
    with CallbackServer(STATE) as server:
        yield server


@pytest.mark.parametrize(
    ("raw", "status", "reason"),
    [one[1:] for one in _REFUSALS],
    ids=[f"{one[0]} {number}" for number, one in enumerate(_REFUSALS)],
)
def test_property_07_09_13_16_a_request_that_is_not_the_answer(patient, raw, status, reason):
    before = patient.ignored_requests[reason]
    page = _send(patient, raw)
    assert page.startswith(f"HTTP/1.1 {status} ".encode()), page
    assert f"The request was ignored: {reason}.".encode() in page
    assert page.rstrip().endswith(b"</html>")
    assert patient.ignored_requests[reason] == before + 1
    assert patient.answer is None


def test_property_12_nothing_of_a_request_is_shown_or_logged(capfd):
    """http.server's own messages quote the request line."""
    said = []
    with CallbackServer(STATE, announce=said.append) as server:
        for raw in (
            "GET /?code=CANARY HTTP/9.9\r\n\r\n",
            "GET /?code=CANARY&state=x HTTP/1.1 CANARY\r\n\r\n",
            "CANARY /?code=CANARY HTTP/1.1\r\nHost: CANARY\r\n\r\n",
            "GET /?code=CANARY HTTP/1.1\r\nCANARY\r\n\r\n",
            "GET /CANARY?code=CANARY HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n",
            _get("/?code=CANARY&state=CANARY"),
            _post("code=CANARY&state=CANARY"),
            "GET /?code=CANARY\r\n\r\n",
        ):
            assert b"CANARY" not in _send(server, raw)
    assert "CANARY" not in "".join([*said, *capfd.readouterr(), *server.ignored_requests])


def test_property_14_the_page_escapes_everything(server):
    script = "<script>alert(1)</script>"
    for page in (
        failed_page(script, script, script),
        signed_in_page(script, script, script),
        signed_in_page(script, script, None),
    ):
        assert "<script" not in page
        assert "&lt;script&gt;" in page
    target = "/?" + urlencode({"state": script, "error_description": script})
    assert b"script" not in _send(server, _get(target))


# The outcome in the browser.


def test_the_browser_waits_for_the_real_outcome(server):
    assert server.redirect_uri == f"http://localhost:{server.port}"
    with ThreadPoolExecutor() as pool:
        browser = pool.submit(_send, server, _get())
        assert _answer(server) is not None
        time.sleep(0.1)
        assert not browser.done()
        server.tell(signed_in_page("Reports", "me@example.edu", None))
        server.tell("another page")
        page = browser.result(timeout=10)
    assert b"HTTP/1.1 200 OK\r\n" in page
    assert b"Reports: signed in" in page
    assert b"Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n" in page
    assert b"Referrer-Policy: no-referrer\r\n" in page
    assert b"Cache-Control: no-store\r\n" in page


def test_a_browser_still_waiting_at_the_end_is_told_so():
    with ThreadPoolExecutor() as pool:
        with CallbackServer(STATE) as server:
            browser = pool.submit(_send, server, _get())
            assert _answer(server) is not None
        assert b"The sign-in was interrupted." in browser.result(timeout=10)


def test_a_reload_changes_nothing_and_sees_the_same_outcome(server):
    with ThreadPoolExecutor() as pool:
        first = pool.submit(_send, server, _get())
        assert _answer(server) is not None
        second = pool.submit(_send, server, _get(RIGHT.replace("the-code", "other")))
        time.sleep(0.2)
        assert not second.done()
        server.tell("done")
        assert first.result(timeout=10).endswith(b"done")
        assert second.result(timeout=10).endswith(b"done")
    assert server.answer.code == Secret("the-code")
    assert server.ignored_requests == {"the same response again": 1}


def test_a_browser_that_never_reads_holds_up_the_end_for_a_moment_at_most(monkeypatch):
    monkeypatch.setattr(module, "_FAREWELL_SECONDS", 0.3)
    with CallbackServer(STATE) as server:
        connection = _connect(server)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        connection.sendall(_get().replace("PORT", str(server.port)).encode())
        assert _answer(server) is not None
        server.tell("x" * 30_000_000)
        started = time.monotonic()
    assert time.monotonic() - started < 20
    connection.close()


# The port.


def test_property_01_loopback_only(server):
    # A socket that listens everywhere would answer on 127.0.0.2 as well.
    for address in ("127.0.0.2", *_outside_addresses()):
        with pytest.raises(ConnectionRefusedError):
            _connect(server, address)


def test_property_02_the_port_is_held_from_bind_to_close():
    server = CallbackServer(STATE)  # not even entered yet
    with socket.socket() as thief:
        for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
            thief.setsockopt(socket.SOL_SOCKET, option, 1)
        with pytest.raises(OSError, match="Address already in use"):
            thief.bind(("127.0.0.1", server.port))
    with server:
        assert b"400" in _send(server, _get("/"))
    with pytest.raises(ConnectionRefusedError):
        _connect(server)


@needs_ipv6
def test_property_03_both_loopback_addresses_are_held_and_answer():
    with CallbackServer(STATE) as server:
        with socket.socket(socket.AF_INET6) as thief, pytest.raises(OSError, match="in use"):
            thief.bind(("::1", server.port))
        assert _signs_in(server, _get(), "::1").code == Secret("the-code")


@needs_ipv6
def test_property_03_a_free_port_is_one_that_is_free_on_both(monkeypatch):
    with socket.socket(socket.AF_INET6) as other:
        with socket.socket() as free:  # on 127.0.0.1 nobody else's, as a test beside may be
            free.bind(("127.0.0.1", 0))
            taken = free.getsockname()[1]
            other.bind(("::1", taken))
        other.listen()
        with pytest.raises(SignInFailed, match=f"port {taken} is in use"):
            CallbackServer(STATE, port=taken)
        real_bind, offered = socket.socket.bind, iter([taken])

        def bind(self, address):
            wanted = next(offered, 0) if self.family == socket.AF_INET else address[1]
            real_bind(self, (address[0], wanted))

        monkeypatch.setattr(socket.socket, "bind", bind)
        with CallbackServer(STATE) as server:
            assert server.port != taken


def test_property_03_a_machine_without_ipv6(monkeypatch):
    real_bind = socket.socket.bind

    def bind(self, address):
        if self.family == socket.AF_INET6:
            raise OSError(99, "Cannot assign requested address")
        real_bind(self, address)

    monkeypatch.setattr(socket.socket, "bind", bind)
    with CallbackServer(STATE) as server:
        _signs_in(server, _get())


def test_it_leaves_no_descriptor_open():
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        with CallbackServer(STATE) as server:
            _signs_in(server, _get())
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_nobody_is_asked_for_the_name_of_this_machine(monkeypatch):
    def resolve(*_):
        raise AssertionError("http.server asks DNS")

    monkeypatch.setattr(socket, "getfqdn", resolve)
    with CallbackServer(STATE) as server:
        _signs_in(server, _get())


def test_a_port_in_use_is_told():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SignInFailed, match=f"port {port} is in use") as caught:
            CallbackServer(STATE, port=port)
    assert "--port" in caught.value.remedy


def test_a_pinned_port_works_again_right_after_a_sign_in():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for _ in range(3):
        with CallbackServer(STATE, port=port) as server:
            assert server.port == port
            _signs_in(server, _get())


# Who holds it up.

_TOO_LONG = [
    _post("code=c&state=right-state" + "&" * 999_975),
    _get(fields="X: " + "a" * 1_000_000 + "\r\n"),
    _get("/?x=" + "a" * 1_000_000),
]
_JUNK = [
    *(raw for _, raw, _, _ in _REFUSALS),
    *_TOO_LONG,
    b"\x16\x03\x01\x00\x04\x01\x00\x00\x00",  # a TLS handshake that says nothing
    b"\r\n\r\n",
]


def test_property_08_200_forged_requests_neither_end_nor_change_the_sign_in(server):
    requests = [_JUNK[i % len(_JUNK)] for i in range(200)]
    random.Random(7).shuffle(requests)
    with ThreadPoolExecutor(50) as pool:
        addresses = ["127.0.0.1", "::1" if _has_ipv6() else "127.0.0.1"] * 100
        answers = list(pool.map(_send, [server] * 200, requests, addresses))
    assert not any(answer.startswith(b"HTTP/1.1 2") for answer in answers)
    assert not any(b"right-state" in answer for answer in answers)
    assert server.answer is None
    assert _signs_in(server, _get()).code == Secret("the-code")


@both_schemes
def test_property_13_slow_and_silent_clients_hold_up_nobody(https):
    certificate = new_certificate() if https else None
    with CallbackServer(STATE, certificate=certificate) as server, contextlib.ExitStack() as slow:
        for number in range(200):
            client = socket.create_connection(("127.0.0.1", server.port), timeout=10)
            slow.enter_context(client)
            client.sendall(b"\x16\x03\x01\x02\x00\x01" if https else b"GET /?code=c"[: number % 13])
        _signs_in(server, _get())


@both_schemes
def test_property_13_a_slow_request_is_cut_off(monkeypatch, https):
    monkeypatch.setattr(module, "_REQUEST_SECONDS", 0.5)
    certificate = new_certificate() if https else None
    with CallbackServer(STATE, certificate=certificate) as server, _connect(server) as client:
        with contextlib.suppress(OSError):
            for _ in range(1000):
                client.sendall(b"a")
                time.sleep(0.05)
            pytest.fail("it is not cut off")
        assert server.ignored_requests == {"incomplete": 1}


def test_property_13_a_request_that_breaks_off_in_its_body(server):
    body = RIGHT.partition("?")[2]
    with _connect(server) as client:
        raw = _post(body, length=len(body) + 1).replace("PORT", str(server.port))
        client.sendall(raw.encode())
    assert _answer(server, 0.3) is None
    assert server.ignored_requests == {"incomplete": 1}


def test_property_13_a_form_that_comes_in_pieces(server):
    raw = _post(RIGHT.partition("?")[2]).replace("PORT", str(server.port)).encode()
    with _connect(server) as client:
        for start in range(0, len(raw), 60):
            client.sendall(raw[start : start + 60])
            time.sleep(0.02)
        assert _answer(server) is not None
        server.tell("done")
        assert client.recv(65536).endswith(b"done"), "head and page are one write"


def test_property_13_a_fault_of_accept_is_no_end_and_no_busy_loop(monkeypatch):
    """For want of descriptors it fails, and the connection stays ready to be accepted."""
    faults = []
    real_accept = socket.socket.accept

    def accept(self):
        if len(faults) < 20:
            faults.append(time.monotonic())
            raise OSError(24, "Too many open files")
        return real_accept(self)

    with CallbackServer(STATE) as server:
        monkeypatch.setattr(socket.socket, "accept", accept)
        _signs_in(server, _get())
    assert faults[-1] - faults[0] > 0.15


# https, and the wrong scheme.


def test_property_17_https_with_a_certificate_made_for_the_run():
    certificate = new_certificate()
    with CallbackServer(STATE, certificate=certificate) as server:
        assert server.redirect_uri == f"https://localhost:{server.port}"
        with _connect(server) as client:
            assert isinstance(client, ssl.SSLSocket)
            der = client.getpeercert(binary_form=True)
        shown = hashlib.sha256(der).hexdigest().upper()
        assert certificate.fingerprint.replace(":", "") == shown
        trusting = ssl.create_default_context(cadata=ssl.DER_cert_to_PEM_cert(der))
        address = ("127.0.0.1", server.port)
        with (
            socket.create_connection(address, timeout=10) as plain,
            trusting.wrap_socket(plain, server_hostname="localhost"),
        ):
            pass
        with (
            socket.create_connection(address, timeout=10) as plain,
            pytest.raises(ssl.SSLCertVerificationError),
        ):
            trusting.wrap_socket(plain, server_hostname="example.edu")
        _signs_in(server, _get())
    assert new_certificate().fingerprint != certificate.fingerprint


@pytest.mark.parametrize("raw", [_get(), _post(RIGHT[2:] + "&x=" + "x" * 30_000)])
@both_schemes
def test_property_16_17_one_port_explains_the_wrong_scheme(https, raw):
    right, wrong = ("https", "http") if https else ("http", "https")
    said = []
    certificate = new_certificate() if https else None
    with CallbackServer(STATE, certificate=certificate, announce=said.append) as server:

        def browse(_):
            connection = socket.create_connection(("127.0.0.1", server.port), timeout=10)
            with connection if https else _secured(connection) as client:
                client.sendall(raw.replace("PORT", str(server.port)).encode())
                return _rest(client)

        with ThreadPoolExecutor() as pool:
            pages = list(pool.map(browse, range(8)))
        for page in pages:
            assert page.startswith(b"HTTP/1.1 400 ")
            assert f"The callback expects {right}<".encode() in page
            assert server.redirect_uri.encode() in page
            assert b"the-code" not in page
        if not https:  # a browser that trusts no such certificate does not get to the page
            plain = socket.create_connection(("127.0.0.1", server.port), timeout=10)
            with plain, pytest.raises(ssl.SSLCertVerificationError):
                ssl.create_default_context().wrap_socket(plain, server_hostname="localhost")
        assert server.ignored_requests[f"{wrong} instead of {right}"] == (8 if https else 9)
        [line] = said
        assert line.startswith(f"A browser connected with {wrong} instead of {right}. ")
        assert server.answer is None
        _signs_in(server, _get())


@both_schemes
def test_a_client_that_connects_and_sends_nothing_has_no_scheme(https):
    certificate = new_certificate() if https else None
    with CallbackServer(STATE, certificate=certificate) as server:
        socket.create_connection(("127.0.0.1", server.port), timeout=10).close()
        deadline = time.monotonic() + 10
        while not server.ignored_requests and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.ignored_requests == {"incomplete": 1}


def test_the_port_443_or_80_is_left_out_of_the_host():
    with contextlib.ExitStack() as open_servers:
        for port, certificate in ((80, None), (443, new_certificate())):
            try:
                made = CallbackServer(STATE, port=port, certificate=certificate)
            except SignInFailed:
                continue  # another program has it, or this user may not
            server = open_servers.enter_context(made)
            _signs_in(server, _get(host="localhost"))
