"""What is taken for the provider's answer, and what is not."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from provisioner.oauth.callback_request import Callback, Stray, judged
from provisioner.secret import Secret

STATE = Secret("right-state")
HOST = "localhost:4711"


def _judged(target: str, *, method: str = "GET", host: str = HOST) -> Callback | Stray:
    head = f"{method} {target} HTTP/1.1\r\nHost: {host}\r\nAccept: */*"
    return judged(head.encode("latin-1"), authorities=frozenset({HOST}), state=STATE)


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
    assert judged(head, authorities=frozenset({HOST}), state=STATE) == Stray(
        400, "addressed to another host"
    )


@pytest.mark.parametrize("method", ["POST", "HEAD", "OPTIONS", "PUT", "TRACE"])
def test_property_13_only_get(method: str) -> None:
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
    assert judged(head, authorities=frozenset({HOST}), state=STATE) == Stray(
        400, "not an HTTP request"
    )
