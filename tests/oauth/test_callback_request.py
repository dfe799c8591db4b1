"""What is taken for the provider's answer, and what is not."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from provisioner.oauth.callback_head import Stray, head_from
from provisioner.oauth.callback_request import Callback, judged, misaddressed
from provisioner.secret import Secret

STATE = Secret("right-state")
HOST = "localhost:4711"


def _heard(head: bytes, body: bytes = b"") -> Callback | Stray:
    found = head_from(head)
    if isinstance(found, Stray):
        return found
    stray = misaddressed(found, authorities=frozenset({HOST}))
    return stray or judged(found, body, state=STATE)


def _judged(
    target: str, *, method: str = "GET", host: str = HOST, fields: str = "", body: str = ""
) -> Callback | Stray:
    head = f"{method} {target} HTTP/1.1\r\nHost: {host}\r\nAccept: */*{fields}"
    return _heard(head.encode("latin-1"), body.encode())


def _target(**parameters: str) -> str:
    return "/?" + urlencode({"state": "right-state", **parameters})


def test_a_code_with_the_right_state() -> None:
    found = _judged(_target(code="CANARY", iss="https://sso.example.edu"))
    assert isinstance(found, Callback)
    assert found.code is not None
    assert found.code.reveal() == "CANARY"
    assert found.issuer == "https://sso.example.edu"
    assert found.error == {}
    assert "CANARY" not in repr(found)


def test_property_11_an_error_with_the_right_state() -> None:
    found = _judged(_target(error="access_denied", error_description="No & no", code="x"))
    assert isinstance(found, Callback)
    assert found.code is None
    assert found.error["error"] == "access_denied"
    assert found.error["error_description"] == "No & no"


@pytest.mark.parametrize(
    "target",
    ["/?code=c", "/?code=c&state=", "/?code=c&state=wrong", "/?code=c&state=RIGHT-STATE",
     "/?error=access_denied&state=wrong", "/?error=access_denied", "/", "/?", "/?state=right-stat",
     "/?code=c&state=%FF%00"],
)  # fmt: skip
def test_property_07_state_is_compared_before_anything_else(target: str) -> None:
    found = _judged(target)
    assert isinstance(found, Stray)
    assert found.status == 400
    assert found.reason in ("no state", "the state of another sign-in")


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/favicon.ico", 404),
        ("/callback?code=c&state=right-state", 404),
        ("//?code=c&state=right-state", 404),
        ("/%3Fcode=c", 404),
        (f"http://{HOST}/?code=c&state=right-state", 404),
    ],
)
def test_property_09_only_the_root_path(target: str, status: int) -> None:
    found = _judged(target)
    assert isinstance(found, Stray)
    assert found.status == status


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:4711", "localhost", "localhost:4712", "127.0.0.1:4711",
     "localhost:4711.evil.example", "", "localhost:4711\r\nHost: evil.example"],
)  # fmt: skip
def test_property_09_only_our_own_host(host: str) -> None:
    found = _judged(_target(code="c"), host=host)
    assert found == Stray(400, "addressed to another host")


def test_property_09_no_host_at_all() -> None:
    head = f"GET {_target(code='c')} HTTP/1.0".encode()
    assert _heard(head) == Stray(400, "addressed to another host")


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "TRACE"])
def test_property_13_only_get_and_post(method: str) -> None:
    found = _judged(_target(code="c"), method=method)
    assert isinstance(found, Stray)
    assert found.status == 405


@pytest.mark.parametrize(
    "target",
    [
        _target(),
        _target(code=""),
        _target(code="a\x00b"),
        _target(code="é"),
        _target(code="a") + "&code=b",
        _target(code="a") + "&state=right-state",
        _target(code="a") + "&state=wrong",
        _target(code="a") + "&x=1" * 60,
    ],
)
def test_property_13_a_malformed_answer_is_none(target: str) -> None:
    found = _judged(target)
    assert isinstance(found, Stray)
    assert found.status == 400


_NO_HTTP = [b"", b"\x16\x03\x01", b"GET /", b"get / HTTP/1.1", b"\xff" * 50,
            b"GET /\xe9 HTTP/1.1", b"GET / HTTP/2", b"GET  / HTTP/1.1"]  # fmt: skip


@pytest.mark.parametrize("head", _NO_HTTP)
def test_property_13_what_is_not_http(head: bytes) -> None:
    assert _heard(head) == Stray(400, "not an HTTP request")


_FORM = "\r\nContent-Type: application/x-www-form-urlencoded"


def test_property_16_form_post() -> None:
    body = _target(code="CANARY", iss="https://sso.example.edu").partition("?")[2]
    for fields in (
        _FORM,
        _FORM + "; charset=utf-8",
        _FORM + "\r\nOrigin: null",
        _FORM + "\r\nOrigin: https://login.example.edu:8443",
        _FORM + "\r\nOrigin: http://localhost:4712",
        _FORM + "\r\nSec-Fetch-Mode: navigate",
    ):
        found = _judged("/", method="POST", fields=fields, body=body)
        assert isinstance(found, Callback)
        assert found.code is not None
        assert found.code.reveal() == "CANARY"
        assert found.issuer == "https://sso.example.edu"
        assert "CANARY" not in repr(found)


@pytest.mark.parametrize(
    ("fields", "body", "status", "reason"),
    [
        (_FORM, "code=c", 400, "no state"),
        (_FORM, "code=c&state=wrong", 400, "the state of another sign-in"),
        (_FORM, "error=access_denied&state=wrong", 400, "the state of another sign-in"),
        (_FORM, "", 400, "no state"),
        (_FORM, "code=c&state=right-state&state=right-state", 400, "a parameter twice"),
        (_FORM, "code=\xff\xfe&state=right-state", 400, "neither a code nor an error"),
        ("", "code=c&state=right-state", 415, "a form of another type"),
        ("\r\nContent-Type: text/plain", "code=c&state=right-state", 415, "a form of another type"),
        ("\r\nContent-Type: multipart/form-data; boundary=x", "", 415, "a form of another type"),
        (_FORM + _FORM, "code=c&state=right-state", 415, "a form of another type"),
        *(
            (f"{_FORM}\r\nOrigin: {origin}", "code=c&state=right-state", 400,
             "a form of a page that is no provider's")
            for origin in ("http://evil.example", "chrome-extension://abc", "file://", "", "http://[")
        ),
    ],
)  # fmt: skip
def test_property_16_what_is_no_form_post(fields: str, body: str, status: int, reason: str) -> None:
    assert _judged("/", method="POST", fields=fields, body=body) == Stray(status, reason)


def test_property_16_a_forms_answer_is_in_its_body_alone() -> None:
    assert _judged(_target(code="c"), method="POST", fields=_FORM) == Stray(400, "no state")
    assert _judged("/", body=_target(code="c")[2:]) == Stray(400, "no state")


@pytest.mark.parametrize(
    "mode", ["no-cors", "cors", "websocket", "navigate\r\nSec-Fetch-Mode: cors"]
)
def test_property_08_what_a_page_loads_in_the_background_is_no_answer(mode: str) -> None:
    found = _judged(_target(code="c"), fields=f"\r\nSec-Fetch-Mode: {mode}")
    assert found == Stray(400, "sent by a page in the background")


@pytest.mark.parametrize(
    ("fields", "length"),
    [
        ("", 0),
        ("\r\nContent-Length: 12", 12),
        ("\r\ncontent-length:12", 12),
        ("\r\nContent-Length: 12\r\nContent-Length: 12", Stray(411, "a body of unknown length")),
        ("\r\nTransfer-Encoding: chunked", Stray(411, "a body of unknown length")),
        ("\r\nContent-Length: -1", Stray(400, "not an HTTP request")),
        ("\r\nContent-Length: 1e3", Stray(400, "not an HTTP request")),
        ("\r\nContent-Length: 9999999999", Stray(400, "not an HTTP request")),
        ("\r\nContent-Length: \u00b2", Stray(400, "not an HTTP request")),
    ],
)
def test_property_13_how_long_a_body_is(fields: str, length: int | Stray) -> None:
    head = head_from(f"POST / HTTP/1.1\r\nHost: {HOST}{fields}".encode("latin-1"))
    assert not isinstance(head, Stray)
    assert head.body_length == length


def test_property_12_no_repr_shows_a_code() -> None:
    assert "CANARY" not in repr(head_from(f"GET {_target(code='CANARY')} HTTP/1.1".encode()))
