"""Requests to a token endpoint: what is sent, and what each kind of answer becomes."""

from __future__ import annotations

import base64
import contextlib
import gzip
import json
import socket
import ssl
import threading
import time
import zlib
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, unquote_plus

import pytest
import trustme

from provisioner.errors import InvalidProject
from provisioner.oauth.token_answer import TokenAnswer
from provisioner.oauth.token_endpoint import TokenEndpoint
from provisioner.oauth.token_faults import NoTokenAnswer, TokenRefused
from provisioner.oauth.wire import Wire
from provisioner.secret import Secret
from tests.oauth.scripted_server import (
    Answer,
    ScriptedServer,
    dripping,
    json_answer,
    scripted_server,
)
from tests.oauth_samples import CLIENT_SECRET

GOOD = json_answer('{"access_token": "CANARY-at", "token_type": "bearer", "expires_in": 3600}')
REFRESH = Secret("CANARY-refresh")


def _endpoint(url: str, **changes: object) -> TokenEndpoint:
    settings = {"field": "access_token_url", "client_id": "maps", "client_secret": CLIENT_SECRET}
    return TokenEndpoint(url=url, **{"pauses": (0.01, 0.01), **settings, **changes})  # type: ignore[arg-type]


def _refreshed(server: ScriptedServer, **changes: object) -> TokenAnswer:
    url = f"http://localhost:{server.port}/token"
    return _endpoint(url, **changes).refresh(REFRESH, scope=None)


def _form(request: bytes) -> dict[str, list[str]]:
    return parse_qs(request.partition(b"\r\n\r\n")[2].decode(), keep_blank_values=True)


def _header(request: bytes, name: str) -> str | None:
    for line in request.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]:
        if line.lower().startswith(name.lower() + ":"):
            return line.partition(":")[2].strip()
    return None


def test_an_exchange_sends_what_rfc_6749_and_7636_say_and_no_more() -> None:
    with scripted_server([GOOD]) as server:
        answer = _endpoint(f"http://localhost:{server.port}/token?tenant=t").exchange(
            Secret("CANARY-code/~"),
            verifier=Secret("v" * 43),
            redirect_uri="http://localhost:4711",
            scope=None,
        )
    assert answer.access_token.reveal() == "CANARY-at"
    [request] = server.requests
    assert request.startswith(b"POST /token?tenant=t HTTP/1.1\r\n")
    assert _header(request, "Accept") == "application/json"
    assert _form(request) == {
        "grant_type": ["authorization_code"],
        "code": ["CANARY-code/~"],
        "code_verifier": ["v" * 43],
        "redirect_uri": ["http://localhost:4711"],
    }


def test_client_secret_basic_is_form_encoded_first() -> None:
    with scripted_server([GOOD]) as server:
        _refreshed(server, client_id="maps:1 é")
    header = _header(server.requests[0], "Authorization")
    assert header is not None
    user, _, password = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
    assert unquote_plus(user) == "maps:1 é"
    assert unquote_plus(password) == CLIENT_SECRET.reveal()
    assert _form(server.requests[0]) == {
        "grant_type": ["refresh_token"],
        "refresh_token": ["CANARY-refresh"],
    }


def test_client_secret_post() -> None:
    with scripted_server([GOOD]) as server:
        answer = _refreshed(server, auth_method="client_secret_post")
    assert _header(server.requests[0], "Authorization") is None
    form = _form(server.requests[0])
    assert form["client_id"] == ["maps"]
    assert form["client_secret"] == [CLIENT_SECRET.reveal()]
    assert answer.auth_method == "client_secret_post"


INVALID_CLIENT = json_answer('{"error": "invalid_client"}', status="401 Unauthorized")
INVALID_GRANT = json_answer('{"error": "invalid_grant"}', status="400 Bad Request")


