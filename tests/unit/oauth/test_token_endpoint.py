"""Requests to a token endpoint: what is sent, and what each kind of answer becomes."""

import base64
import contextlib
import gzip
import json
import socket
import ssl
import subprocess
import sys
import threading
import time
import traceback
import zlib
from contextlib import closing
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote_plus

import pytest
import requests
import trustme

from provisioner.errors import InvalidProject
from provisioner.oauth.https_post import _Guard, tls_advice
from provisioner.oauth.token_endpoint import TokenEndpoint, TokenErrorResponse, TokenRequestError
from provisioner.secret import Secret
from tests.support.certificates import make_certificate
from tests.support.oauth_samples import CLIENT_SECRET
from tests.support.scripted_http import dripping, form_of, json_answer, scripted_server

GOOD = json_answer('{"access_token": "CANARY-at", "token_type": "bearer", "expires_in": 3600}')
INVALID_CLIENT = json_answer('{"error": "invalid_client"}', status="401 Unauthorized")
UNAVAILABLE, JUDGED = '{"error": "temporarily_unavailable"}', '{"error": "invalid_grant"}'
INVALID_GRANT = json_answer(JUDGED, status="400 Bad Request")
REFRESH = Secret("CANARY-refresh")
VERIFIER = "v" * 43


def _endpoint(place, **changes):
    url = place if isinstance(place, str) else f"http://localhost:{place.port}/token"
    settings = {"field": "access_token_url", "client_id": "maps", "client_secret": CLIENT_SECRET}
    return TokenEndpoint(url=url, **{"pauses": (0.01, 0.01), **settings, **changes})


def _refreshed(place, **changes):
    return _endpoint(place, **changes).refresh(REFRESH, scope=None)


def _exchanged(place, **changes):
    return _endpoint(place, **changes).exchange(
        Secret("CANARY-code/~"), verifier=Secret(VERIFIER), redirect_uri="http://x", scope=None
    )


def _revoked(place):
    _endpoint(place).revoke(REFRESH)


def _header(request, name):
    for line in request.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]:
        if line.lower().startswith(name.lower() + ":"):
            return line.partition(":")[2].strip()
    return None


def _named(value):
    return getattr(value, "__name__", repr(value)[-40:])


# What is sent.


@pytest.mark.parametrize(
    ("ask", "form"),
    [
        (
            _exchanged,
            {"grant_type": "authorization_code", "code": "CANARY-code/~",
             "code_verifier": VERIFIER, "redirect_uri": "http://x"},
        ),
        (_refreshed, {"grant_type": "refresh_token", "refresh_token": "CANARY-refresh"}),
        (
            lambda place: _endpoint(place).refresh(REFRESH, scope="a b"),
            {"grant_type": "refresh_token", "refresh_token": "CANARY-refresh", "scope": "a b"},
        ),
        (_revoked, {"token": "CANARY-refresh", "token_type_hint": "refresh_token"}),
        (
            lambda place: _endpoint(place).device_codes(scope="smtp"),
            {"client_id": "maps", "scope": "smtp"},
        ),
        (
            lambda place: _endpoint(place).device_tokens(Secret("CANARY-device")),
            {"grant_type": "urn:ietf:params:oauth:grant-type:device_code",
             "device_code": "CANARY-device"},
        ),
    ],
    ids=("exchange", "refresh", "scope", "property_32_revocation", "device codes", "device"),
)  # fmt: skip
def test_a_request_has_what_the_rfcs_say_and_no_more(ask, form):
    with scripted_server([GOOD]) as server:
        ask(f"http://localhost:{server.port}/token?tenant=t")
    [request] = server.requests
    assert request.startswith(b"POST /token?tenant=t HTTP/1.1\r\n")
    assert _header(request, "Accept") == "application/json"
    assert _header(request, "Accept-Encoding") == "identity"
    assert form_of(request) == form


