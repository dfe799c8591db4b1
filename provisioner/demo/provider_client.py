"""The embedded provider's client: how it proves itself, and the id_token that is made for it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Collection, Mapping
from urllib.parse import unquote_plus

from provisioner.demo.provider_grants import Grant, Refusal
from provisioner.secret import Secret

_ID_TOKEN_SECONDS = 300


def authenticated_client(
    header: str,
    parameters: Mapping[str, str],
    *,
    client_id: str,
    client_secret: Secret,
    methods: Collection[str],
) -> str:
    """The client's id, proven by HTTP Basic or in the body: RFC 6749 section 2.3.1."""
    if header.startswith("Basic "):
        method, (given_id, secret) = "client_secret_basic", _basic(header)
    else:
        method = "client_secret_post"
        given_id, secret = parameters.get("client_id", ""), parameters.get("client_secret", "")
    right = hmac.compare_digest(secret.encode(), client_secret.reveal().encode())
    if method not in methods or given_id != client_id or not right:
        raise Refusal("invalid_client", "client authentication failed")
    return client_id


def id_token(grant: Grant, *, issuer: str, key: Secret) -> str:
    """Who signed in, signed with HS256: OpenID Connect Core sections 2 and 10.1."""
    now = int(time.time())
    claims = {
        "iss": issuer,
        "sub": hashlib.sha256(grant.mailbox.encode()).hexdigest()[:16],
        "aud": grant.client_id,
        "iat": now,
        "exp": now + _ID_TOKEN_SECONDS,
        "email": grant.mailbox,
        "email_verified": True,
        "preferred_username": grant.mailbox,
    }
    signed = f"{_segment({'alg': 'HS256', 'typ': 'JWT'})}.{_segment(claims)}"
    return f"{signed}.{_base64url(hmac.digest(key.reveal().encode(), signed.encode(), 'sha256'))}"


def _basic(header: str) -> tuple[str, str]:
    try:
        pair = base64.b64decode(header.removeprefix("Basic "), validate=True).decode()
    except ValueError:
        return "", ""
    client_id, _, secret = pair.partition(":")
    return unquote_plus(client_id), unquote_plus(secret)


def _segment(content: Mapping[str, object]) -> str:
    return _base64url(json.dumps(content).encode())


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
