"""The ways that a server's secrets take: what travels, where it is read, where it goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from provisioner.model.email_server import EmailServer, OAuth2Settings
from provisioner.model.project import Project
from provisioner.providers.catalogue import provider_for
from provisioner.tokens.ca_file import ca_file_digest

TOKENS = "tokens"
THE_PROVIDERS = "the provider's"


@dataclass(frozen=True, slots=True)
class Route:
    """`secret` is the field it is declared in, or TOKENS; `destination` is told part by part."""

    server_name: str
    secret: str
    destination: Mapping[str, str]


def routes_of(server: EmailServer, project: Project) -> tuple[Route, ...]:
    """Every way that a secret of this server takes from this machine.

    A certificate authority belongs to the destination: whoever it certifies is believed to be it.
    """
    trust = {"ca_file": ca_file_digest(project.ca_file)}
    if server.oauth2 is not None:
        trust |= _endpoints_of_the_project(server.oauth2, project)
    return tuple(
        Route(server.server_name, secret, {**parts, **trust})
        for secret, parts in _destinations(server)
    )


def token_destination(server: EmailServer) -> Mapping[str, str] | None:
    """Where the server's own declaration sends its tokens; None if it has none."""
    return dict(_destinations(server)).get(TOKENS)


def _endpoints_of_the_project(settings: OAuth2Settings, project: Project) -> dict[str, str]:
    """Of the facts of a provider, these are destinations, and a project may correct them."""
    known = provider_for(settings.access_token_url)
    declared = provider_for(settings.access_token_url, project.providers)
    pairs = {
        "revocation_url": (known.revocation_url, declared.revocation_url),
        "device_authorization_url": (
            known.device_authorization_url,
            declared.device_authorization_url,
        ),
    }
    return {
        fact: THE_PROVIDERS if theirs == ours else str(ours)
        for fact, (theirs, ours) in pairs.items()
    }


def _destinations(server: EmailServer) -> Iterator[tuple[str, dict[str, str]]]:
    if server.oauth2 is not None:
        client = _client(server.oauth2)
        pages = {"authorization_url": _without_query(server.oauth2.authorization_url)}
        yield "client_secret", {**client, **pages}
        yield TOKENS, {**client, **_mail_server(server)}
    if server.password is not None:
        yield "password", {**_mail_server(server), **_readability(server)}


def _client(settings: OAuth2Settings) -> dict[str, str]:
    return {
        "access_token_url": settings.access_token_url,
        "the refresh endpoint": settings.refresh_endpoint,
        "client_id": settings.client_id,
    }


def _mail_server(server: EmailServer) -> dict[str, str]:
    return {
        "host": server.host.casefold(),
        "port": str(server.port),
        "use_tls": "true" if server.use_tls else "false",
    }


def _readability(server: EmailServer) -> dict[str, str]:
    """Without TLS the security level decides whether the line carries the password itself."""
    level = "any, under TLS" if server.use_tls else str(server.smtp_security_level)
    return {"smtp_security_level": level}


def _without_query(url: str) -> str:
    """What the provider is asked for is no destination: access_type=offline, say."""
    return urlunsplit(urlsplit(url)._replace(query="", fragment=""))