def test_requests_is_imported_when_something_is_sent_and_not_before():
    program = (
        "import sys, provisioner.oauth.refreshing, provisioner.oauth.revoking, "
        "provisioner.oauth.device_flow, provisioner.oauth.sign_in; "
        "sys.exit('requests' in sys.modules or 'urllib3' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_client_proves_itself_in_a_header_or_in_theform_of():
    with scripted_server([GOOD, GOOD]) as server:
        assert _refreshed(server, client_id="maps:1 é").auth_method == "client_secret_basic"
        posted = _refreshed(server, auth_method="client_secret_post")
    assert posted.auth_method == "client_secret_post"
    header = _header(server.requests[0], "Authorization")
    user, _, password = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
    # RFC 6749 section 2.3.1: form-encoded first.
    assert (unquote_plus(user), unquote_plus(password)) == ("maps:1 é", CLIENT_SECRET.reveal())
    assert "client_secret" not in form_of(server.requests[0])
    assert _header(server.requests[1], "Authorization") is None
    form = form_of(server.requests[1])
    assert (form["client_id"], form["client_secret"]) == ("maps", CLIENT_SECRET.reveal())


@pytest.mark.parametrize(
    ("ask", "answers", "outcome"),
    [
        (_refreshed, [INVALID_CLIENT, GOOD], "client_secret_post"),
        (_refreshed, [INVALID_CLIENT, INVALID_CLIENT], "invalid_client"),
        # Recognized the other way, and a refresh token was not spoilt by the first attempt.
        (_refreshed, [INVALID_CLIENT, INVALID_GRANT], "invalid_grant"),
        (_exchanged, [INVALID_CLIENT, GOOD], "client_secret_post"),
        # A code may have been: the first answer says what is wrong.
        (_exchanged, [INVALID_CLIENT, INVALID_GRANT], "invalid_client"),
        (_refreshed, [INVALID_GRANT], "invalid_grant"),
        (_exchanged, [INVALID_GRANT], "invalid_grant"),
        (_refreshed, [json_answer(JUDGED)], "invalid_grant"),  # under status 200
        (_revoked, [json_answer('{"error": "unsupported_token_type"}')], "unsupported_token_type"),
    ],
)
def test_the_other_way_to_prove_oneself_is_tried_once_and_only_for_an_unknown_client(
    ask, answers, outcome
):
    with scripted_server([*answers, GOOD]) as server:
        try:
            found = ask(server).auth_method
        except TokenErrorResponse as refused:
            found = refused.refusal.error
    assert found == outcome
    assert len(server.requests) == len(answers)


def test_property_22_redirects_are_not_followed():
    with scripted_server([GOOD]) as thief:
        location = f"Location: http://localhost:{thief.port}/\r\n"
        for status in ("302 Found", "307 Temporary Redirect", "308 Permanent Redirect"):
            said = f"a redirect .HTTP {status[:3]}., not followed"
            answer = json_answer("", status=status, headers=location)
            with scripted_server([answer]) as server, pytest.raises(TokenRequestError, match=said):
                _refreshed(server)
        assert thief.requests == []


@pytest.mark.parametrize(
    "url", ["http://sso.example.edu/token", "http://localhost.evil.example/t", "ftp://x/t"]
)
def test_property_22_http_is_refused_before_anything_is_sent(url):
    with pytest.raises(InvalidProject, match="access_token_url is not https"):
        _refreshed(url)


def test_property_22_a_proxy_sees_nothing_for_this_machine_and_only_the_host_of_others(monkeypatch):
    refused = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
    with scripted_server([GOOD]) as server, scripted_server([refused]) as proxy:
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        _refreshed(server)
        assert (len(server.requests), proxy.requests) == (1, [])
        with pytest.raises(TokenRequestError, match="reached through the proxy") as caught:
            _refreshed("https://sso.example.invalid/token", pauses=())
    assert proxy.requests[0].startswith(b"CONNECT sso.example.invalid:443 HTTP/1.")
    assert proxy.requests[0][-4:] == b"\r\n\r\n"
    assert not caught.value.sent


def test_property_22_a_netrc_adds_and_replaces_nothing(monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine localhost login thief password thief\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    # As elsewhere, where the environment is asked for a proxy.
    monkeypatch.setattr("provisioner.oauth.https_post.is_loopback", lambda host: False)
    with scripted_server([GOOD, GOOD]) as server:
        _refreshed(server, auth_method="client_secret_post")
        _refreshed(server)
    assert _header(server.requests[0], "Authorization") is None
    basic = (_header(server.requests[1], "Authorization") or "").removeprefix("Basic ")
    assert base64.b64decode(basic).startswith(b"maps:CANARY")


# TLS.


@pytest.fixture
def authority(tmp_path):
    """The TLS of a server on localhost, and the file of the CA that vouches for it."""
    made = make_certificate(tmp_path, "localhost")
    return made.context(), made.ca_file


def test_property_22_tls_is_verified(authority):
    context, ca_file = authority
    with scripted_server([GOOD], tls=context) as server:
        url = f"https://localhost:{server.port}/"
        other_name = url.replace("localhost", "127.0.0.1")
        for place, trusted, cause, remedy in (
            (url, None, "its TLS certificate is not trusted", "ca_file"),
            (other_name, ca_file, "its TLS certificate is for another name", "access_token_url"),
        ):
            with pytest.raises(TokenRequestError, match=cause) as caught:
                _refreshed(place, ca_file=trusted)
            assert remedy in caught.value.remedy
            assert not caught.value.retryable
        assert server.requests == []
        assert _refreshed(url, ca_file=ca_file).expires_in == 3600


def test_property_22_a_private_ca_does_not_replace_the_public_ones(authority):
    alone = _Guard(None)._context.cert_store_stats()["x509_ca"]
    assert _Guard(authority[1])._context.cert_store_stats()["x509_ca"] == alone + 1


def test_property_22_a_connection_that_is_cut_stays_encrypted(authority):
    """SSLSocket.shutdown() forgets its encryption: what its thread still sends would be clear."""
    guard = _Guard(authority[1])
    with scripted_server([], tls=authority[0]) as server:
        request = requests.Request("POST", f"https://localhost:{server.port}/").prepare()
        connection = guard.get_connection_with_tls_context(request, verify=True)._new_conn()
        connection.connect()
        with closing(connection):
            guard.cut()
            assert connection.sock.version() is not None
            with pytest.raises((ssl.SSLError, ConnectionError)):
                connection.sock.sendall(b"CANARY")


def test_a_connection_that_breaks_off_is_no_old_version():
    fault = ssl.SSLEOFError(8, "EOF occurred in violation of protocol (_ssl.c:1000)")
    assert "broke off" in tls_advice(fault).cause
    assert "no TLS version in common" in tls_advice(ssl.SSLError()).cause


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
@pytest.mark.parametrize(
    ("begins", "ends", "newest", "cause", "remedy"),
    [
        (-2, -1, "TLSv1_3", "its TLS certificate has expired", "renewed"),
        (1, 2, "TLSv1_3", "its TLS certificate is not valid yet: the clock", "correct the clock"),
        (-1, 1, "TLSv1_1", "it has no TLS version in common with this machine (1.2", "updated"),
    ],
)
def test_property_22_a_clock_and_an_old_version_are_not_an_unknown_ca(
    tmp_path, begins, ends, newest, cause, remedy
):
    now, ca, ca_file = datetime.now(UTC), trustme.CA(), tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(ca_file)
    valid = {"not_before": now + timedelta(begins), "not_after": now + timedelta(ends)}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost", **valid).configure_cert(context)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1_1
    context.maximum_version = ssl.TLSVersion[newest]
    with scripted_server([], tls=context) as server, pytest.raises(TokenRequestError) as caught:
        _refreshed(f"https://localhost:{server.port}/", ca_file=ca_file, pauses=())
    assert f"localhost cannot be used: {cause}" in caught.value.message
    assert remedy in caught.value.remedy


@pytest.mark.parametrize("name", ["missing.pem", "empty.pem"])
def test_a_ca_file_that_is_none_is_named(tmp_path, name):
    (tmp_path / "empty.pem").touch()
    with pytest.raises(InvalidProject, match=f"{name} cannot be used"):
        _refreshed("https://localhost:1/", ca_file=tmp_path / name)


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem", "REQUESTS_CA_BUNDLE or CURL_CA"),
        (
            "ALL_PROXY",
            "socks5h://CANARY@127.0.0.1:1",
            "ALL_PROXY must be the address of an HTTP proxy",
        ),
        ("HTTPS_PROXY", "http://a:CANARY:1", "ALL_PROXY must be the address of an HTTP proxy"),
    ],
)
def test_what_is_wrong_in_the_environment_is_named(monkeypatch, variable, value, words):
    monkeypatch.setattr("provisioner.oauth.https_post.is_loopback", lambda host: False)
    monkeypatch.setenv(variable, value)
    with pytest.raises(TokenRequestError, match="cannot be contacted") as caught:
        _refreshed("https://sso.example.invalid/")
    assert words in caught.value.message
    assert "CANARY" not in caught.value.message