def test_the_other_way_to_authenticate_is_tried_once() -> None:
    with scripted_server([INVALID_CLIENT, GOOD]) as server:
        assert _refreshed(server).auth_method == "client_secret_post"
    with scripted_server([INVALID_CLIENT] * 3) as server:
        with pytest.raises(TokenRefused, match="invalid_client"):
            _refreshed(server)
        assert len(server.requests) == 2


def test_a_client_that_was_recognized_the_other_way_hears_the_second_answer() -> None:
    with scripted_server([INVALID_CLIENT, INVALID_GRANT]) as server:
        with pytest.raises(TokenRefused, match="invalid_grant"):
            _refreshed(server)
        assert len(server.requests) == 2


@pytest.mark.parametrize("error", ["invalid_request", "invalid_grant", "unauthorized_client"])
def test_no_other_refusal_makes_a_second_attempt(error: str) -> None:
    refused = json_answer(f'{{"error": "{error}"}}', status="400 Bad Request")
    with scripted_server([refused, GOOD]) as server:
        with pytest.raises(TokenRefused, match=error):
            _refreshed(server)
        assert len(server.requests) == 1


def _exchanged(server: ScriptedServer, **changes: object) -> TokenAnswer:
    return _endpoint(f"http://localhost:{server.port}/token", **changes).exchange(
        Secret("CANARY-code"), verifier=Secret("v" * 43), redirect_uri="http://x", scope=None
    )


@pytest.mark.parametrize(
    "fault",
    [
        json_answer("<html>", status="503 Service Unavailable"),
        json_answer("", status="429 Too Many Requests", headers="Retry-After: 0\r\n"),
        json_answer('{"error": "temporarily_unavailable"}', status="400 Bad Request"),
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
    ],
    ids=("503", "429", "unavailable", "hung up", "broken off"),
)
def test_a_code_that_may_have_arrived_is_not_sent_again(fault: bytes) -> None:
    with scripted_server([fault, GOOD]) as server:
        with pytest.raises(NoTokenAnswer, match=r"the code exchange.* localhost"):
            _exchanged(server)
        assert len(server.requests) == 1


def test_a_code_that_nobody_answers_for_is_not_sent_again() -> None:
    over = threading.Event()
    with scripted_server([lambda _connection: over.wait(30), GOOD]) as server:
        with pytest.raises(NoTokenAnswer, match="the code exchange: localhost did not answer in"):
            _exchanged(server, seconds=3)
        over.set()
        assert len(server.requests) == 1


def test_a_code_that_surely_did_not_arrive_is_sent_again() -> None:
    with scripted_server([]) as closed:
        port = closed.port
    opened: list[ScriptedServer] = []

    def open_now(_seconds: float) -> None:
        opened.append(stack.enter_context(scripted_server([GOOD], port=port)))

    with contextlib.ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setattr("provisioner.oauth.token_client.time.sleep", open_now)
        assert _exchanged(closed).access_token.reveal() == "CANARY-at"
    assert len(opened[0].requests) == 1


def test_a_code_goes_out_a_second_time_only_when_the_client_was_not_recognized() -> None:
    with scripted_server([INVALID_CLIENT, GOOD]) as server:
        assert _exchanged(server).auth_method == "client_secret_post"
    with scripted_server([INVALID_CLIENT, INVALID_GRANT, GOOD]) as server:
        # The first attempt may have spoilt the code: its answer says what is wrong.
        with pytest.raises(TokenRefused, match="invalid_client"):
            _exchanged(server)
        assert len(server.requests) == 2


def test_scope_is_sent_only_if_set() -> None:
    with scripted_server([GOOD, GOOD]) as server:
        endpoint = _endpoint(f"http://localhost:{server.port}/")
        endpoint.refresh(REFRESH, scope="a b")
        endpoint.refresh(REFRESH, scope=None)
    assert _form(server.requests[0])["scope"] == ["a b"]
    assert "scope" not in _form(server.requests[1])


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("3599", 3599), ('"3599"', 3599), ("3599.9", 3599), ("null", None), ('"soon"', None),
     ("-5", 0), ("1e400", None), ("true", None), ("[1]", None), ("1e30", 315_360_000)],
)  # fmt: skip
def test_expires_in_in_every_writing(written: str, seconds: int | None) -> None:
    answer = json_answer(f'{{"access_token": "t", "expires_in": {written}, "expires_at": [1]}}')
    with scripted_server([answer]) as server:
        assert _refreshed(server).expires_in == seconds


