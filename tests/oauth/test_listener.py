"""The callback address on real sockets, whoever calls."""

from __future__ import annotations

import hashlib
import http.client
import random
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest

from provisioner.errors import SignInFailed
from provisioner.oauth.callback_certificate import new_certificate
from provisioner.oauth.callback_page import failed_page, signed_in_page
from provisioner.oauth.callback_sockets import callback_sockets
from provisioner.oauth.listener import CallbackListener
from provisioner.secret import Secret

STATE = Secret("right-state")
RIGHT = "/?" + urlencode({"state": "right-state", "code": "the-code"})


@pytest.fixture
def listener() -> Iterator[CallbackListener]:
    with CallbackListener(STATE) as listener:
        yield listener


def _connect(listener: CallbackListener, address: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection((address, listener.port), timeout=10)


def _exchange(listener: CallbackListener, raw: bytes, address: str = "127.0.0.1") -> bytes:
    with _connect(listener, address) as connection:
        connection.sendall(raw)
        answer = b""
        try:
            while received := connection.recv(65536):
                answer += received
        except ConnectionResetError:
            pass
        return answer


def _get(listener: CallbackListener, target: str, *, headers: str = "") -> bytes:
    head = f"GET {target} HTTP/1.1\r\nHost: localhost:{listener.port}\r\n{headers}\r\n"
    return _exchange(listener, head.encode())


def _code(listener: CallbackListener, seconds: float = 10) -> str | None:
    callback = listener.wait(seconds)
    return callback.code.reveal() if callback and callback.code else None


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def _outside_addresses() -> list[str]:
    found = socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)
    return sorted({str(i[4][0]) for i in found if not str(i[4][0]).startswith("127.")})


needs_ipv6 = pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6 loopback")


def test_the_redirect_uri_is_what_maps_documents(listener: CallbackListener) -> None:
    assert listener.redirect_uri == f"http://localhost:{listener.port}"


def test_the_browser_waits_for_the_real_outcome(listener: CallbackListener) -> None:
    with ThreadPoolExecutor() as pool:
        browser = pool.submit(_get, listener, RIGHT)
        assert _code(listener) == "the-code"
        time.sleep(0.1)
        assert not browser.done()
        listener.tell(signed_in_page("Reports", "me@example.edu", None))
        page = browser.result(timeout=10)
    assert b"HTTP/1.1 200 OK\r\n" in page
    assert b"Reports: signed in" in page
    assert b"Referrer-Policy: no-referrer\r\n" in page
    assert b"Cache-Control: no-store\r\n" in page


def test_a_browser_still_waiting_at_the_end_is_told_so() -> None:
    with ThreadPoolExecutor() as pool:
        with CallbackListener(STATE) as listener:
            browser = pool.submit(_get, listener, RIGHT)
            assert _code(listener) == "the-code"
        assert b"The sign-in was interrupted." in browser.result(timeout=10)


def test_time_runs_out(listener: CallbackListener) -> None:
    started = time.monotonic()
    assert listener.wait(0.2) is None
    assert 0.2 <= time.monotonic() - started < 2


def test_property_01_loopback_only(listener: CallbackListener) -> None:
    # A socket that listens everywhere would answer on 127.0.0.2 as well.
    for address in ("127.0.0.2", *_outside_addresses()):
        with pytest.raises(ConnectionRefusedError):
            _connect(listener, address)


def test_property_02_the_port_is_held_from_bind_to_close() -> None:
    listener = CallbackListener(STATE)  # not even entered yet
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with pytest.raises(OSError, match="Address already in use"):
            thief.bind(("127.0.0.1", listener.port))
    with listener:
        assert b"400" in _get(listener, "/")
    with pytest.raises(ConnectionRefusedError):
        _connect(listener)


@needs_ipv6
def test_property_03_both_loopback_addresses_are_held() -> None:
    with CallbackListener(STATE) as listener:
        assert b"400" in _exchange(listener, b"x\r\n\r\n", "::1")
        with socket.socket(socket.AF_INET6) as thief, pytest.raises(OSError, match="in use"):
            thief.bind(("::1", listener.port))