# What is sent again.


def _busy(status, body="", retry_after=""):
    headers = f"Retry-After: {retry_after}\r\n" if retry_after else ""
    return json_answer(body, status=f"{status} -", headers=headers)


BROKEN_OFF = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"


@pytest.mark.parametrize(
    ("faults", "waits"),
    [
        ([_busy("429", retry_after="7")], [7]),
        ([_busy("503", UNAVAILABLE, retry_after="10")], [10]),
        ([_busy("503", retry_after="0")], [0.01]),
        ([_busy("500")], [0.01]),
        ([_busy("500", '{"error": "server_error"}')], [0.01]),
        ([_busy("500"), _busy("500")], [0.01]),
        # It may have used up the code, or said so.
        *[([fault], []) for fault in (
            _busy("503"), _busy("429", retry_after="11"), _busy("408"),
            _busy("502", retry_after="1"), _busy("400", UNAVAILABLE, retry_after="1"),
            _busy("500", JUDGED), _busy("503", JUDGED, retry_after="1"), b"", BROKEN_OFF,
        )],
    ],
    ids=_named,
)  # fmt: skip
def test_a_code_is_sent_again_only_where_it_surely_is_still_good(faults, waits):
    slept = []
    lines = []
    said = ""
    with scripted_server([*faults, GOOD]) as server:
        try:
            _exchanged(server, sleep=slept.append, announce=lines.append)
        except TokenRequestError as error:
            said = error.message
    assert said.startswith("the code exchange") == (len(waits) < len(faults))
    assert slept == waits
    assert len(server.requests) == 1 + len(waits)
    shown = f"the code exchange: localhost answered HTTP {faults[0][9:12].decode()}; trying again"
    assert lines == [f"{shown} in {wait:g} s" for wait in waits]


