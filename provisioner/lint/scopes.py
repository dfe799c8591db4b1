"""Scopes: whether one lets mail be sent by SMTP, and whose resource it is of."""

from __future__ import annotations

import re
from functools import lru_cache

from provisioner.providers.provider import SCOPES_WITHOUT_ACCESS, Provider

# `offline` is a misspelling that a rule of its own marks.
_NO_ACCESS = SCOPES_WITHOUT_ACCESS | {"offline"}
_BETWEEN = re.compile(r"[\s,;]+")


@lru_cache(maxsize=1024)
def listed(scope_field: str) -> tuple[str, ...]:
    """The scopes of a field; commas between them are wrong, which the schema says."""
    return tuple(scope for scope in _BETWEEN.split(scope_field) if scope)


def accesses(scope_field: str) -> list[str]:
    """The scopes that ask for access to something."""
    return [one for one in listed(scope_field) if one.casefold() not in _NO_ACCESS]


def sends_by_smtp(scope: str, provider: Provider) -> bool:
    """Whether it is a known scope for SMTP, or of that name at a resource that may be right.

    Exchange Online, say, has more names than the catalogue: https://outlook.com/SMTP.Send.
    """
    return _sends(scope.casefold(), provider.smtp_scopes, provider.wrong_scopes)


@lru_cache(maxsize=1024)
def _sends(name: str, smtp_scopes: tuple[str, ...], wrong_scopes: tuple[str, ...]) -> bool:
    right = {known.casefold() for known in smtp_scopes}
    if name in right:
        return True
    resource, permission = split_scope(name)
    wrong = {split_scope(known.casefold())[0] for known in wrong_scopes}
    permissions = {split_scope(known)[1] for known in right} - {""}
    return bool(resource) and permission in permissions and resource not in wrong


def known_wrong(scope: str, provider: Provider) -> str | None:
    """A scope that the catalogue knows as wrong, as it spells it."""
    name = scope.casefold()
    return next((known for known in provider.wrong_scopes if known.casefold() == name), None)


def split_scope(scope: str) -> tuple[str, str]:
    """`https://outlook.office.com/SMTP.Send` -> resource and permission; no resource in a name."""
    resource, _, permission = scope.rpartition("/")
    return resource.rstrip("/"), permission
