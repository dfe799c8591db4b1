"""The tokens in a good answer, read strictly: RFC 6749 section 5.1."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.oauth.token_faults import Unusable
from provisioner.secret import Secret
from provisioner.text import redact

# Where the provider does not say how long an access token lives, it is taken for short-lived.
ASSUMED_LIFE_SECONDS = 600

_LONGEST_LIFE_SECONDS = 10 * 365 * 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenAnswer:
    """A good answer. `expires_in` in seconds; None where the provider does not say."""

    access_token: Secret
    refresh_token: Secret | None
    expires_in: int | None
    scope: str | None
    id_token: Secret | None
    auth_method: str
    refresh_token_expires_in: int | None = None

    def expires_at(self, now: float) -> int:
        """When the access token ends, in Unix seconds by our own clock."""
        lives = ASSUMED_LIFE_SECONDS if self.expires_in is None else self.expires_in
        return int(now) + lives

    def refresh_token_expires_at(self, now: float) -> int | None:
        """When the refresh token ends, where the provider says it. No standard has this member.

        Google gives it where access is limited in time, such as in Testing:
        https://developers.google.com/identity/protocols/oauth2/web-server#exchange-authorization-code
        """
        lives = self.refresh_token_expires_in
        return int(now) + lives if lives else None


def token_answer(members: Mapping[str, Any], auth_method: str) -> TokenAnswer:
    """The tokens among the members of the answer; Unusable without them.

    A scope is shown and kept in the clear: a whole secret in it is masked.
    """
    token_type = members.get("token_type")
    # RFC 6749 section 7.1: a client must not use a type that it does not know.
    if token_type is not None and str(token_type).casefold() != "bearer":
        raise Unusable("gives tokens of another type than Bearer")
    access_token = _token(members, "access_token")
    if access_token is None:
        raise Unusable("gives no access_token")
    scope = members.get("scope")
    if scope is not None and not _is_printable(scope):
        raise Unusable("gives a scope that is not printable text")
    refresh_token, id_token = _token(members, "refresh_token"), _id_token(members)
    return TokenAnswer(
        access_token=access_token,
        refresh_token=refresh_token,
        expires_in=lifetime(members.get("expires_in")),
        scope=scope and redact(" ".join(scope.split()), pieces=False),
        id_token=id_token,
        auth_method=auth_method,
        refresh_token_expires_in=lifetime(members.get("refresh_token_expires_in")),
    )


def without_what_may_lack(members: Mapping[str, Any]) -> Mapping[str, Any]:
    """An answer to a refresh: a new refresh token must not be lost for a scope that is odd."""
    scope = members.get("scope")
    odd = {"id_token"} | ({"scope"} if not _is_printable(scope) else set())
    return {name: value for name, value in members.items() if name not in odd}


def lifetime(value: object) -> int | None:
    """Seconds in 3599, "3599" and 3599.0 alike; None for what says nothing."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return int(min(max(seconds, 0), _LONGEST_LIFE_SECONDS)) if math.isfinite(seconds) else None


def _id_token(members: Mapping[str, Any]) -> Secret | None:
    """One that is not even text is one that cannot be read: whoever looks into it will say so."""
    value = members.get("id_token")
    return None if value in (None, "") else Secret(value if _is_printable(value) else "")


def _token(members: Mapping[str, Any], name: str) -> Secret | None:
    value = members.get(name)
    if value is None or value == "":
        return None
    if not _is_printable(value):
        raise Unusable(f"gives a {name} that is not printable text")
    return Secret(value)


def _is_printable(value: object) -> bool:
    """RFC 6749 appendix A: tokens and scopes are printable ASCII."""
    return isinstance(value, str) and value.isascii() and value.isprintable()