def test_property_27_an_absent_refresh_token_keeps_the_old() -> None:
    answers = [
        json_answer('{"access_token": "t"}'),
        json_answer('{"access_token": "t", "refresh_token": null}'),
        json_answer('{"access_token": "t", "refresh_token": "new"}'),
    ]
    with scripted_server(answers) as server:
        assert _refreshed(server).refresh_token == REFRESH
        assert _refreshed(server).refresh_token is None
        assert _refreshed(server).refresh_token == Secret("new")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            json_answer("<h1>CANARY</h1>"),
            "sent an invalid response: application/json",
        ),
        (json_answer("[" * 150_000), "without tokens"),
        (json_answer('["CANARY"]'), "without tokens"),
        (json_answer(""), "without tokens"),
        (json_answer('\ufeff{"access_token": "CANARY"}'), "sent an invalid response: "),
        (json_answer('{"access_token": ""}'), "gives no access_token"),
        (json_answer('{"access_token": ["CANARY"]}'), "access_token that is not printable"),
        (json_answer('{"access_token": "CANARY\\n"}'), "access_token that is not printable"),
        (json_answer('{"access_token": "\\ud800"}'), "access_token that is not printable"),
        (
            json_answer('{"access_token": "CANARY", "token_type": "mac"}'),
            "another type than Bearer",
        ),
        (json_answer("[" * 5_000), "without tokens"),
        (json_answer("7" * 5_000), "without tokens"),
        (json_answer("{}"), "without tokens"),
        (json_answer("\x00\xff"), "without tokens"),
        (json_answer("", status="401 Unauthorized"), "answered HTTP 401"),
        (json_answer("CANARY", status="404 Not Found"), "answered HTTP 404 with application/json"),
        (json_answer('"' + "x" * 300_000 + '"'), "more than 192 KiB"),
        (
            b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n<CANARY>",
            "403 with no content type",
        ),
    ],
)
def test_an_answer_that_is_none_is_told_without_its_content(answer: bytes, words: str) -> None:
    with scripted_server([answer] * 3) as server, pytest.raises(NoTokenAnswer) as caught:
        _refreshed(server)
    assert caught.value.message.startswith("the refresh: localhost ")
    assert words in caught.value.message
    assert "access_token_url" in caught.value.remedy
    assert "CANARY" not in caught.value.message + caught.value.remedy
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", ["404 Not Found", "200 OK"])
def test_property_33_a_content_type_is_words_of_the_provider_too(status: str) -> None:
    secret = CLIENT_SECRET.reveal().encode("ascii", "ignore")
    kind = b"Text/\x1b]0-owned\x07\xc2\x9b31m " + secret + b" " + REFRESH.reveal().encode()
    head = f"HTTP/1.1 {status}\r\nConnection: close\r\n".encode()
    answer = head + b"Content-Type: " + kind + b"y" * 9_000 + b"\r\n\r\n<html>"
    with scripted_server([answer]) as server, pytest.raises(NoTokenAnswer) as caught:
        _refreshed(server, client_secret=Secret(secret.decode()))
    said = caught.value.message
    assert " Text/ ]0-owned" in said
    assert said.isprintable()
    assert len(said) < 200
    assert secret.decode() not in said
    assert REFRESH.reveal() not in said