def test_a_code_that_nobody_answers_for_is_not_sent_again():
    over = threading.Event()
    with scripted_server([lambda _connection: over.wait(30), GOOD]) as server:
        with pytest.raises(TokenRequestError, match="localhost did not answer in time") as caught:
            _exchanged(server, seconds=2)
        over.set()
        assert len(server.requests) == 1
    assert caught.value.sent


def test_a_code_that_surely_did_not_arrive_is_sent_again():
    with scripted_server([]) as closed:
        port = closed.port
    opened = []
    with contextlib.ExitStack() as stack:

        def open_now(_seconds):
            opened.append(stack.enter_context(scripted_server([GOOD], port=port)))

        assert _exchanged(closed, sleep=open_now).access_token.reveal() == "CANARY-at"
    assert len(opened[0].requests) == 1


@pytest.mark.parametrize(
    "fault",
    [
        _busy("503", "<html>"), _busy("503", "x" * 300_000), _busy("500", JUDGED),
        _busy("429", JUDGED), _busy("400", UNAVAILABLE), _busy("400", '{"error": "server_error"}'),
        b"", BROKEN_OFF,
        *(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%s\r\n{" % size
          for size in (b"ff", b"-5")),
    ],
    ids=_named,
)  # fmt: skip
def test_property_28_what_passes_is_tried_again_and_is_no_revocation(fault):
    with scripted_server([fault, GOOD]) as server:
        assert _refreshed(server).access_token.reveal() == "CANARY-at"
    with scripted_server([fault] * 3) as server:
        with pytest.raises(TokenRequestError) as caught:
            _refreshed(server)
        assert len(server.requests) == 3
    assert "try again later" in caught.value.remedy
    assert caught.value.retryable


def test_property_28_nobody_there_is_no_revocation():
    with scripted_server([]) as server:
        port = server.port
    with pytest.raises(TokenRequestError, match="the refresh: localhost cannot be reached"):
        _refreshed(f"http://localhost:{port}/")


def test_a_name_that_nobody_knows_is_told_from_a_closed_port():
    with pytest.raises(TokenRequestError, match="cannot be found by name") as caught:
        _refreshed("https://login.example.invalid/token")
    assert "check access_token_url" in caught.value.remedy


DATE = "Sun, 06 Nov 1994 08:49:43 GMT"


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ("Retry-After: 7", 7), ("Retry-After: 0", 0.01), ("Retry-After: soon", 0.01),
        ("Retry-After: -5", 0.01), ("Retry-After: \u0663", 0.01),
        # Our clock does not count where the answer has a date of its own.
        (f"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: {DATE}", 6),
        (f"Retry-After: {DATE}", 0.01),
        (f"Date: {DATE}\r\nRetry-After: Sun, 99 Nov 99999999999 08:49:43 GMT", 0.01),
        (f"Date: {DATE}\r\nRetry-After: Fri, 31 Dec 9999 23:59:59 -2359", None),
        # That long is left to the person.
        ("Retry-After: 120", None), ("Retry-After: " + "9" * 5000, None),
    ],
)  # fmt: skip
def test_retry_after_in_every_writing(headers, wait):
    slept = []
    busy = json_answer("", status="429 Too Many Requests", headers=f"{headers}\r\n")
    with scripted_server([busy, GOOD]) as server, contextlib.suppress(TokenRequestError):
        _refreshed(server, sleep=slept.append)
    assert slept == ([] if wait is None else [wait])


