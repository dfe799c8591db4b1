"""A grant ended at its provider: RFC 7009."""

from __future__ import annotations

import time
from pathlib import Path

from provisioner.credentials.store import TokenSet
from provisioner.errors import RevocationFailed
from provisioner.model.email_server import EmailServer
from provisioner.oauth.authorization import checked_endpoint
from provisioner.oauth.token_endpoint import (
    SECONDS_UNDER_LOCK,
    TokenEndpoint,
    TokenErrorResponse,
    TokenRequestError,
)
from provisioner.providers.endpoints import absolute_url
from provisioner.providers.provider import Provider
from provisioner.secret import Secret

_FIELD = "revocation_url"

# The token is dead already. RFC 7009 section 2.2 answers 200 then; Google says 400 invalid_token.
_ENDED_ALREADY = frozenset({"invalid_token", "invalid_grant"})


def revocation_endpoint(token_endpoint: str, provider: Provider) -> str | None:
    """The provider's endpoint, if it has one; InvalidProject if its URL will not do."""
    if provider.revocation_url is None:
        return None
    url = absolute_url(token_endpoint, provider.revocation_url)
    checked_endpoint(url, _FIELD)
    return url


def revoke_grant(
    url: str,
    server: EmailServer,
    tokens: TokenSet,
    client_secret: Secret,
    *,
    ca_file: Path | None = None,
) -> str:
    """End the grant; what is left to say, or nothing. RevocationFailed: it lives on.

    The refresh token goes first: with it the grant ends. The access token then mostly is dead
    (RFC 7009 section 2.1 makes that a SHOULD), so its own refusal is a remark and no failure.
    """
    assert server.oauth2 is not None  # noqa: S101  there are tokens
    client = TokenEndpoint(
        url=url,
        field=_FIELD,
        client_id=server.oauth2.client_id,
        client_secret=client_secret,
        auth_method=tokens.token_endpoint_auth_method,
        ca_file=ca_file,
        deadline=time.monotonic() + SECONDS_UNDER_LOCK,
    )
    try:
        _end(client, tokens.refresh_token, "refresh_token")
    except TokenErrorResponse as refused:
        said = refused.refusal
        raise RevocationFailed(
            f"{server.server_name}: {said.message()}", remedy=said.remedy(server)
        ) from None
    except TokenRequestError as fault:
        raise RevocationFailed(
            f"{server.server_name}: {fault.message}", remedy=fault.remedy
        ) from None
    try:
        _end(client, tokens.access_token, "access_token")
    except (TokenErrorResponse, TokenRequestError):
        return (
            "the provider did not revoke the access token itself: it may be valid until it expires"
        )
    return ""


def _end(client: TokenEndpoint, token: Secret, kind: str) -> None:
    try:
        client.revoke(token, kind=kind)
    except TokenErrorResponse as refused:
        if refused.refusal.error not in _ENDED_ALREADY:
            raise
