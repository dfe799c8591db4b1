"""What the embedded provider has granted: codes, access tokens, refresh tokens, and their end."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from dataclasses import dataclass

_CODE_SECONDS = 60


class Refusal(Exception):
    """An OAuth2 error answer: RFC 6749 section 5.2."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error)
        self.error = error
        self.description = description


@dataclass(slots=True, eq=False)
class Grant:
    """What one person allowed one client."""

    client_id: str
    mailbox: str
    scope: str
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class _Code:
    grant: Grant
    redirect_uri: str
    code_challenge: str
    expires_at: float


class Grants:
    """The grants of one provider, in memory. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._codes: dict[str, _Code] = {}
        self._redeemed: dict[str, Grant] = {}
        self._access: dict[str, tuple[Grant, float]] = {}
        self._refresh: dict[str, Grant] = {}
        self._rotated: dict[str, Grant] = {}

    def code(self, grant: Grant, *, redirect_uri: str, code_challenge: str) -> str:
        """A code for one use."""
        code = secrets.token_urlsafe(24)
        entry = _Code(grant, redirect_uri, code_challenge, time.time() + _CODE_SECONDS)
        with self._lock:
            self._codes[code] = entry
        return code

    def redeem(self, code: str, *, client_id: str, redirect_uri: str, verifier: str) -> Grant:
        """The grant behind the code; using it twice ends the grant (RFC 6749 section 4.1.2)."""
        with self._lock:
            if code in self._redeemed:
                self._redeemed[code].revoked = True
                raise Refusal("invalid_grant", "the code was used twice")
            entry = self._codes.pop(code, None)
            if entry is None or entry.expires_at < time.time():
                raise Refusal("invalid_grant", "the code is unknown or has expired")
            if entry.grant.client_id != client_id or entry.redirect_uri != redirect_uri:
                raise Refusal("invalid_grant", "the code was given to another client or address")
            if not secrets.compare_digest(s256(verifier), entry.code_challenge):
                raise Refusal("invalid_grant", "the code_verifier does not match (RFC 7636)")
            self._redeemed[code] = entry.grant
            return entry.grant

    def access_token(self, grant: Grant, *, seconds: float) -> str:
        """A new access token of this grant."""
        token = secrets.token_urlsafe(24)
        with self._lock:
            self._access[token] = (grant, time.time() + seconds)
        return token

    def refresh_token(self, grant: Grant) -> str:
        """A new refresh token of this grant."""
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._refresh[token] = grant
        return token

    def refreshed(self, token: str, *, client_id: str, rotate: bool) -> Grant:
        """The grant of this refresh token, which with `rotate` was used for the last time.

        A rotated token that comes again ends the whole grant (RFC 9700 section 4.14.2).
        """
        with self._lock:
            if token in self._rotated:
                self._rotated[token].revoked = True
                raise Refusal("invalid_grant", "the refresh token was used before")
            grant = self._refresh.get(token)
            if grant is None or grant.revoked or grant.client_id != client_id:
                raise Refusal("invalid_grant", "the refresh token is unknown or was revoked")
            if rotate:
                self._rotated[token] = self._refresh.pop(token)
            return grant

    def active(self, token: str) -> tuple[Grant, float] | None:
        """The grant and the end of an access token that is good now."""
        with self._lock:
            found = self._access.get(token)
        if found is None or found[0].revoked or found[1] <= time.time():
            return None
        return found

    def revoke(self, token: str) -> None:
        """End the grant that this token, of either kind, belongs to (RFC 7009)."""
        with self._lock:
            known = self._refresh.get(token) or self._access.get(token, (None,))[0]
            if known is not None:
                known.revoked = True

    def revoke_all(self) -> None:
        """End every grant: what an administrator does after an incident."""
        with self._lock:
            for grant in [*self._refresh.values(), *(entry[0] for entry in self._access.values())]:
                grant.revoked = True


def s256(verifier: str) -> str:
    """RFC 7636 section 4.2."""
    digest = hashlib.sha256(verifier.encode("ascii", errors="replace")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
