"""Scopes or a prompt with which the provider gives no refresh token."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings
from provisioner.providers.provider import OFFLINE_SCOPE

ID = "no-offline-access"
SEVERITY = Severity.ERROR


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """Without a refresh token MAPS could send mail for an hour. Either scope may ask for it."""
    url = server.text("/oauth2/authorization_url")
    if not url or not server.text("/oauth2/scope_for_authorize"):
        return
    provider = surroundings.provider(url)
    if provider.offline == "scope" and not _asks_by_scope(server):
        yield Remark(
            "/oauth2/scope_for_authorize",
            f"{provider.label} gives no refresh token without the scope {OFFLINE_SCOPE}",
            f"add {OFFLINE_SCOPE}, with one space before it",
        )


def _asks_by_scope(server: Declaration) -> bool:
    scopes = (server.text("/oauth2/scope_for_authorize"), server.text("/oauth2/scope_for_token"))
    return any(OFFLINE_SCOPE in scope.split() for scope in scopes)
