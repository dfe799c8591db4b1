"""The embedded provider is real in what it checks."""

from __future__ import annotations

import base64
import http.client
import json
import secrets
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from provisioner.demo.provider import Behaviour, DemoProvider, ScriptedAnswer
from provisioner.demo.provider_grants import s256

VERIFIER = "v" * 43
REDIRECT = "http://localhost:4711"


@pytest.fixture
def provider() -> Iterator[DemoProvider]:
    with DemoProvider() as provider:
        yield provider


def _ask(
    provider: DemoProvider, method: str, path: str, form: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> tuple[int, dict[str, str], str]:  # fmt: skip
    connection = http.client.HTTPConnection(urlsplit(provider.issuer).netloc, timeout=10)
    try:
        body = urlencode(form) if form is not None else None
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()
    finally:
        connection.close()


def _request(provider: DemoProvider, **changes: str | None) -> dict[str, str]:
    request = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": REDIRECT,
        "scope": "openid smtp offline_access",
        "state": "<st&te>",
        "code_challenge": s256(VERIFIER),
        "code_challenge_method": "S256",
        **changes,
    }
    return {name: value for name, value in request.items() if value is not None}


def _callback(provider: DemoProvider, **changes: str | None) -> dict[str, str]:
    query = urlencode(_request(provider, **changes))
    status, headers, _ = _ask(provider, "GET", f"/authorize?{query}")
    assert status == 302
    location = urlsplit(headers["Location"])
    assert headers["Location"].startswith(REDIRECT + "?")
    return {name: values[0] for name, values in parse_qs(location.query).items()}


def _token(provider: DemoProvider, **form: str) -> tuple[int, dict[str, Any]]:
    form = {
        "client_id": provider.client_id,
        "client_secret": provider.client_secret.reveal(),
        **form,
    }
    status, _, body = _ask(provider, "POST", "/token", form)
    return status, json.loads(body)


