"""The authorization request: the address that the browser opens, and where secrets may go."""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from provisioner.errors import InvalidProject
from provisioner.model.email_server import OAuth2Settings
from provisioner.providers.catalogue import is_loopback
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
    parameters = {
        "response_type": "code",
        "client_id": settings.client_id,
        "redirect_uri": redirect_uri,
        "state": state.reveal(),
        "code_challenge": _challenge(verifier),
        "code_challenge_method": "S256",
    }
    return AuthorizationRequest(
        f"{address}?{urlencode({**hint, **extra, **kept, **ours, **parameters})}", verifier
    )


def _challenge(verifier: Secret) -> str:
    """RFC 7636 section 4.2."""
    digest = hashlib.sha256(verifier.reveal().encode("ascii")).digest()
    return urlsafe_b64encode(digest).decode("ascii").rstrip("=")


def checked_endpoint(url: str, field: str) -> str:
    """The URL's host; InvalidProject unless it is https or loopback (RFC 6749 section 3.2)."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", None
    if parts is None or not host or parts.username is not None:
        raise InvalidProject(f"{field} is not a URL with a host", remedy="write https://HOST/PATH")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise InvalidProject(
            f"{field} is not https: secrets would travel in the clear to {host}",
            remedy="write https://",
        )
    return host


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