def test_a_wait_that_is_left_to_the_person_is_told():
    with (
        scripted_server([_busy("429", retry_after="120")]) as server,
        pytest.raises(TokenRequestError, match="answered HTTP 429") as caught,
    ):
        _refreshed(server)
    assert "then try again in 120 s, as it asks" in caught.value.remedy
    assert caught.value.retry_after == 120


# Deadlines.


@pytest.mark.parametrize(
    "slow",
    [
        1.5,
        dripping(GOOD, every=0.05),
        dripping(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500, every=0.05),
        dripping(b"HTTP/1.1 100 Continue\r\n\r\n" * 500, every=0.05),
        lambda connection: connection.sendall(GOOD[:-9]) or time.sleep(1.5),
    ],
    ids=("silence", "drops", "headers", "interim answers", "body"),
)
def test_one_deadline_holds_for_the_whole_request(slow):
    with scripted_server([slow]) as server:
        started = time.monotonic()
        with pytest.raises(TokenRequestError, match="did not answer in time") as caught:
            _refreshed(server, seconds=0.4, pauses=())
        assert time.monotonic() - started < 10  # it would be 30 to 100 s
        assert "try again later" in caught.value.remedy


def test_nothing_is_sent_after_the_deadline(authority):
    """The handshake ends too late: what would follow it stays here."""
    received = []
    late = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve():
            connection, _ = listening.accept()
            late.wait(30)
            with contextlib.suppress(OSError), connection:
                connection.settimeout(10)
                with authority[0].wrap_socket(connection, server_side=True) as secured:
                    received.append(b"handshake")
                    received.append(secured.recv(100))

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"https://localhost:{listening.getsockname()[1]}/"
        with pytest.raises(TokenRequestError, match="did not answer in time") as caught:
            _refreshed(url, ca_file=authority[1], pauses=(), seconds=1)
        late.set()
        thread.join(20)
    assert not caught.value.sent
    assert received[:1] == [b"handshake"]
    assert b"".join(received[1:]) == b""


