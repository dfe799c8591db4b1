"""The authorization request: the address that the browser opens."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from provisioner.model.email_server import OAuth2Settings
from provisioner.oauth.endpoint_url import checked_endpoint
from provisioner.providers.provider import Provider
from provisioner.secret import Secret


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """`url` is shown and given to the browser: state and challenge are in it, no secret is.

    `verifier` answers the challenge at the token endpoint (RFC 7636).
    """

    url: str
    verifier: Secret


def new_state() -> Secret:
    """256 bits, fresh for each sign-in (RFC 6749 section 10.12 asks for 128)."""
    return Secret(secrets.token_urlsafe(32))


def authorization_request(
    settings: OAuth2Settings,
    provider: Provider,
    *,
    redirect_uri: str,
    state: Secret,
    account: str | None = None,
) -> AuthorizationRequest:
    """A request with PKCE S256, always. `account` is the login_hint where none is declared.

    What authorization_url brings along in its query stays, and is not doubled by what we add
    (RFC 6749 section 3.1: no parameter more than once).
    """
    from authlib.integrations.requests_client import OAuth2Session

    checked_endpoint(settings.authorization_url, "authorization_url")
    verifier = Secret(secrets.token_urlsafe(48))
    declared = {
        "prompt": settings.prompt,
        "login_hint": settings.login_hint,
        "scope": settings.scope_for_authorize,
    }
    ours = {name: value for name, value in declared.items() if value}
    address, brought = _without_query(settings.authorization_url)
    hint = {"login_hint": account} if account and "@" in account else {}
    extra = {k: v for k, v in provider.authorize_extra.items() if not _is_ours_alone(k)}
    kept = {k: v for k, v in brought.items() if k not in ours and not _is_ours_alone(k)}
    with OAuth2Session(settings.client_id, code_challenge_method="S256") as session:
        url, _ = session.create_authorization_url(
            address,
            state=state.reveal(),
            code_verifier=verifier.reveal(),
            redirect_uri=redirect_uri,
            **{**hint, **extra, **kept, **ours},
        )
    return AuthorizationRequest(url, verifier)


_OURS_ALONE = frozenset(
    {
        # RFC 9101: an object whose redirect_uri, state and challenge would win over ours.
        "request",
        "request_uri",
        "response_type",
        "client_id",
        "redirect_uri",
        "state",
        "code_challenge",
        "code_challenge_method",
        "code_verifier",
        "client_secret",
    }
)


def _is_ours_alone(name: str) -> bool:
    """Some providers read names in upper and lower case alike."""
    return name.casefold() in _OURS_ALONE


def _without_query(url: str) -> tuple[str, Mapping[str, str]]:
    parts = urlsplit(url)
    brought = dict(parse_qsl(parts.query, keep_blank_values=True))
    return urlunsplit(parts._replace(query="", fragment="")), brought
