"""Settings with which the browser offers a choice of accounts, for one sign-in."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from provisioner.model.email_server import OAuth2Settings
from provisioner.providers.provider import Provider

# https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
CHOICE = "select_account"


def with_account_choice(settings: OAuth2Settings, provider: Provider) -> OAuth2Settings:
    """`prompt` with select_account, beside what else it asks for where that is allowed.

    `none` stands alone or not at all, and asks the opposite.
    """
    asked = _prompt(settings, provider).split()
    if provider.single_prompt or "none" in asked:
        asked = []
    return replace(settings, prompt=" ".join(dict.fromkeys([*asked, CHOICE])))


def _prompt(settings: OAuth2Settings, provider: Provider) -> str:
    """What would be asked for, in the order in which an authorization request looks."""
    brought = parse_qs(urlsplit(settings.authorization_url).query).get("prompt", [""])[-1]
    return settings.prompt or brought or provider.authorize_extra.get("prompt", "")
