"""`--select-account`: the account page, whatever else is asked for."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from provisioner.oauth.account_choice import with_account_choice
from provisioner.oauth.authorization import authorization_request
from provisioner.providers.catalogue import provider_for
from provisioner.secret import Secret
from tests.oauth_samples import oauth_server

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
def test_property_31_the_request_asks_for_the_account_page(
    settings: dict[str, Any], prompt: str
) -> None:
    declared = oauth_server(**settings).oauth2
    assert declared is not None
    provider = provider_for(declared.authorization_url)
    request = authorization_request(
        with_account_choice(declared, provider),
        provider,
        redirect_uri="http://localhost:4711",
        state=Secret("s"),
    )
    assert parse_qs(urlsplit(request.url).query)["prompt"] == [prompt]
