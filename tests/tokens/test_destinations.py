"""Tokens travel where they were obtained for, and nowhere else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from provisioner.errors import ExitCode, PersonNeeded
from provisioner.model.email_server import SecurityLevel
from provisioner.tokens.destinations import check_destinations
from tests.oauth_samples import oauth_server, token_set

EVIL = "https://evil.example/token"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"access_token_url": EVIL},
            f"access_token_url changed from https://sso.example.edu/token to {EVIL}",
        ),
        ({"refresh_token_url": EVIL}, f"the refresh endpoint changed from .* to {EVIL}"),
        ({"client_id": "evil"}, "client_id changed from maps to evil"),
        ({"host": "evil.example"}, "host changed from localhost to evil.example"),
    ],
)
def test_a_pull_request_that_redirects_tokens_needs_a_person(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(PersonNeeded, match=words) as caught:
        check_destinations(token_set(), oauth_server(**changes))
    assert caught.value.exit_code == ExitCode.PERSON_NEEDED
    assert "nothing was sent" in caught.value.message
    assert "provisioner authenticate Reports" in caught.value.remedy


def test_a_server_without_oauth2_gets_no_token() -> None:
    server = replace(oauth_server(), oauth2=None, smtp_security_level=SecurityLevel.NONE)
    with pytest.raises(PersonNeeded, match="no longer uses OAuth2"):
        check_destinations(token_set(), server)


@pytest.mark.parametrize(
    ("kept", "declared"),
    [
        ({}, {}),
        ({}, {"host": "LOCALHOST"}),
        ({}, {"scope_for_token": "smtp", "login_hint": "other@example.edu"}),
        ({}, {"refresh_token_url": "https://sso.example.edu/token"}),
        (
            {"refresh_endpoint": "https://sso.example.edu/refresh"},
            {"refresh_token_url": "https://sso.example.edu/refresh"},
        ),
    ],
)
def test_the_same_destinations_pass(kept: dict[str, Any], declared: dict[str, Any]) -> None:
    check_destinations(token_set(**kept), oauth_server(**declared))