@pytest.mark.parametrize(("seconds_left", "requests"), [(0, 0), (9, 0), (15, 1), (30, 2)])
def test_no_attempt_begins_without_time_for_its_answer(seconds_left, requests):
    """Others wait for the lock; and an answer that is cut off may cost a refresh token."""
    busy = _busy("503", retry_after="8")
    with scripted_server([busy, GOOD]) as server, contextlib.suppress(TokenRequestError):
        _refreshed(server, deadline=time.monotonic() + seconds_left, sleep=lambda wait: None)
    assert len(server.requests) == requests


# What an answer becomes.


@pytest.mark.parametrize(
    ("ask", "members", "kept"),
    [
        *[(_refreshed, f'"expires_at": [1], "expires_in": {written}', {"expires_in": seconds})
          for written, seconds in (
            ("3599", 3599), ('"3599"', 3599), ("3599.9", 3599), ("-5", 0), ("1e30", 315_360_000),
            ("null", None), ('"soon"', None), ("1e400", None), ("true", None), ("[1]", None))],
        # Property 27: whoever asked keeps the old one where there is none.
        (_refreshed, '"error": ""', {"refresh_token": None}),
        (_refreshed, '"refresh_token": null', {"refresh_token": None}),
        # Property 27: a new one is not lost for what is odd beside it.
        (_refreshed, '"refresh_token": "new", "scope": ["a"], "id_token": {}, "error": ""',
         {"refresh_token": Secret("new"), "scope": None, "id_token": None}),
        # One that is not even text is one that cannot be read.
        (_exchanged, '"id_token": {}', {"id_token": Secret("")}),
        (_exchanged, '"id_token": 7', {"id_token": Secret("")}),
        (_exchanged, '"id_token": ""', {"id_token": None}),
        (_exchanged, '"id_token": null', {"id_token": None}),
    ],
    ids=_named,
)  # fmt: skip
def test_property_27_the_members_of_a_response_in_every_writing(ask, members, kept):
    with scripted_server([json_answer(f'{{"access_token": "t", {members}}}')]) as server:
        answer = ask(server)
    assert {name: getattr(answer, name) for name in kept} == kept


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (json_answer("<h1>CANARY</h1>"), "sent an invalid response: application/json"),
        (json_answer('\ufeff{"access_token": "CANARY"}'), "sent an invalid response: "),
        *[(json_answer(body), "without tokens") for body in
          ("[" * 150_000, '["CANARY"]', "", "7" * 5_000, "{}", "\x00\xff")],
        (json_answer('{"access_token": ""}'), "returned no access_token"),
        *[(json_answer(f'{{"access_token": {token}}}'), "access_token that is not printable")
          for token in ('["CANARY"]', '"CANARY\\n"', '"\\ud800"')],
        (json_answer('{"access_token": "CANARY", "token_type": "mac"}'), "type than Bearer"),
        (json_answer("", status="401 Unauthorized"), "answered HTTP 401"),
        (json_answer("CANARY", status="404 Not Found"), "answered HTTP 404 with application/json"),
        (json_answer('"' + "x" * 300_000 + '"'), "more than 192 KiB"),
        (b"HTTP/1.1 403 No\r\nConnection: close\r\n\r\n<CANARY>", "403 with no content type"),
    ],
    ids=_named,
)  # fmt: skip
def test_an_answer_that_is_none_is_told_without_its_content(answer, words):
    with scripted_server([answer] * 3) as server, pytest.raises(TokenRequestError) as caught:
        _refreshed(server)
    assert caught.value.message.startswith("the refresh: localhost ")
    assert words in caught.value.message
    assert "access_token_url" in caught.value.remedy
    assert "CANARY" not in caught.value.message + caught.value.remedy
    assert len(server.requests) == 1


def _packed(body, encoding):
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"Connection: close\r\n\r\n" + body


