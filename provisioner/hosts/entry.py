"""One server as a host receives it: declaration, secrets and tokens in one entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from provisioner.credentials.store import TokenSet
from provisioner.model.email_server import EmailServer, OAuth2Settings
from provisioner.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerEntry:
    """An element of `servers` in the host document (schemas/host-document.schema.json)."""

    server: EmailServer
    password: Secret | None = None
    client_secret: Secret | None = None
    token_set: TokenSet | None = None

    @property
    def name(self) -> str:
        """The server's name."""
        return self.server.server_name

    @property
    def user_name(self) -> str | None:
        """The mailbox: user_name, else login_hint, else the identity that signed in."""
        return self.server.mailbox or (self.token_set.identity if self.token_set else None)

    def secrets(self) -> tuple[Secret, ...]:
        """Every secret in the entry."""
        tokens = self.token_set
        found = (
            self.password,
            self.client_secret,
            tokens.access_token if tokens else None,
            tokens.refresh_token if tokens else None,
        )
        return tuple(secret for secret in found if secret is not None)

    def as_json(self) -> dict[str, Any]:
        """The entry as it is written, secrets revealed. Every key is there, null where not set."""
        server = self.server
        return {
            "server_name": server.server_name,
            "host": server.host,
            "port": server.port,
            "client_name": server.client_name,
            "maximum_emails_per_minute": server.maximum_emails_per_minute,
            "smtp_security_level": str(server.smtp_security_level),
            "use_tls": server.use_tls,
            "user_name": self.user_name,
            "password": _revealed(self.password),
            "oauth2": self._oauth2(server.oauth2) if server.oauth2 else None,
            "logging": (
                {"enabled": server.logging.enabled, "file_name": server.logging.file_name}
                if server.logging
                else None
            ),
        }

    def token_as_json(self) -> dict[str, Any] | None:
        """The tokens as they are written, secrets revealed; None without any."""
        return _token(self.token_set) if self.token_set else None

    def _oauth2(self, settings: OAuth2Settings) -> dict[str, Any]:
        return {
            "access_token_url": settings.access_token_url,
            "authorization_url": settings.authorization_url,
            "client_id": settings.client_id,
            "client_secret": _revealed(self.client_secret),
            "login_hint": settings.login_hint,
            "prompt": settings.prompt,
            "refresh_token_url": settings.refresh_token_url,
            "scope_for_authorize": settings.scope_for_authorize,
            "scope_for_token": settings.scope_for_token,
            "use_https_on_callback": settings.use_https_on_callback,
            "token": self.token_as_json(),
        }


def _token(tokens: TokenSet) -> dict[str, Any]:
    return {
        "grant_id": tokens.grant_id,
        "access_token": tokens.access_token.reveal(),
        "refresh_token": tokens.refresh_token.reveal(),
        "expires_at": tokens.expires_at,
        "scope": tokens.scope,
        "identity": tokens.identity,
        "token_endpoint_auth_method": tokens.token_endpoint_auth_method,
    }


def _revealed(secret: Secret | None) -> str | None:
    return secret.reveal() if secret is not None else None
