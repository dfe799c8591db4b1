"""Scopes with which the provider's SMTP server takes no mail."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.oauth_urls import provider_of
from provisioner.lint.remark import Remark
from provisioner.lint.scopes import accesses, known_wrong, listed, sends_by_smtp
from provisioner.lint.surroundings import Surroundings
from provisioner.providers.provider import Provider

ID = "wrong-scope"
SEVERITY = Severity.ERROR

_FIELDS = ("/oauth2/scope_for_authorize", "/oauth2/scope_for_token")


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """One right scope is enough; what else is asked for is nobody's business here."""
    provider = provider_of(server, surroundings)
    if provider is None or not (provider.smtp_scopes or provider.wrong_scopes):
        return
    for pointer in _FIELDS:
        text = server.text(pointer)
        if text and not any(sends_by_smtp(scope, provider) for scope in listed(text)):
            yield from _remarks(pointer, accesses(text), provider)


def _remarks(pointer: str, scopes: list[str], provider: Provider) -> Iterator[Remark]:
    wrong = next(filter(None, (known_wrong(scope, provider) for scope in scopes)), None)
    right = provider.smtp_scopes[0] if provider.smtp_scopes else ""
    who = provider.label
    if wrong is not None and right:
        yield Remark(
            pointer,
            f"a token for {wrong} is refused by SMTP at {who}",
            f"write {right} instead of it",
        )
    elif right:
        near = any(scope.casefold() == right.casefold().rstrip("/") for scope in scopes)
        yield Remark(
            pointer,
            f"none of these scopes lets mail be sent by SMTP at {who}",
            f"write {right} with the slash at its end" if near else f"add {right}",
        )
    elif wrong is not None and all(known_wrong(scope, provider) for scope in scopes):
        yield Remark(
            pointer,
            f"a token for {wrong} is refused by SMTP at {who}, and no scope is known that is not",
            "sign in with a password (smtp_security_level: login), or use another mail server",
        )
