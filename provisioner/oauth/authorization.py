"""The authorization request: the address that the browser opens, and what protects its answer."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from provisioner.errors import InvalidProject
from provisioner.model.email_server import OAuth2Settings
from provisioner.providers.catalogue import is_loopback
from provisioner.providers.provider import Provider
from provisioner.secret import Secret

# Some providers read names in upper and lower case alike.
_OURS_ALONE = {
    *("response_type", "client_id", "client_secret", "redirect_uri", "state"),
    *("code_challenge", "code_challenge_method", "code_verifier"),
    # RFC 9101: an object whose redirect_uri, state and challenge would win over ours.
    *("request", "request_uri"),
}


def new_state() -> Secret:
    """256 bits, fresh for each sign-in (RFC 6749 section 10.12 asks for 128)."""
    return Secret(secrets.token_urlsafe(32))


def new_verifier() -> Secret:
    """384 bits in 64 characters: it answers the challenge at the token endpoint (RFC 7636)."""
    return Secret(secrets.token_urlsafe(48))


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
            f"{field} is not https: secrets would be sent to {host} in plain text",
            remedy="write https://",
        )
    return host


def authorization_url(
    settings: OAuth2Settings,
    provider: Provider,
    *,
    redirect_uri: str,
    state: Secret,
    verifier: Secret,
    account: str | None = None,
) -> str:
    """A request with PKCE S256, always: state and challenge are in it, no secret is.

    `account` is the login_hint where none is declared. The query of authorization_url is kept,
    and is not doubled by what we add (RFC 6749 section 3.1: no parameter more than once).
    """
    checked_endpoint(settings.authorization_url, "authorization_url")
    digest = hashlib.sha256(verifier.reveal().encode()).digest()
    declared = {
        "prompt": settings.prompt,
        "login_hint": settings.login_hint,
        "scope": settings.scope_for_authorize,
    }
    address = urlsplit(settings.authorization_url)
    others = {
        **({"login_hint": account} if account and "@" in account else {}),
        **provider.authorize_extra,
        **dict(parse_qsl(address.query, keep_blank_values=True)),
        **{name: value for name, value in declared.items() if value},
    }
    ours = {
        "response_type": "code",
        "client_id": settings.client_id,
        "redirect_uri": redirect_uri,
        "state": state.reveal(),
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    kept = {name: value for name, value in others.items() if name.casefold() not in _OURS_ALONE}
    query = urlencode({**ours, **kept})
    return urlunsplit(address._replace(query=query, fragment=""))


def select_account(settings: OAuth2Settings, provider: Provider) -> OAuth2Settings:
    """Settings with which the browser offers a choice of accounts, for one sign-in.

    `prompt` has select_account beside what else it asks for where that is allowed; `none` stands
    alone or not at all, and asks the opposite:
    https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
    """
    brought = dict(parse_qsl(urlsplit(settings.authorization_url).query)).get("prompt")
    asked = (settings.prompt or brought or provider.authorize_extra.get("prompt", "")).split()
    if provider.single_prompt or "none" in asked:
        asked = []
    return replace(settings, prompt=" ".join(dict.fromkeys([*asked, "select_account"])))