@needs_ipv6
def test_property_03_a_free_port_is_one_that_is_free_on_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket(socket.AF_INET6) as other:
        other.bind(("::1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(SignInFailed, match=f"port {taken} is in use"):
            callback_sockets(taken)
        real_bind, offered = socket.socket.bind, iter([taken])

        def bind(self: socket.socket, address: tuple[str, int]) -> None:
            wanted = next(offered, 0) if self.family == socket.AF_INET else address[1]
            real_bind(self, (address[0], wanted))

        monkeypatch.setattr(socket.socket, "bind", bind)
        with CallbackListener(STATE) as listener:
            assert listener.port != taken


def test_a_port_in_use_is_told() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SignInFailed, match=f"port {port} is in use") as caught:
            CallbackListener(STATE, port=port)
    assert "--port" in caught.value.remedy


def test_a_pinned_port_serves_again_right_after_a_sign_in() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for _ in range(3):
        with CallbackListener(STATE, port=port) as listener, ThreadPoolExecutor() as pool:
            assert listener.port == port
            browser = pool.submit(_get, listener, RIGHT)
            assert _code(listener) == "the-code"
            listener.tell("done")
            assert b"done" in browser.result(timeout=10)


_JUNK = [
    b"GET /favicon.ico HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n",
    b"GET /?code=c HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n",
    b"GET /?code=c&state=wrong HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n",
    b"GET /?error=access_denied&state=wrong HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n",
    b"GET /?code=c&state=right-state HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    b"GET /cb?code=c&state=right-state HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n",
    b"POST /?code=c&state=right-state HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Type: application/x-www-form-urlencoded"
    b"\r\nContent-Length: 18\r\n\r\ncode=x&state=wrong",
    b"POST / HTTP/1.1\r\nHost: localhost:PORT\r\nContent-Type: application/x-www-form-urlencoded"
    b"\r\nContent-Length: 999999\r\n\r\ncode=c&state=right-state" + b"&" * 999_975,
    b"GET /?state=right-state HTTP/1.1\r\nHost: localhost:PORT\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost:PORT\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
    b"\x16\x03\x01\x00\x04\x01\x00\x00\x00",  # a TLS handshake that says nothing
    b"\x00\xff" * 100 + b"\r\n\r\n",
    b"\r\n\r\n",
]


def test_property_08_200_forged_requests_neither_end_nor_change_the_sign_in(
    listener: CallbackListener,
) -> None:
    requests = [_JUNK[i % len(_JUNK)] for i in range(200)]
    random.Random(7).shuffle(requests)

    def send(raw: bytes) -> bytes:
        try:
            return _exchange(listener, raw.replace(b"PORT", str(listener.port).encode()))
        except (BrokenPipeError, ConnectionResetError):
            return b""

    with ThreadPoolExecutor(200) as pool:
        answers = list(pool.map(send, requests))
        assert not any(answer.startswith(b"HTTP/1.1 2") for answer in answers)
        assert not any(b"right-state" in answer for answer in answers)
        assert listener.wait(0.1) is None
        browser = pool.submit(_get, listener, RIGHT)
        assert _code(listener) == "the-code"
        listener.tell("done")
        assert b"done" in browser.result(timeout=10)
    assert listener.strays["the state of another sign-in"] > 0
    assert listener.strays["another path"] > 0


def test_property_13_slow_and_silent_clients_hold_up_nobody(listener: CallbackListener) -> None:
    slow = [_connect(listener) for _ in range(200)]
    try:
        for number, connection in enumerate(slow):
            connection.sendall(b"GET /?code=c"[: number % 13])
        with ThreadPoolExecutor() as pool:
            started = time.monotonic()
            browser = pool.submit(_get, listener, RIGHT)
            assert _code(listener) == "the-code"
            listener.tell("done")
            assert b"done" in browser.result(timeout=10)
            assert time.monotonic() - started < 5
    finally:
        for connection in slow:
            connection.close()


def test_property_13_a_slow_request_is_cut_off(
    listener: CallbackListener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("provisioner.oauth.callback_http.REQUEST_SECONDS", 0.5)
    with _connect(listener) as connection:
        stop = threading.Event()

        def drip() -> None:
            while not stop.wait(0.05):
                try:
                    connection.sendall(b"a")
                except OSError:
                    return

        dripping = threading.Thread(target=drip)
        dripping.start()
        started = time.monotonic()
        try:
            assert connection.recv(10) == b""
        except ConnectionResetError:
            pass
        finally:
            stop.set()
            dripping.join()
        assert time.monotonic() - started < 5


def test_a_second_answer_with_the_same_state_changes_nothing(listener: CallbackListener) -> None:
    with ThreadPoolExecutor() as pool:
        first = pool.submit(_get, listener, RIGHT)
        assert _code(listener) == "the-code"
        second = pool.submit(_get, listener, RIGHT.replace("the-code", "other"))
        assert listener.wait(0.3) is None
        listener.tell("done")
        assert b"done" in first.result(timeout=10)
        assert b"done" in second.result(timeout=10)


def test_property_14_the_page_escapes_everything(listener: CallbackListener) -> None:
    script = "<script>alert(1)</script>"
    for page in (
        failed_page(script, script, script),
        signed_in_page(script, script, script),
        signed_in_page(script, script, None),
    ):
        assert "<script" not in page
        assert "&lt;script&gt;" in page
    answer = _get(listener, "/?" + urlencode({"state": script, "error_description": script}))
    assert b"script" not in answer


def _secured(listener: CallbackListener) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(_connect(listener), server_hostname="localhost")


def test_property_17_https_with_a_certificate_made_for_the_run() -> None:
    certificate = new_certificate()
    with CallbackListener(STATE, certificate=certificate) as listener, ThreadPoolExecutor() as pool:
        assert listener.redirect_uri == f"https://localhost:{listener.port}"

        def browse() -> tuple[str, bytes]:
            with _secured(listener) as connection:
                der = connection.getpeercert(binary_form=True)
                assert der is not None
                shown = hashlib.sha256(der).hexdigest().upper()
                host = f"localhost:{listener.port}"
                connection.sendall(f"GET {RIGHT} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
                return shown, connection.recv(65536)

        browser = pool.submit(browse)
        assert _code(listener) == "the-code"
        listener.tell("done")
        shown, page = browser.result(timeout=10)
        assert certificate.fingerprint.replace(":", "") == shown
        assert b"done" in page
    assert new_certificate().fingerprint != certificate.fingerprint


def test_property_17_the_certificate_is_for_localhost_and_nothing_else() -> None:
    with CallbackListener(STATE, certificate=new_certificate()) as listener:
        with _secured(listener) as connection:
            der = connection.getpeercert(binary_form=True)
        assert der is not None
        trusting = ssl.create_default_context(cadata=ssl.DER_cert_to_PEM_cert(der))
        with trusting.wrap_socket(_connect(listener), server_hostname="localhost"):
            pass
        with _connect(listener) as plain, pytest.raises(ssl.SSLCertVerificationError):
            trusting.wrap_socket(plain, server_hostname="example.edu")


def _page_over_tls(listener: CallbackListener, target: str = RIGHT) -> bytes:
    with _secured(listener) as connection:
        head = f"GET {target} HTTP/1.1\r\nHost: localhost:{listener.port}\r\n\r\n"
        connection.sendall(head.encode())
        answer = b""
        while received := connection.recv(65536):
            answer += received
        return answer


def test_one_port_tells_a_browser_of_http_that_https_is_expected() -> None:
    noticed: list[str] = []
    with CallbackListener(
        STATE, certificate=new_certificate(), noticed=lambda reason, _: noticed.append(reason)
    ) as listener:
        page = _get(listener, RIGHT)
        assert _get(listener, RIGHT) == page
        assert f"https://localhost:{listener.port}".encode() in page
        assert b"The callback expects https" in page
        assert b"the-code" not in page
        assert listener.strays["http instead of https"] == 2
        assert noticed == ["http instead of https"]
        assert listener.wait(0.1) is None


@pytest.mark.parametrize("https", [False, True])
def test_who_connects_and_says_nothing_comes_with_no_scheme(https: bool) -> None:
    certificate = new_certificate() if https else None
    noticed: list[str] = []
    with CallbackListener(
        STATE, certificate=certificate, noticed=lambda reason, _: noticed.append(reason)
    ) as listener:
        _connect(listener).close()
        deadline = time.monotonic() + 10
        while not noticed and time.monotonic() < deadline:
            time.sleep(0.01)
        assert noticed == ["broken off"]


def test_one_port_tells_a_browser_of_https_that_http_is_expected() -> None:
    noticed: list[str] = []
    with CallbackListener(STATE, noticed=lambda reason, _: noticed.append(reason)) as listener:
        with ThreadPoolExecutor() as pool:
            pages = list(pool.map(lambda _: _page_over_tls(listener), range(8)))
        for page in pages:
            assert page.startswith(b"HTTP/1.1 400 ")
            assert f"http://localhost:{listener.port}".encode() in page
            assert b"The callback expects http<" in page
            assert b"the-code" not in page
        with pytest.raises(ssl.SSLCertVerificationError), _connect(listener) as connection:
            ssl.create_default_context().wrap_socket(connection, server_hostname="localhost")
        assert listener.strays["https instead of http"] == 9
        assert noticed[0] == "https instead of http"
        assert noticed.count("https instead of http") == 1
        assert listener.wait(0.1) is None


def _post(listener: CallbackListener, body: str, *, headers: str = "") -> bytes:
    head = (
        f"POST / HTTP/1.1\r\nHost: localhost:{listener.port}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n{headers}\r\n"
    )
    with _connect(listener) as connection:
        connection.sendall(head.encode())
        time.sleep(0.05)  # the body comes in pieces of its own
        connection.sendall(body[:9].encode())
        time.sleep(0.05)
        connection.sendall(body[9:].encode())
        answer = b""
        while received := connection.recv(65536):
            answer += received
        return answer


def test_property_16_form_post(listener: CallbackListener) -> None:
    forged = _post(listener, "code=the-code&state=wrong")
    assert forged.startswith(b"HTTP/1.1 400 ")
    with ThreadPoolExecutor() as pool:
        browser = pool.submit(_post, listener, RIGHT.partition("?")[2])
        assert _code(listener) == "the-code"
        listener.tell("done")
        assert b"done" in browser.result(timeout=10)


def test_property_16_form_post_over_https() -> None:
    with CallbackListener(STATE, certificate=new_certificate()) as listener:
        assert b"The callback expects https" in _post(listener, RIGHT.partition("?")[2])
        assert listener.wait(0.1) is None


def test_property_13_a_long_request_gets_its_answer_whole(listener: CallbackListener) -> None:
    for raw, status in (
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 1_000_000, b"431"),
        (_JUNK[8].replace(b"PORT", str(listener.port).encode()), b"413"),
    ):
        answer = _exchange(listener, raw)
        assert answer.startswith(b"HTTP/1.1 " + status)
        assert answer.rstrip().endswith(b"</html>")


def test_property_13_a_request_that_breaks_off_in_its_body(listener: CallbackListener) -> None:
    body = RIGHT.partition("?")[2]
    fields = f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body) + 1}"
    with _connect(listener) as connection:
        head = f"POST / HTTP/1.1\r\nHost: localhost:{listener.port}\r\n{fields}\r\n\r\n"
        connection.sendall((head + body).encode())
    assert listener.wait(0.2) is None
    assert listener.strays["broken off"] == 1


