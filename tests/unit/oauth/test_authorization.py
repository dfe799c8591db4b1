"""The address that the browser opens."""

import re
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest

from provisioner.errors import InvalidProject
from provisioner.oauth.authorization import (
    authorization_url,
    new_state,
    new_verifier,
    select_account,
)
from provisioner.providers.catalogue import provider_for
from provisioner.secret import Secret
from tests.support.oauth_samples import CLIENT_SECRET, oauth_server
from tests.support.scripted_provider import s256

REDIRECT = "http://localhost:4711"
STATE, VERIFIER = Secret("a-state"), Secret("CANARY-verifier")


def _settings(**settings):
    return oauth_server(**settings).oauth2


def _request(declared, account=None):
    provider = provider_for(declared.authorization_url)
    return authorization_url(
        declared, provider, redirect_uri=REDIRECT, state=STATE, verifier=VERIFIER, account=account
    )


def _url(**settings):
    return _request(_settings(**settings))


def _parameters(url):
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    assert len(pairs) == len(dict(pairs)), "a parameter stands there twice"
    return dict(pairs)


def test_it_asks_for_what_is_declared_and_nothing_else():
    url = _url(login_hint="me@example.edu", prompt="select_account")
    assert url.startswith("https://sso.example.edu/authorize?")
    assert _parameters(url) == {
        "response_type": "code",
        "client_id": "maps",
        "redirect_uri": "http://localhost:4711",
        "scope": "openid email offline_access smtp",
        "state": "a-state",
        "code_challenge": s256("CANARY-verifier"),
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
def test_the_mailbox_is_the_hint_where_none_is_declared(account, settings, hint):
    assert _parameters(_request(_settings(**settings), account)).get("login_hint") == hint


def test_property_04_pkce_s256_on_every_request():
    for url in ("https://sso.example.edu/a", "https://accounts.google.com/o/oauth2/v2/auth"):
        assert _parameters(_url(authorization_url=url))["code_challenge_method"] == "S256"


def test_property_05_06_verifier_and_state_have_256_bits_and_are_fresh():
    for make in (new_verifier, new_state):
        seen = {make().reveal() for _ in range(20)}
        assert len(seen) == 20
        assert all(re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", one) for one in seen)


def test_property_33_no_secret_is_in_the_address():
    assert CLIENT_SECRET.reveal() not in _url()
    assert VERIFIER.reveal() not in _url()


def test_google_gets_its_offline_access_once():
    bare = "https://accounts.google.com/o/oauth2/v2/auth"
    for url in (bare, f"{bare}?access_type=offline", f"{bare}?access_type=offline&prompt=consent"):
        query = parse_qs(urlsplit(_url(authorization_url=url)).query)
        assert query["access_type"] == ["offline"]
        assert query["prompt"] == ["consent"]


def test_a_declared_prompt_wins_over_the_addresss_and_the_providers():
    url = "https://accounts.google.com/o/oauth2/v2/auth?prompt=consent&hd=example.edu"
    parameters = _parameters(_url(authorization_url=url, prompt="select_account consent"))
    assert parameters["prompt"] == "select_account consent"
    assert parameters["hd"] == "example.edu"


def test_what_the_address_brings_along_stays_but_ours_is_ours():
    url = "https://sso.example.edu/a?tenant=t%26x&state=evil&redirect_uri=https://evil/&empty=#frag"
    request = _url(authorization_url=url)
    parameters = _parameters(request)
    assert parameters["tenant"] == "t&x"
    assert parameters["empty"] == ""
    assert parameters["redirect_uri"] == REDIRECT
    assert "evil" not in request
    assert "#" not in request


@pytest.mark.parametrize(
    "brought",
    ["Redirect_URI=https://evil/", "REQUEST_URI=https://evil/", "request=evil", "State=evil"],
)
def test_no_other_writing_of_ours_comes_along(brought):
    """RFC 9101: a request object would win over redirect_uri, state and code_challenge."""
    request = _url(authorization_url=f"https://sso.example.edu/a?{brought}&kept=x")
    assert "evil" not in request
    assert _parameters(request)["kept"] == "x"


@pytest.mark.parametrize(
    "url",
    ["http://sso.example.edu/a", "ftp://x/a", "sso.example.edu/a", "https://", "https://u:p@x/"],
)
def test_property_22_only_https_or_this_machine(url):
    with pytest.raises(InvalidProject, match="authorization_url"):
        _url(authorization_url=url)


def test_property_22_loopback_may_be_http():
    for host in ("localhost", "127.0.0.1", "[::1]"):
        assert _url(authorization_url=f"http://{host}:8080/a").startswith("http://")


_GOOGLE = "https://accounts.google.com/o/oauth2/v2/auth"
_ENTRA = "https://login.microsoftonline.com/contoso.edu/oauth2/v2.0/authorize"


@pytest.mark.parametrize(
    ("settings", "prompt"),
    [
        ({}, "select_account"),
        ({"prompt": "login"}, "login select_account"),
        ({"prompt": "none"}, "select_account"),
        ({"prompt": "select_account"}, "select_account"),
        ({"authorization_url": "https://sso.example.edu/a?prompt=login"}, "login select_account"),
        # Without the consent page Google gives no refresh token.
        ({"authorization_url": _GOOGLE}, "consent select_account"),
        ({"authorization_url": f"{_GOOGLE}?prompt=consent"}, "consent select_account"),
        # AADSTS90023 would answer several.
        ({"authorization_url": _ENTRA, "prompt": "consent"}, "select_account"),
    ],
)
def test_property_31_the_request_asks_for_the_account_page(settings, prompt):
    declared = _settings(**settings)
    provider = provider_for(declared.authorization_url)
    assert _parameters(_request(select_account(declared, provider)))["prompt"] == prompt
