"""Which endpoints belong to one sign-in, and which are a built-in provider's or this machine's."""

from __future__ import annotations

import pytest

from provisioner.providers.endpoints import (
    Entries,
    are_all_loopback,
    are_one_builtin_providers,
    difference,
    endpoint_hosts,
)

GOOGLE = "https://accounts.google.com/o/oauth2/v2/auth"
MICROSOFT = "https://login.microsoftonline.com/contoso.edu/oauth2/v2.0/token"
OUR_OWN = "https://sso.example.edu/token"


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        (GOOGLE, "https://oauth2.googleapis.com/token", None),
        (GOOGLE, "https://www.googleapis.com/oauth2/v4/token", None),
        (MICROSOFT, "https://login.windows.net/contoso.edu/oauth2/v2.0/token", None),
        (MICROSOFT, "https://LOGIN.microsoftonline.com:443/consumers/oauth2/v2.0/token", None),
        (MICROSOFT, "https://login.live.com/oauth20_token.srf", None),
        ("https://oauth.yandex.com/authorize", "https://oauth.yandex.ru/token", None),
        (OUR_OWN, "https://login.example.edu/authorize", None),
        (OUR_OWN, "https://sso.example.edu.:8443/authorize", None),
        ("https://sso.dept.example.ac.uk/a", "https://login.example.ac.uk/t", None),
        ("https://sso.campus.local/a", "https://login.campus.local/t", None),
        ("http://localhost:1/a", "http://127.0.0.1:2/t", None),
        ("http://127.8.9.1:1/a", "http://[::1]:2/t", None),
        ("https://192.0.2.1/a", "https://192.0.2.1:8443/t", None),
        ("https://sso/a", "https://sso/t", None),
        ("https://github.io/a", "https://github.io/t", None),
        (GOOGLE, MICROSOFT, "providers"),
        (MICROSOFT, "https://login.microsoftonline.us/t/oauth2/v2.0/token", "providers"),
        ("https://api.login.yahoo.com/a", "https://api.login.aol.com/t", "providers"),
        (GOOGLE, OUR_OWN, "hosts"),
        (GOOGLE, "https://sites.google.com/token", "hosts"),
        (MICROSOFT, "https://evil.example/login.microsoftonline.com/token", "hosts"),
        (OUR_OWN, "https://sso.example.net/token", "hosts"),
        (OUR_OWN, "https://notexample.edu/token", "hosts"),
        ("https://north.github.io/a", "https://south.github.io/t", "hosts"),
        ("https://north.okta.com/a", "https://south.okta.com/t", "hosts"),
        ("https://north.eu.auth0.com/a", "https://south.eu.auth0.com/t", "hosts"),
        ("https://a.example.ac.uk/a", "https://a.sample.ac.uk/t", "hosts"),
        ("https://192.0.2.1/a", "https://198.0.2.1/t", "hosts"),
        ("https://sso/a", "https://login/t", "hosts"),
        ("http://localhost/a", "https://evil.example/t", "hosts"),
        ("http://localhost/a", "http://evil.localhost/t", "hosts"),
        ("https://[", "https://[", "hosts"),
        (OUR_OWN, "", "hosts"),
    ],
)
def test_two_urls(one: str, other: str, why: str | None) -> None:
    assert difference(one, other) == difference(other, one) == why


BOTH = ["sso.example.edu", "tokens.example.net/a"]


@pytest.mark.parametrize(
    ("entries", "token", "is_joined"),
    [
        ({"sso.example.edu": {"endpoints": BOTH}}, "https://tokens.example.net/A/token", True),
        ({"anything": {"endpoints": BOTH}}, "https://tokens.example.net/a", True),
        ({"sso.example.edu": {"endpoints": BOTH}}, "https://tokens.example.net/ab", False),
        ({"sso.example.edu": {"endpoints": BOTH[1:]}}, "https://tokens.example.net/a", False),
        ({"sso.example.edu": {"title": "Ours"}}, "https://tokens.example.net/a", False),
        (
            {"sso.example.edu": {"endpoints": BOTH[:1]}, "other": {"endpoints": BOTH[1:]}},
            "https://tokens.example.net/a",
            False,
        ),
        ({"google": {"endpoints": ["sso.example.edu"]}}, "https://oauth2.googleapis.com/t", False),
        (
            {"google": {"endpoints": ["sso.example.edu", "oauth2.googleapis.com"]}},
            "https://oauth2.googleapis.com/t",
            True,
        ),
    ],
)
def test_only_one_list_of_endpoints_joins(entries: Entries, token: str, is_joined: bool) -> None:
    assert (difference(OUR_OWN, token, entries) is None) is is_joined


@pytest.mark.parametrize(
    ("urls", "is_builtin", "is_loopback"),
    [
        ([GOOGLE, "https://oauth2.googleapis.com/token"], True, False),
        ([MICROSOFT], True, False),
        ([OUR_OWN], False, False),
        ([GOOGLE, MICROSOFT], False, False),
        ([GOOGLE, OUR_OWN], False, False),
        (["http://localhost:1/a", "http://[::1]/t"], False, True),
        (["http://localhost:1/a", OUR_OWN], False, False),
        (["http://evil.localhost/a"], False, False),
        (["http://127.0.0.1.evil.example/a"], False, False),
        (["https://["], False, False),
    ],
)
def test_what_needs_no_question(urls: list[str], is_builtin: bool, is_loopback: bool) -> None:
    assert are_one_builtin_providers(urls) is is_builtin
    assert are_all_loopback(urls) is is_loopback


def test_hosts_of_endpoints() -> None:
    urls = ["https://SSO.example.edu:8443/a", "https://sso.example.edu./t", MICROSOFT, "https://["]
    assert endpoint_hosts(urls) == {"sso.example.edu", "login.microsoftonline.com"}