@pytest.mark.parametrize("https", [False, True])
def test_property_13_more_silent_clients_than_are_listened_to(https: bool) -> None:
    certificate = new_certificate() if https else None
    with CallbackListener(STATE, certificate=certificate) as listener:
        silent = []
        try:
            for _ in range(400):
                silent.append(_connect(listener))
                if https:  # in the middle of a handshake
                    silent[-1].sendall(b"\x16\x03\x01\x02\x00\x01")
            assert threading.active_count() < 250
            with ThreadPoolExecutor() as pool:
                fetch = _page_over_tls if https else _get
                browser = pool.submit(fetch, listener, RIGHT)
                assert _code(listener) == "the-code"
                listener.tell("done")
                assert b"done" in browser.result(timeout=10)
        finally:
            for connection in silent:
                connection.close()


def test_an_ordinary_http_client_understands_the_answers(listener: CallbackListener) -> None:
    for method, target, status in (("GET", "/", 400), ("GET", "/x", 404), ("PUT", "/", 405)):
        connection = http.client.HTTPConnection("localhost", listener.port, timeout=10)
        try:
            connection.request(method, target)
            answer = connection.getresponse()
            page = answer.read().decode()
        finally:
            connection.close()
        assert answer.status == status
        assert "This is not the sign-in that is waited for" in page
