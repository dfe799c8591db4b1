"""What people call a provider, or a mail server without one."""

from __future__ import annotations

from functools import cache

from provisioner.lint.mistakes.nearest import nearest, same_letters
from provisioner.providers.all_providers import PROVIDERS

# Answers that name no OAuth2 provider -> the default security level of the server.
KINDS = {"other": "oauth2", "password": "login", "relay": "none"}
# Provider -> what else people call it.
_ALIASES = {
    "microsoft": (
        *("Microsoft 365", "Office 365", "O365", "M365", "MS365", "Office", "Outlook 365", "Azure"),
        *("Exchange", "Exchange Online", "Outlook", "Entra", "Entra ID", "Azure AD", "AAD"),
    ),
    "microsoft-gcc-high": ("GCC High", "Office 365 GCC High"),
    "microsoft-china": ("21Vianet", "Office 365 China"),
    "microsoft-high-volume-email": ("HVE", "High Volume Email"),
    "outlook.com": ("Hotmail", "Live", "MSN"),
    "google": ("Gmail", "Google Mail", "Workspace", "Google Workspace", "G Suite"),
    "yahoo": ("Ymail", "Yahoo Mail"),
    "aol": ("AOL Mail",),
    "zoho": ("Zoho Mail",),
    "yandex": ("Yandex Mail",),
    "comcast": ("Xfinity",),
    "password": ("SMTP", "Basic", "Login", "Plain", "SMTP AUTH"),
    "relay": ("None", "Smarthost", "SMTP relay", "Anonymous"),
    "other": ("OIDC", "OAuth2", "OpenID", "Keycloak", "Okta", "Own"),
}


def listed_providers() -> list[str]:
    return [*(provider.name for provider in PROVIDERS), *KINDS]


def provider_named(word: str) -> str:
    """The name in our list for what people write; KeyError if there is none."""
    return _by_letters()[same_letters(word)]


def complaint_about_provider(word: str) -> str:
    """What is wrong with a name; empty if it is known."""
    if same_letters(word) in _by_letters():
        return ""
    near = nearest(word, _by_letters())
    hint = f"did you mean {_by_letters()[near]}?" if near else "other prompts for the URLs"
    return f"unknown provider; {hint}"


@cache
def _by_letters() -> dict[str, str]:
    aliases = {same_letters(word): name for name, words in _ALIASES.items() for word in words}
    return aliases | {same_letters(name): name for name in listed_providers()}


def complete_provider(incomplete: str) -> list[str]:
    """The names that go on as typed."""
    return [name for name in listed_providers() if name.startswith(incomplete.casefold())]