def test_property_33_a_scope_that_holds_a_secret_is_not_shown_or_kept() -> None:
    secret = CLIENT_SECRET.reveal().encode("ascii", "ignore").decode()
    members = {"access_token": "CANARY-at", "refresh_token": "CANARY-rt", "scope": "smtp "}
    members["scope"] += f"x{secret} CANARY-at openid CANARY-rt"
    with scripted_server([json_answer(json.dumps(members))]) as server:
        answer = _refreshed(server, client_secret=Secret(secret))
    assert answer.scope == "smtp x*** *** openid ***"


def test_property_22_redirects_are_not_followed() -> None:
    with scripted_server([GOOD]) as thief:
        location = f"Location: http://localhost:{thief.port}/\r\n"
        for status in ("302 Found", "307 Temporary Redirect", "308 Permanent Redirect"):
            with (
                scripted_server([json_answer("", status=status, headers=location)]) as server,
                pytest.raises(NoTokenAnswer, match=f"a redirect .HTTP {status[:3]}., not followed"),
            ):
                _refreshed(server)
        assert thief.requests == []


def test_property_22_http_is_refused_before_anything_is_sent() -> None:
    for url in ("http://sso.example.edu/token", "http://localhost.evil.example/t", "ftp://x/t"):
        with pytest.raises(InvalidProject, match="access_token_url is not https"):
            _endpoint(url).refresh(REFRESH, scope=None)


def test_property_22_a_proxy_does_not_see_what_goes_to_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with scripted_server([GOOD]) as server, scripted_server([GOOD]) as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        _refreshed(server)
        assert len(server.requests) == 1
        assert proxy.requests == []