def _redeem(provider: DemoProvider, code: str, **changes: str) -> tuple[int, dict[str, Any]]:
    form = {"code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER, **changes}
    return _token(provider, grant_type="authorization_code", **form)


def _active(provider: DemoProvider, token: str) -> dict[str, Any]:
    form = {"token": token, "client_id": provider.client_id}
    form["client_secret"] = provider.client_secret.reveal()
    answer: dict[str, Any] = json.loads(_ask(provider, "POST", "/introspect", form)[2])
    return answer


def test_a_sign_in_ends_with_tokens_that_introspection_knows(provider: DemoProvider) -> None:
    callback = _callback(provider)
    assert callback["state"] == "<st&te>"
    assert callback["iss"] == provider.issuer
    status, tokens = _redeem(provider, callback["code"])
    assert status == 200
    assert tokens["scope"] == "openid smtp"
    claims = json.loads(base64.urlsafe_b64decode(tokens["id_token"].split(".")[1] + "=="))
    assert claims["email"] == "reports@example.edu"
    assert claims["aud"] == provider.client_id
    seen = _active(provider, tokens["access_token"])
    assert seen["active"] is True
    assert seen["username"] == "reports@example.edu"
    provider.grants.revoke_all()
    assert _active(provider, tokens["access_token"]) == {"active": False}


@pytest.mark.parametrize(
    "redirect_uri",
    ["http://localhost:4711/", "http://localhost:4711/cb", "http://127.0.0.1:4711", "",
     "http://localhost:4711.evil.example", "http://localhost@evil.example"],
)  # fmt: skip
def test_an_unregistered_address_is_never_redirected_to(
    provider: DemoProvider, redirect_uri: str
) -> None:
    query = urlencode(_request(provider, redirect_uri=redirect_uri))
    status, headers, page = _ask(provider, "GET", f"/authorize?{query}")
    assert status == 400
    assert "Location" not in headers
    assert "redirect_uri_mismatch" in page


def test_property_04_pkce_s256_is_enforced(provider: DemoProvider) -> None:
    for changes in ({"code_challenge": None}, {"code_challenge_method": "plain"},
                    {"code_challenge_method": None}, {"code_challenge": "short"}):  # fmt: skip
        callback = _callback(provider, **changes)
        assert callback["error"] == "invalid_request"
        assert "code" not in callback
    status, answer = _redeem(provider, _callback(provider)["code"], code_verifier="w" * 43)
    assert (status, answer["error"]) == (400, "invalid_grant")


def test_a_code_serves_once_and_its_second_use_ends_the_grant(provider: DemoProvider) -> None:
    code = _callback(provider)["code"]
    _, tokens = _redeem(provider, code)
    assert _redeem(provider, code)[1]["error"] == "invalid_grant"
    assert _active(provider, tokens["access_token"]) == {"active": False}


def test_a_code_is_bound_to_its_address(provider: DemoProvider) -> None:
    code = _callback(provider)["code"]
    status, answer = _redeem(provider, code, redirect_uri="http://localhost:4712")
    assert (status, answer["error"]) == (400, "invalid_grant")


def test_the_client_authenticates_by_basic_or_post(provider: DemoProvider) -> None:
    status, answer = _token(provider, grant_type="refresh_token", client_secret="wrong")
    assert (status, answer["error"]) == (401, "invalid_client")
    pair = f"{provider.client_id}:{provider.client_secret.reveal()}".encode()
    basic = {"Authorization": "Basic " + base64.b64encode(pair).decode()}
    form = {"grant_type": "refresh_token", "refresh_token": "unknown"}
    assert json.loads(_ask(provider, "POST", "/token", form, basic)[2])["error"] == "invalid_grant"
    provider.behaviour = replace(provider.behaviour, auth_methods=("client_secret_post",))
    assert json.loads(_ask(provider, "POST", "/token", form, basic)[2])["error"] == "invalid_client"


def test_without_rotation_a_refresh_token_stays(provider: DemoProvider) -> None:
    refresh = _redeem(provider, _callback(provider)["code"])[1]["refresh_token"]
    for _ in range(2):
        status, answer = _token(provider, grant_type="refresh_token", refresh_token=refresh)
        assert status == 200
        assert "refresh_token" not in answer


def test_with_rotation_a_reused_refresh_token_ends_the_grant(provider: DemoProvider) -> None:
    provider.behaviour = replace(provider.behaviour, rotate_refresh_tokens=True)
    old = _redeem(provider, _callback(provider)["code"])[1]["refresh_token"]
    new = _token(provider, grant_type="refresh_token", refresh_token=old)[1]["refresh_token"]
    for token in (old, new):
        _, answer = _token(provider, grant_type="refresh_token", refresh_token=token)
        assert answer["error"] == "invalid_grant"


def test_revocation_ends_the_grant(provider: DemoProvider) -> None:
    tokens = _redeem(provider, _callback(provider)["code"])[1]
    form = {"token": tokens["refresh_token"], "client_id": provider.client_id}
    form["client_secret"] = provider.client_secret.reveal()
    assert _ask(provider, "POST", "/revoke", form)[0] == 200
    assert _active(provider, tokens["access_token"]) == {"active": False}


def test_access_tokens_expire(provider: DemoProvider) -> None:
    provider.behaviour = replace(provider.behaviour, access_token_seconds=0)
    tokens = _redeem(provider, _callback(provider)["code"])[1]
    assert tokens["expires_in"] == 0
    assert _active(provider, tokens["access_token"]) == {"active": False}


def test_a_person_can_accept_or_cancel_on_the_login_page(provider: DemoProvider) -> None:
    provider.behaviour = Behaviour(sign_in_automatically=False)
    request = _request(provider, scope="<b>smtp</b>", login_hint='"me"@example.edu')
    status, _, page = _ask(provider, "GET", "/authorize?" + urlencode(request))
    assert status == 200
    assert "&lt;b&gt;smtp&lt;/b&gt;" in page
    assert "<b>smtp" not in page
    assert 'value="&quot;me&quot;@example.edu"' in page
    for decision, expected in (("accept", "code"), ("cancel", "error")):
        form = request | {"mailbox": "me@example.edu", "decision": decision}
        status, headers, _ = _ask(provider, "POST", "/authorize", form)
        assert status == 302
        assert expected in parse_qs(urlsplit(headers["Location"]).query)


def test_departures_are_scripted(provider: DemoProvider) -> None:
    provider.behaviour = Behaviour(
        callback={"iss": None, "state": "forged"},
        token_answer={"refresh_token": None, "expires_in": "60"},
        scripted_answers=(ScriptedAnswer(503, "<html>", "text/html", {"Retry-After": "1"}),),
    )
    callback = _callback(provider)
    assert "iss" not in callback
    assert callback["state"] == "forged"
    status, headers, body = _ask(provider, "POST", "/token", {})
    assert (status, headers["Retry-After"], body) == (503, "1", "<html>")
    _, tokens = _redeem(provider, callback["code"])
    assert "refresh_token" not in tokens
    assert tokens["expires_in"] == "60"
    provider.behaviour = Behaviour(callback_error="access_denied")
    assert _callback(provider)["error"] == "access_denied"


def test_what_is_no_page_of_it_is_not_found(provider: DemoProvider) -> None:
    assert _ask(provider, "GET", "/")[0] == 404
    assert _ask(provider, "POST", "/" + secrets.token_hex(4), {})[0] == 404
