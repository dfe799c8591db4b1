"""A TokenSet as the YAML that `ansible-vault view` shows, and back, checked strictly."""

from __future__ import annotations

from dataclasses import MISSING, fields
from datetime import UTC, datetime
from types import NoneType
from typing import Any, get_args, get_type_hints

from provisioner.errors import TokenStoreError
from provisioner.secret import Secret
from provisioner.tokens.token_set import TokenSet

SCHEMA_VERSION = 1

_HEADER = """\
# OAuth2 tokens of one email server, kept by maps-provisioner. Not to be edited by hand:
# `provisioner authenticate` and `provisioner refresh` write this file.
"""


def token_text(token_set: TokenSet) -> str:
    """The token set as YAML. It holds the tokens in clear: for encryption only."""
    import yaml

    values = {field.name: getattr(token_set, field.name) for field in fields(TokenSet)}
    plain = {
        name: value.reveal() if isinstance(value, Secret) else value
        for name, value in values.items()
    }
    expiry = datetime.fromtimestamp(token_set.expires_at, UTC).isoformat(sep=" ")
    body: str = yaml.safe_dump(
        {"schema_version": SCHEMA_VERSION, **plain}, sort_keys=False, allow_unicode=True, width=1000
    )
    return f"{_HEADER}# The access token expires at {expiry}.\n{body}"


def token_set_from(text: Secret, *, origin: str) -> TokenSet:
    """The token set in this YAML. TokenStoreError names what is wrong, never a value."""
    values = _mapping(text, origin)
    version = values.pop("schema_version", None)
    if version != SCHEMA_VERSION:
        raise TokenStoreError(
            f"{origin} has schema_version {version if isinstance(version, int) else 'unknown'}; "
            f"this maps-provisioner reads {SCHEMA_VERSION}",
            remedy="use the maps-provisioner that wrote it, or sign in again",
        )
    return TokenSet(**_checked(values, origin))


def _mapping(text: Secret, origin: str) -> dict[str, Any]:
    import yaml

    try:
        values = yaml.safe_load(text.reveal())
    except (yaml.YAMLError, ValueError, RecursionError):
        values = None  # the parser's own words would quote the text
    if not isinstance(values, dict):
        raise _foreign(f"{origin} holds something other than tokens")
    return values


def _checked(values: dict[str, Any], origin: str) -> dict[str, Any]:
    hints = get_type_hints(TokenSet)
    required = {field.name for field in fields(TokenSet) if field.default is MISSING}
    for name in sorted(required - values.keys()):
        raise _foreign(f"{origin} lacks {name}")
    for name, value in values.items():
        if name not in hints:
            raise _foreign(f"{origin} has an unknown key")
        if not _fits(value, hints[name]):
            raise _foreign(f"{origin}: {name} is not what is kept there")
    return {
        name: Secret(value) if hints[name] is Secret else value for name, value in values.items()
    }


def _fits(value: object, hint: Any) -> bool:
    if hint is Secret:
        return isinstance(value, str) and bool(value)
    if hint is int:
        return type(value) is int and 0 <= value < 2**53
    if hint is str:
        return isinstance(value, str)
    return any(value is None if one is NoneType else _fits(value, one) for one in get_args(hint))


def _foreign(message: str) -> TokenStoreError:
    return TokenStoreError(
        message,
        remedy="it was edited or is not ours: restore it from git or a backup, "
        "or move it away and sign in again",
    )
