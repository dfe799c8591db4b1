"""The address that the browser opens."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from provisioner.demo.provider_grants import s256
from provisioner.errors import InvalidProject
from provisioner.model.email_server import OAuth2Settings
from provisioner.oauth.authorization import (
    AuthorizationRequest,
    authorization_request,
    new_state,
)
from provisioner.providers.catalogue import provider_for
from tests.oauth_samples import CLIENT_SECRET, oauth_server

REDIRECT = "http://localhost:4711"


def _settings(**settings: Any) -> OAuth2Settings:
    found = oauth_server(**settings).oauth2
    assert found is not None
    return found


def _request(**settings: Any) -> AuthorizationRequest:
    declared = _settings(**settings)
    provider = provider_for(declared.authorization_url)
    return authorization_request(declared, provider, redirect_uri=REDIRECT, state=new_state())


def _parameters(request: AuthorizationRequest) -> dict[str, str]:
    pairs = parse_qsl(urlsplit(request.url).query, keep_blank_values=True)
    assert len(pairs) == len(dict(pairs)), "a parameter stands there twice"
    return dict(pairs)


def test_it_asks_for_what_is_declared_and_nothing_else() -> None:
    declared = _settings(login_hint="me@example.edu", prompt="select_account")
    state = new_state()
    request = authorization_request(
        declared, provider_for("sso.example.edu"), redirect_uri=REDIRECT, state=state
    )
    assert request.url.startswith("https://sso.example.edu/authorize?")
    assert _parameters(request) == {
        "response_type": "code",
        "client_id": "maps",
        "redirect_uri": "http://localhost:4711",
        "scope": "openid email offline_access smtp",
        "state": state.reveal(),
        "code_challenge": s256(request.verifier.reveal()),
        "code_challenge_method": "S256",
        "login_hint": "me@example.edu",
        "prompt": "select_account",
    }


@pytest.mark.parametrize(
    ("account", "settings", "hint"),
    [
        ("reports@example.edu", {}, "reports@example.edu"),
        ("reports@example.edu", {"login_hint": "delegate@example.edu"}, "delegate@example.edu"),
        (
            "reports@example.edu",
            {"authorization_url": "https://sso.example.edu/a?login_hint=x@example.edu"},
            "x@example.edu",
        ),
        ("svc-maps", {}, None),  # no address: providers would not know what to make of it
        (None, {}, None),
    ],
)
def test_the_mailbox_is_the_hint_where_none_is_declared(
    account: str | None, settings: dict[str, Any], hint: str | None
) -> None:
    declared = _settings(**settings)
    request = authorization_request(
        declared,
        provider_for(declared.authorization_url),
        redirect_uri=REDIRECT,
        state=new_state(),
        account=account,
    )
    assert _parameters(request).get("login_hint") == hint


def test_property_04_pkce_s256_on_every_request() -> None:
    for url in ("https://sso.example.edu/a", "https://accounts.google.com/o/oauth2/v2/auth"):
        assert _parameters(_request(authorization_url=url))["code_challenge_method"] == "S256"


def test_property_05_verifier_has_256_bits_and_43_to_128_characters() -> None:
    seen = {_request().verifier.reveal() for _ in range(20)}
    assert len(seen) == 20
    assert all(re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", verifier) for verifier in seen)
    assert all(len(verifier) * 6 >= 256 for verifier in seen)


def test_property_06_state_has_128_bits_and_is_fresh() -> None:
    seen = {new_state().reveal() for _ in range(20)}
    assert len(seen) == 20
    assert all(len(state) * 6 >= 128 for state in seen)


def test_property_33_no_secret_is_in_the_address() -> None:
    request = _request()
    assert CLIENT_SECRET.reveal() not in request.url
    assert request.verifier.reveal() not in request.url
    assert request.verifier.reveal() not in repr(request)


def test_google_gets_its_offline_access_once() -> None:
    bare = "https://accounts.google.com/o/oauth2/v2/auth"
    for url in (bare, f"{bare}?access_type=offline", f"{bare}?access_type=offline&prompt=consent"):
        query = parse_qs(urlsplit(_request(authorization_url=url).url).query)
        assert query["access_type"] == ["offline"]
        assert query["prompt"] == ["consent"]


def test_a_declared_prompt_wins_over_the_addresss_and_the_providers() -> None:
    url = "https://accounts.google.com/o/oauth2/v2/auth?prompt=consent&hd=example.edu"
    parameters = _parameters(_request(authorization_url=url, prompt="select_account consent"))
    assert parameters["prompt"] == "select_account consent"
    assert parameters["hd"] == "example.edu"


def test_what_the_address_brings_along_stays_but_ours_is_ours() -> None:
    url = "https://sso.example.edu/a?tenant=t%26x&state=evil&redirect_uri=https://evil/&empty=#frag"
    request = _request(authorization_url=url)
    parameters = _parameters(request)
    assert parameters["tenant"] == "t&x"
    assert parameters["empty"] == ""
    assert parameters["redirect_uri"] == REDIRECT
    assert "evil" not in request.url
    assert "#" not in request.url


@pytest.mark.parametrize(
    "brought",
    ["Redirect_URI=https://evil/", "REQUEST_URI=https://evil/", "request=evil", "State=evil"],
)
def test_no_other_writing_of_ours_comes_along(brought: str) -> None:
    """RFC 9101: a request object would win over redirect_uri, state and code_challenge."""
    request = _request(authorization_url=f"https://sso.example.edu/a?{brought}&kept=x")
    assert "evil" not in request.url
    assert _parameters(request)["kept"] == "x"


@pytest.mark.parametrize(
    "url",
    ["http://sso.example.edu/a", "ftp://x/a", "sso.example.edu/a", "https://", "https://u:p@x/"],
)
def test_property_22_only_https_or_this_machine(url: str) -> None:
    with pytest.raises(InvalidProject, match="authorization_url"):
        _request(authorization_url=url)


def test_property_22_loopback_may_be_http() -> None:
    for host in ("localhost", "127.0.0.1", "[::1]"):
        assert _request(authorization_url=f"http://{host}:8080/a").url.startswith("http://")
