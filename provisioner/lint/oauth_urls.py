"""The OAuth2 URLs of a server, taken apart, and whose they are."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import SplitResult, parse_qs, urlsplit

from provisioner.lint.declaration import Declaration
from provisioner.lint.surroundings import Surroundings
from provisioner.providers.endpoints import host_of, share_endpoints
from provisioner.providers.provider import Provider

AUTHORIZATION_URL = "/oauth2/authorization_url"
TOKEN_URL = "/oauth2/access_token_url"  # noqa: S105
REFRESH_URL = "/oauth2/refresh_token_url"
URLS = (AUTHORIZATION_URL, TOKEN_URL, REFRESH_URL)


@lru_cache(maxsize=1024)
def taken_apart(url: str) -> SplitResult:
    """The parts of a URL; all empty if it is none."""
    try:
        parts = urlsplit(url)
        _ = parts.hostname, parts.port
    except ValueError:  # a bracket without its twin, a port that is no number
        return urlsplit("")
    return parts


def parameters(url: str) -> dict[str, list[str]]:
    """What a URL brings along behind its question mark."""
    query = taken_apart(url).query
    return parse_qs(query, keep_blank_values=True) if query else {}


def provider_of(server: Declaration, surroundings: Surroundings) -> Provider | None:
    """The provider of both URLs; None without them, or if they belong to two providers."""
    sign_in, token = server.text(AUTHORIZATION_URL), server.text(TOKEN_URL)
    if not sign_in:
        return None
    provider = surroundings.provider(sign_in)
    if token and host_of(token) != host_of(sign_in):
        return None if are_apart(provider, surroundings.provider(token)) else provider
    return provider


def are_apart(one: Provider, other: Provider) -> bool:
    """Whether two known providers have nothing in common: a token of one is none of the other."""
    return bool(one.title and other.title) and not share_endpoints(one, other)
