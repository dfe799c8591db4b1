"""How the answer comes back to `authenticate`, as a user sees it."""

import contextlib
import re
import signal
import socket
import ssl
import time

import pytest

from provisioner.errors import ExitCode
from tests.cli.desk import Desk
from tests.support.scripted_provider import ScriptedProvider
from tests.unit.oauth.test_callback_tls import Pair

pytestmark = pytest.mark.long

NOBODY = "true %s"


@pytest.fixture
def desk(tmp_path):
    with ScriptedProvider() as provider:
        yield Desk(tmp_path / "project", provider)


@pytest.fixture
def https_desk(desk):
    desk.change("  client_id", "  use_https_on_callback: true\n  client_id")
    return desk


def test_property_18_the_users_own_certificate(https_desk, tmp_path):
    pair = Pair(tmp_path)
    options = ["--callback-cert", str(pair.certificate), "--callback-key", str(pair.key)]
    finished = https_desk.ends(
        ExitCode.DONE, "authenticate", "Reports", "--no-smtp-check", *options
    )
    assert "The callback uses your certificate (SHA-256 fingerprint " in finished.stderr
    assert "The browser will warn" not in finished.stderr


def test_property_18_certificate_options_that_make_no_sense(desk, tmp_path):
    pair = Pair(tmp_path)
    both = ["--callback-cert", str(pair.certificate), "--callback-key", str(pair.key)]
    for options, words in (
        (both[:2], "--callback-cert and --callback-key go together"),
        (both[2:], "--callback-cert and --callback-key go together"),
        (both, "a certificate was given, but the callback has no https"),
    ):
        finished = desk.ends(ExitCode.USAGE, "authenticate", "Reports", *options)
        assert f"Error: {words}" in finished.stderr
    desk.change("  client_id", "  use_https_on_callback: true\n  client_id")
    pair.key.chmod(0o644)
    finished = desk.ends(ExitCode.USAGE, "authenticate", "Reports", *both)
    assert f"Error: the private key {pair.key} can be read or written by others" in finished.stderr
    assert "Waiting at" not in finished.stderr


def test_no_browser_opens_none(desk, tmp_path):
    opened = tmp_path / "opened"
    finished = desk.run(
        "authenticate", "Reports", "--no-browser", "--timeout", "1", BROWSER=f"touch {opened} %s"
    )
    assert finished.returncode == ExitCode.FAILURE
    assert re.search(r"  ssh -L (\d+):localhost:\1 \S+\n", finished.stderr.partition("Error")[0])
    assert not opened.exists()


@pytest.mark.parametrize(
    ("browser", "words"),
    [
        ("false %s", "No browser was opened (the program in BROWSER failed): open the address"),
        ("/nonexistent/browser %s", "No browser was opened (the program in BROWSER failed"),
        ("", "No browser was opened (there is no desktop here and BROWSER is not set)"),
    ],
)
def test_a_browser_that_does_not_open_is_told(desk, browser, words):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        desk.environment.pop(name, None)
    finished = desk.run("authenticate", "Reports", "--timeout", "1", BROWSER=browser)
    assert words in finished.stderr


@contextlib.contextmanager
def _waiting(desk, *options):
    """The command, waiting, and its port."""
    with desk.start("authenticate", "Reports", *options, BROWSER=NOBODY) as waiting:
        try:
            while not (found := re.search(r"Waiting at \w+://localhost:(\d+)", _line(waiting))):
                pass
            yield waiting, int(found.group(1))
        finally:
            waiting.kill()


def _line(waiting):
    line = waiting.stderr.readline()
    assert line, "it ended too early"
    return line


def test_the_terminal_tells_of_the_wrong_scheme_and_of_old_tabs(desk):
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    with _waiting(desk) as (waiting, port):
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                trusting.wrap_socket(connection, server_hostname="localhost").close()
        line = _line(waiting)
        assert line.startswith("A browser connected with https instead of http. ")
        assert (
            f"The redirect address is http://localhost:{port}; register exactly this address"
            in line
        )
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(
                f"GET /?code=CANARY&state=x HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode()
            )
            assert b"ignored: the state of another sign-in" in connection.recv(65536)
        assert _line(waiting) == "Ignored the callback of another sign-in (an old browser tab?).\n"
        waiting.send_signal(signal.SIGINT)
        assert "CANARY" not in waiting.communicate(timeout=30)[1]


def test_the_terminal_tells_of_http_where_https_is_expected(https_desk):
    with _waiting(https_desk) as (waiting, port):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(f"GET / HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode())
            assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")
        assert _line(waiting).startswith("A browser connected with http instead of https. ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_wait_with_130(desk, number):
    with _waiting(desk) as (waiting, port):
        waiting.send_signal(number)
        waiting.send_signal(number)  # a second one does not hurry it into a mess
        words = waiting.communicate(timeout=30)[1]
        assert waiting.returncode == ExitCode.INTERRUPTED
        assert words.endswith(
            "Error: Reports: the sign-in was interrupted; nothing was saved\n"
            "  start again: provisioner authenticate Reports\n"
        )
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)
    assert desk.token_files() == []


def test_a_signal_in_the_exchange_saves_nothing(desk):
    """The provider answers only after a while: the signal comes before the tokens do."""
    exchanging = []

    def observe(path, *_):
        if path == "/token":
            exchanging.append(path)
            time.sleep(3)

    desk.provider.observe = observe
    with desk.start("authenticate", "Reports", "--no-smtp-check") as running:
        deadline = time.monotonic() + 30
        while not exchanging:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        running.send_signal(signal.SIGTERM)
        words = running.communicate(timeout=30)[1]
    assert running.returncode == ExitCode.INTERRUPTED
    assert "the sign-in was interrupted; nothing was saved" in words
    assert desk.token_files() == []
