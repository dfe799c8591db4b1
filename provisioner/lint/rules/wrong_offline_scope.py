"""Offline access asked for by a scope that the provider does not know."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.oauth_urls import provider_of
from provisioner.lint.remark import Remark
from provisioner.lint.scopes import listed
from provisioner.lint.surroundings import Surroundings
from provisioner.providers.provider import OFFLINE_SCOPE, Provider

ID = "wrong-offline-scope"
SEVERITY = Severity.ERROR

_FIELDS = ("/oauth2/scope_for_authorize", "/oauth2/scope_for_token")
_OFFLINE = frozenset({"offline", OFFLINE_SCOPE})


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """Only where it is known how the provider is asked."""
    asked = {pointer: _OFFLINE.intersection(listed(server.text(pointer))) for pointer in _FIELDS}
    if not any(asked.values()):
        return
    provider = provider_of(server, surroundings)
    if provider is None:
        return
    for pointer, scopes in asked.items():
        found = _problem(scopes, provider)
        if found is not None:
            yield Remark(pointer, *found)


def _problem(scopes: frozenset[str], provider: Provider) -> tuple[str, str] | None:
    if scopes and provider.offline == "param":
        name, value = next(iter(provider.authorize_extra.items()), ("a parameter", "its own"))
        return (
            f"{provider.label} has no scope for offline access, and refuses the whole sign-in",
            f"remove {' and '.join(sorted(scopes))}: the sign-in asks with {name}={value}",
        )
    if "offline" in scopes and provider.offline == "scope":
        return (
            f"{provider.label} has no scope of the name offline",
            f"write {OFFLINE_SCOPE} instead of it",
        )
    return None
