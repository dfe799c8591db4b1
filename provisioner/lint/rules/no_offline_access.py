"""Settings with which the provider gives no refresh token."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.prompts import wrong_prompt
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings
from provisioner.providers.provider import OFFLINE_SCOPE, Provider

ID = "no-offline-access"
SEVERITY = Severity.ERROR

_URL, _SCOPE, _PROMPT = "/oauth2/authorization_url", "/oauth2/scope_for_authorize", "/oauth2/prompt"


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """Without a refresh token MAPS could send mail for an hour. Facts are the catalogue's."""
    if not server.text(_URL) or not server.text(_SCOPE):
        return
    provider = surroundings.provider(server.text(_URL))
    if provider.offline == "scope" and not _asks_by_scope(server):
        yield Remark(
            _SCOPE,
            f"{provider.label} gives no refresh token without the scope {OFFLINE_SCOPE}",
            f"add {OFFLINE_SCOPE}, with one space before it",
        )
    if provider.offline == "param":
        yield from _undone_parameters(server, provider)


def _asks_by_scope(server: Declaration) -> bool:
    """Either scope may ask for it; that `offline` is misspelt says a rule of its own."""
    scopes = (server.text(_SCOPE), server.text("/oauth2/scope_for_token"))
    return any(not {OFFLINE_SCOPE, "offline"}.isdisjoint(scope.split()) for scope in scopes)


def _undone_parameters(server: Declaration, provider: Provider) -> Iterator[Remark]:
    """The sign-in adds the provider's parameters; what is declared wins over them."""
    brought = _parameters(server.text(_URL))
    for name, value in provider.authorize_extra.items():
        is_field = name == "prompt" and bool(server.text(_PROMPT))
        if is_field and wrong_prompt(server.text(_PROMPT), provider):
            continue  # said by a rule of its own
        declared = server.text(_PROMPT) if is_field else brought.get(name, value)
        if value not in declared.split():
            yield Remark(
                _PROMPT if is_field else _URL,
                f"{provider.label} gives a refresh token for certain only with {name}={value}",
                f"write {value}, or leave it out: the sign-in adds it",
            )


def _parameters(url: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    except ValueError:  # a bracket without its twin
        return {}