@pytest.fixture
def authority(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """The TLS of a server on localhost, and the file of the CA that vouches for it."""
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost").configure_cert(context)
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    return context, tmp_path / "ca.pem"


def test_property_22_tls_is_verified(authority: tuple[ssl.SSLContext, Path]) -> None:
    context, ca_file = authority
    with scripted_server([GOOD, GOOD], tls=context) as server:
        for host, trusted, cause, remedy in (
            ("localhost", None, "its TLS certificate is not trusted", "ca_file"),
            ("127.0.0.1", ca_file, "its TLS certificate is for another name", "access_token_url"),
        ):
            url = f"https://{host}:{server.port}/"
            with pytest.raises(NoTokenAnswer, match=cause) as caught:
                _endpoint(url, ca_file=trusted).refresh(REFRESH, scope=None)
            assert remedy in caught.value.remedy
        assert server.requests == []
        url = f"https://localhost:{server.port}/"
        assert _endpoint(url, ca_file=ca_file).refresh(REFRESH, scope=None).expires_in == 3600


def test_property_22_a_private_ca_does_not_replace_the_public_ones(
    authority: tuple[ssl.SSLContext, Path],
) -> None:
    from provisioner.oauth.trust import VerifyingAdapter

    alone = VerifyingAdapter(None, Wire())._context.cert_store_stats()["x509_ca"]
    both = VerifyingAdapter(authority[1], Wire())._context.cert_store_stats()["x509_ca"]
    assert both == alone + 1


def test_a_ca_file_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").touch()
    for name in ("missing.pem", "empty.pem"):
        with pytest.raises(InvalidProject, match=f"{name} cannot be used"):
            _endpoint("https://localhost:1/", ca_file=tmp_path / name).refresh(REFRESH, scope=None)


@pytest.mark.parametrize(
    "fault",
    [
        json_answer("<html>", status="503 Service Unavailable"),
        json_answer('{"error": "invalid_grant"}', status="500 Internal Server Error"),
        json_answer('{"error": "invalid_grant"}', status="429 Too Many Requests"),
        json_answer('{"error": "temporarily_unavailable"}', status="400 Bad Request"),
        json_answer('{"error": "server_error"}', status="400 Bad Request"),
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{",
    ],
)
def test_property_28_what_passes_is_tried_again_and_is_no_revocation(fault: bytes) -> None:
    with scripted_server([fault, GOOD]) as server:
        assert _refreshed(server).access_token.reveal() == "CANARY-at"
    with scripted_server([fault] * 3) as server:
        with pytest.raises(NoTokenAnswer) as caught:
            _refreshed(server)
        assert len(server.requests) == 3
    assert "try again later" in caught.value.remedy


def test_property_28_nobody_there_is_no_revocation() -> None:
    with scripted_server([]) as server:
        port = server.port
    with pytest.raises(NoTokenAnswer, match="the refresh: localhost cannot be reached"):
        _endpoint(f"http://localhost:{port}/").refresh(REFRESH, scope=None)


@pytest.mark.parametrize(
    "slow",
    [
        1.0,
        dripping(GOOD, every=0.05),
        dripping(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500, every=0.05),
        dripping(b"HTTP/1.1 100 Continue\r\n\r\n" * 500, every=0.05),
        lambda connection: connection.sendall(GOOD[:-9]) or time.sleep(1),
    ],
    ids=("silence", "drops", "headers", "interim answers", "body"),
)
def test_one_deadline_holds_for_the_whole_request(slow: Answer) -> None:
    with scripted_server([slow]) as server:
        started = time.monotonic()
        with pytest.raises(NoTokenAnswer, match="did not answer in time") as caught:
            _refreshed(server, seconds=0.4, pauses=())
        assert time.monotonic() - started < 10  # it would be 30 to 100 s
        assert "try again later" in caught.value.remedy


def test_nothing_is_sent_after_the_deadline() -> None:
    """The handshake ends too late: what would follow it stays here."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        endpoint = _endpoint(f"https://127.0.0.1:{listening.getsockname()[1]}/", pauses=())
        with pytest.raises(NoTokenAnswer, match="did not answer in time"):
            replace(endpoint, seconds=0.3).refresh(REFRESH, scope=None)
    wire = Wire()
    wire.cut()
    here, there = socket.socketpair()
    with here, there, pytest.raises(ConnectionAbortedError):
        wire.take(here)
    assert not wire.established


def _pauses(*answers: Answer, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long it waits between the attempts."""
    slept: list[float] = []
    monkeypatch.setattr("provisioner.oauth.token_client.time.sleep", slept.append)
    with scripted_server(answers) as server, contextlib.suppress(NoTokenAnswer):
        _refreshed(server)
    return slept


def _busy(headers: str) -> bytes:
    return json_answer("", status="429 Too Many Requests", headers=headers)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ("Retry-After: 7\r\n", 7),
        ("Retry-After: 0\r\n", 0.01),
        ("Retry-After: soon\r\n", 0.01),
        ("Retry-After: -5\r\n", 0.01),
        ("Retry-After: \u0663\r\n", 0.01),
        # Our clock does not count where the answer has a date of its own.
        (
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:49:43 GMT\r\n",
            6,
        ),
        ("Retry-After: Sun, 06 Nov 1994 08:49:43 GMT\r\n", 0.01),
        ("Retry-After: Sun, 99 Nov 99999999999 08:49:43 GMT\r\n", 0.01),
    ],
)
def test_retry_after_is_respected(
    headers: str, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _pauses(_busy(headers), GOOD, monkeypatch=monkeypatch) == [seconds]


def test_a_wait_that_is_too_long_is_left_to_the_person(monkeypatch: pytest.MonkeyPatch) -> None:
    for headers in ("Retry-After: 120\r\n", "Retry-After: " + "9" * 5000 + "\r\n"):
        assert _pauses(_busy(headers), GOOD, monkeypatch=monkeypatch) == []
    answers = [_busy("Retry-After: 120\r\n")]
    with (
        scripted_server(answers) as server,
        pytest.raises(NoTokenAnswer, match="answered HTTP 429") as caught,
    ):
        _refreshed(server)
    assert "Then try again in 120 s, as it asks" in caught.value.remedy


def _packed(body: bytes, encoding: str) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"Connection: close\r\n\r\n" + body


def test_a_packed_answer_is_unpacked_within_bounds() -> None:
    tokens = b'{"access_token": "t", "expires_in": 5}'
    bomb = gzip.compress(b'"' + b"x" * 50_000_000 + b'"')
    with scripted_server([_packed(gzip.compress(tokens), "gzip"),
                          _packed(zlib.compress(tokens), "Deflate")]) as server:  # fmt: skip
        assert _refreshed(server).expires_in == _refreshed(server).expires_in == 5
        assert _header(server.requests[0], "Accept-Encoding") == "identity"
    for answer, words in (
        (_packed(bomb, "gzip"), "more than 192 KiB"),
        (_packed(gzip.compress(bomb), "gzip, gzip"), "in an encoding that was not asked for"),
        (_packed(b"CANARY", "gzip"), "with gzip that cannot be unpacked"),
        (_packed(tokens, "br"), "in an encoding that was not asked for"),
    ):
        with scripted_server([answer]) as server, pytest.raises(NoTokenAnswer, match=words):
            _refreshed(server)


def test_property_27_an_odd_answer_to_a_refresh_does_not_lose_the_new_refresh_token() -> None:
    odd = (
        '{"access_token": "t", "refresh_token": "new", "scope": ["a"], "id_token": {}, "error": ""}'
    )
    with scripted_server([json_answer(odd)]) as server:
        answer = _refreshed(server)
    assert answer.refresh_token == Secret("new")
    assert answer.scope is None
    assert answer.id_token is None


def test_a_scope_that_is_no_text_cannot_be_held_against_what_was_asked() -> None:
    odd = json_answer('{"access_token": "CANARY", "scope": ["a"]}')
    with scripted_server([odd]) as server, pytest.raises(NoTokenAnswer, match="a scope that is no"):
        _exchanged(server)


def test_an_id_token_that_is_not_even_text_is_one_that_cannot_be_read() -> None:
    for written, kept in (("{}", Secret("")), ("7", Secret("")), ('""', None), ("null", None)):
        body = f'{{"access_token": "t", "id_token": {written}}}'
        with scripted_server([json_answer(body)]) as server:
            assert _exchanged(server).id_token == kept


def test_a_refusal_keeps_what_the_vendor_adds_and_hides_what_we_sent() -> None:
    said = f"AADSTS70008: expired CANARY-refresh {CLIENT_SECRET.reveal()}\\u001b[2J"
    body = f'{{"error": "invalid_grant", "error_description": "{said}", "trace_id": "t-1"}}'
    refusing = scripted_server([json_answer(body, status="400 Bad Request")])
    with refusing as server, pytest.raises(TokenRefused) as caught:
        _refreshed(server)
    refusal = caught.value.refusal
    assert refusal.error == "invalid_grant"
    assert refusal.vendor_code == "AADSTS70008"
    assert refusal.trace == "trace id t-1"
    assert refusal.description == "AADSTS70008: expired *** *** [2J"
    assert refusal.needs_person


def test_an_error_under_status_200_is_an_error() -> None:
    refusing = scripted_server([json_answer('{"error": "invalid_grant"}')])
    with refusing as server, pytest.raises(TokenRefused):
        _refreshed(server)


def test_property_32_revocation() -> None:
    empty = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    with scripted_server([empty]) as server:
        _endpoint(f"http://localhost:{server.port}/revoke").revoke(REFRESH)
    assert _form(server.requests[0]) == {
        "token": ["CANARY-refresh"],
        "token_type_hint": ["refresh_token"],
    }
    refused = json_answer('{"error": "unsupported_token_type"}', status="400 Bad Request")
    with scripted_server([refused]) as server, pytest.raises(TokenRefused):
        _endpoint(f"http://localhost:{server.port}/revoke").revoke(REFRESH)


def test_a_name_that_nobody_knows_is_told_from_a_closed_port() -> None:
    with pytest.raises(NoTokenAnswer, match="cannot be found by name") as caught:
        _endpoint("https://login.example.invalid/token").refresh(Secret("x"), scope=None)
    assert "is access_token_url right" in caught.value.remedy
