"""The OAuth2 clients that the lab's provider knows."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

SCOPES = "openid email profile offline_access smtp"
_GRANTS = (
    "authorization_code",
    "refresh_token",
    "urn:ietf:params:oauth:grant-type:device_code",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One registered client; `secret` is of this run only."""

    client_id: str
    secret: str | None = field(repr=False)  # pytest prints what it compares
    method: str = "client_secret_basic"
    application_type: str = "native"
    redirect_uris: tuple[str, ...] = ("http://localhost",)
    grant_types: tuple[str, ...] = _GRANTS
    scope: str = SCOPES

    def metadata(self):
        """The client as the provider reads it (RFC 7591)."""
        return {
            "client_id": self.client_id,
            **({"client_secret": self.secret} if self.secret else {}),
            "token_endpoint_auth_method": self.method,
            "application_type": self.application_type,
            "redirect_uris": self.redirect_uris,
            "response_types": ["code"] if self.redirect_uris else [],
            "grant_types": self.grant_types,
            "scope": self.scope,
        }


def make_clients():
    """The clients by short name, each with a secret made now."""
    return {
        # RFC 8252: a native client's loopback redirect matches with any port
        "native": Client(client_id="maps-native", secret=_secret()),
        "post": Client(client_id="maps-post", secret=_secret(), method="client_secret_post"),
        "public": Client(client_id="maps-public", secret=None, method="none"),
        # https is for web clients only; provider.mjs lets their port vary too
        "web": Client(
            client_id="maps-web",
            secret=_secret(),
            application_type="web",
            redirect_uris=("https://localhost",),
        ),
        # answers without refresh_token, whatever was asked
        "without_refresh": Client(
            client_id="maps-without-refresh",
            secret=_secret(),
            grant_types=("authorization_code",),
        ),
        # Dovecot, which asks about tokens (RFC 7662)
        "dovecot": Client(
            client_id="dovecot", secret=_secret(), redirect_uris=(), grant_types=(), scope="openid"
        ),
    }


def _secret():
    return secrets.token_hex(24)
