"""Scopes of several resources where one token serves one resource."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.oauth_urls import provider_of
from provisioner.lint.remark import Remark
from provisioner.lint.scopes import accesses, sends_by_smtp, split_scope
from provisioner.lint.surroundings import Surroundings
from provisioner.providers.provider import Provider

ID = "mixed-resources"
SEVERITY = Severity.ERROR

_AUTHORIZE, _TOKEN = "/oauth2/scope_for_authorize", "/oauth2/scope_for_token"


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """The sign-in may ask for several, if the exchange of the code then names one of them."""
    pointer = _TOKEN if server.text(_TOKEN) else _AUTHORIZE
    scopes = accesses(server.text(pointer))
    if len(scopes) < 2:
        return
    provider = provider_of(server, surroundings)
    if provider is None or provider.default_resource is None:
        return
    if _resource_beside_mail(scopes, provider):
        yield Remark(
            pointer,
            f"these are scopes of several resources; a token of {provider.label} serves one (a "
            f"scope without an address means {provider.default_resource})",
            _remedy(pointer, provider),
        )


def _resource_beside_mail(scopes: list[str], provider: Provider) -> bool:
    """Without a scope for mail all are wrong, which another rule says."""
    mail = [scope for scope in scopes if sends_by_smtp(scope, provider)]
    known = (*provider.smtp_scopes, *mail)
    mail_resources = {split_scope(scope.casefold())[0] for scope in known}
    others = [scope for scope in scopes if split_scope(scope.casefold())[0] not in mail_resources]
    return bool(mail and others)


def _remedy(pointer: str, provider: Provider) -> str:
    keep = "keep the scopes for mail, openid, profile, email and offline_access"
    if pointer == _TOKEN or not provider.smtp_scopes:
        return keep
    return f"{keep}; or name the one for mail in scope_for_token: {provider.smtp_scopes[0]}"
