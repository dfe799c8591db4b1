"""Who signed in, by the claims of the id_token."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.errors import SignInFailed
from provisioner.model.email_server import EmailServer, OAuth2Settings
from provisioner.providers.provider import Provider
from provisioner.secret import Secret
from provisioner.text import redact

# A clock may be off; one that is off by more is worth a word.
_LEEWAY_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Identity:
    """Every name that the provider gives the account, the most telling first."""

    names: tuple[str, ...]
    issuer: str | None

    @property
    def name(self) -> str | None:
        """The one to show; None if the provider names nobody."""
        return self.names[0] if self.names else None

    def is_called(self, name: str) -> bool:
        """Whether one of the names is this one; upper and lower case are alike."""
        return name.casefold() in {known.casefold() for known in self.names}


NOBODY = Identity((), None)


def identity_from(
    id_token: Secret | None,
    provider: Provider,
    server: EmailServer,
    settings: OAuth2Settings,
    *,
    now: float,
) -> Identity:
    """The identity in an id_token that came straight from the token endpoint.

    Over TLS from there its signature need not be checked: OpenID Connect Core 3.1.3.7 (6).
    """
    if id_token is None:
        return NOBODY
    payload = _payload(id_token)
    if payload is None:
        field = "oauth2.scope_for_authorize"
        raise SignInFailed(
            f"{server.where(field)}: the provider's id_token cannot be read",
            remedy="leave `openid` out of scope_for_authorize; the mail server then tells whether "
            "the right account signed in",
        )
    _check(payload, server, settings.client_id, now)
    ignored = {"email"} if payload.get("email_verified") in (False, "false") else set()
    found = [
        _name(payload.get(claim)) for claim in provider.identity_claims if claim not in ignored
    ]
    return Identity(
        names=tuple(dict.fromkeys(name for name in found if name is not None)),
        issuer=_name(payload.get("iss")),
    )


def _payload(id_token: Secret) -> Mapping[str, Any] | None:
    parts = id_token.reveal().split(".")
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        payload = json.loads(base64.urlsafe_b64decode(padded))
    except (IndexError, ValueError, RecursionError):
        return None
    return payload if isinstance(payload, dict) else None


def _check(payload: Mapping[str, Any], server: EmailServer, client_id: str, now: float) -> None:
    field = "oauth2.client_id"
    audience = payload.get("aud")
    if audience != client_id and not (isinstance(audience, list) and client_id in audience):
        raise SignInFailed(
            f"{server.where(field)}: the provider's id_token is meant for another client",
            remedy="check client_id and the two URLs; do they belong to one app?",
        )
    expires_at = payload.get("exp")
    if isinstance(expires_at, int | float) and expires_at + _LEEWAY_SECONDS < now:
        raise SignInFailed(
            f"{server.where()}: the provider's id_token expired before it arrived",
            remedy="set this machine's clock",
        )


def _name(value: object) -> str | None:
    """Names are shown and kept: a whole secret in one is masked. A part is no reason, since a
    token may well be made of the account's name.
    """
    fits = isinstance(value, str) and 0 < len(value) <= 320 and value.isprintable()
    return redact(str(value), pieces=False) if fits else None
