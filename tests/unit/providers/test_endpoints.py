"""Which endpoints belong to one sign-in, and which are a built-in provider's or this machine's."""

from pathlib import Path

import pytest
import yaml

from provisioner.providers.endpoints import (
    are_all_loopback,
    are_one_builtin_providers,
    endpoint_difference,
    endpoint_hosts,
)

GOOGLE = "https://accounts.google.com/o/oauth2/v2/auth"
MICROSOFT = "https://login.microsoftonline.com/contoso.edu/oauth2/v2.0/token"
OUR_OWN = "https://sso.example.edu/token"
PAIRS = yaml.safe_load(Path(__file__).with_name("endpoint_pairs.yml").read_text("utf-8"))


@pytest.mark.parametrize(("one", "other", "why"), PAIRS)
def test_two_urls(one, other, why):
    assert endpoint_difference(one, other) == endpoint_difference(other, one) == why


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
def test_only_one_list_of_endpoints_joins(entries, token, is_joined):
    assert (endpoint_difference(OUR_OWN, token, entries) is None) is is_joined


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
def test_what_needs_no_question(urls, is_builtin, is_loopback):
    assert are_one_builtin_providers(urls) is is_builtin
    assert are_all_loopback(urls) is is_loopback


def test_hosts_of_endpoints():
    urls = ["https://SSO.example.edu:8443/a", "https://sso.example.edu./t", MICROSOFT, "https://["]
    assert endpoint_hosts(urls) == {"sso.example.edu", "login.microsoftonline.com"}