def test_a_packed_answer_is_unpacked_within_bounds():
    tokens = b'{"access_token": "t", "expires_in": 5}'
    bomb = gzip.compress(b'"' + b"x" * 50_000_000 + b'"')
    with scripted_server([_packed(gzip.compress(tokens), "gzip"),
                          _packed(zlib.compress(tokens), "Deflate")]) as server:  # fmt: skip
        assert _refreshed(server).expires_in == _refreshed(server).expires_in == 5
    for answer, words in (
        (_packed(bomb, "gzip"), "more than 192 KiB"),
        (_packed(gzip.compress(bomb), "gzip, gzip"), "more than 192 KiB"),
        (_packed(b"CANARY", "gzip"), "sent a response that cannot be decompressed"),
    ):
        with scripted_server([answer]) as server, pytest.raises(TokenRequestError, match=words):
            _refreshed(server)


def test_a_scope_that_is_no_text_cannot_be_held_against_what_was_asked():
    odd = json_answer('{"access_token": "CANARY", "scope": ["a"]}')
    with scripted_server([odd]) as server, pytest.raises(TokenRequestError, match="scope that is"):
        _exchanged(server)


def test_a_refusal_keeps_what_the_vendor_adds_and_hides_what_we_sent():
    said = f"AADSTS70008: expired CANARY-refresh {CLIENT_SECRET.reveal()} CANARY-new\x1b[2J"
    answer = {"error": "invalid_grant", "error_description": said, "trace_id": "t-1"}
    body = json.dumps({**answer, "refresh_token": "CANARY-new"})
    refusing = scripted_server([json_answer(body, status="400 Bad Request")])
    with refusing as server, pytest.raises(TokenErrorResponse) as caught:
        _refreshed(server)
    refusal = caught.value.refusal
    assert (refusal.error, refusal.vendor_code) == ("invalid_grant", "AADSTS70008")
    assert refusal.trace == "trace id t-1"
    assert refusal.description == "AADSTS70008: expired *** *** *** [2J"
    assert refusal.needs_person


def test_property_32_a_revocation_needs_no_words():
    with scripted_server([b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]) as server:
        _revoked(server)


# Secrets.


@pytest.mark.parametrize("status", ["404 Not Found", "200 OK"])
def test_property_33_a_content_type_is_words_of_the_provider_too(status):
    secret = CLIENT_SECRET.reveal().encode("ascii", "ignore")
    kind = b"Text/\x1b]0-owned\x07\xc2\x9b31m " + secret + b" " + REFRESH.reveal().encode()
    head = f"HTTP/1.1 {status}\r\nConnection: close\r\n".encode()
    answer = head + b"Content-Type: " + kind + b"y" * 9_000 + b"\r\n\r\n<html>"
    with scripted_server([answer]) as server, pytest.raises(TokenRequestError) as caught:
        _refreshed(server, client_secret=Secret(secret.decode()))
    said = caught.value.message
    assert " Text/ ]0-owned" in said
    assert said.isprintable()
    assert len(said) < 200
    assert secret.decode() not in said
    assert REFRESH.reveal() not in said


def test_property_33_a_scope_that_holds_a_secret_is_not_shown_or_kept():
    secret = CLIENT_SECRET.reveal().encode("ascii", "ignore").decode()
    members = {"access_token": "CANARY-at", "refresh_token": "CANARY-rt"}
    members["scope"] = f"smtp x{secret} CANARY-at openid CANARY-rt"
    with scripted_server([json_answer(json.dumps(members))]) as server:
        answer = _refreshed(server, client_secret=Secret(secret))
    assert answer.scope == "smtp x*** *** openid ***"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 CANARY-refresh\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nCANARY-refresh\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: CANARY-refresh\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 14\r\n\r\nCANARY-refresh",
    ],
)
def test_property_33_no_exception_of_a_library_is_told_or_chained(answer):
    with scripted_server([answer]) as server, pytest.raises(TokenRequestError) as caught:
        _refreshed(server, pauses=())
    assert "CANARY" not in "".join(traceback.format_exception(caught.value))
