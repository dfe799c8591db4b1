"""The OAuth2 tokens of one server, as they are kept."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSet:
    """Tokens of one grant and what they are bound to. Times are Unix seconds.

    `grant_id` names the sign-in: a refresh keeps it, a new `authenticate` makes a new one.
    `refresh_endpoint` is None where refresh requests go to the token endpoint.
    `identity` is None where the provider names no account; the SMTP proof then decided.
    `unproven` says why the mail server has not yet taken the token; None: it has.
    `proven_at` is when the mail server last took a token of this grant, as far as is known, and
    `proven_by` the host from which; None: from the machine that keeps them.
    `refresh_token_expires_at` is the provider's own word; None: it gave none.
    `handed_over_to` names the one host that now owns a refresh token that rotates strictly.
    """

    server_name: str
    grant_id: str
    access_token: Secret
    refresh_token: Secret
    expires_at: int
    scope: str
    identity: str | None
    issuer: str | None
    client_id: str
    token_endpoint: str
    refresh_endpoint: str | None = None
    smtp_host: str
    token_endpoint_auth_method: str
    obtained_at: int
    refreshed_at: int
    unproven: str | None = None
    proven_at: int | None = None
    proven_by: str | None = None
    refresh_token_expires_at: int | None = None
    handed_over_to: str | None = None

    def expires_within(self, seconds: float, *, now: float) -> bool:
        """Whether the access token is, or will be in `seconds`, expired."""
        return self.expires_at <= now + seconds
