"""Where tokens may travel: to the places they were obtained for, and to no other.

A change of the declared files must not send credentials somewhere new before a person agreed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from provisioner.errors import PersonNeeded
from provisioner.model.email_server import EmailServer
from provisioner.text import accept_destination, proposed_command
from provisioner.tokens.route import token_destination
from provisioner.tokens.token_set import TokenSet


def check_destinations(token_set: TokenSet, server: EmailServer) -> None:
    """PersonNeeded if the server's declaration now names other destinations than at sign-in."""
    changes = list(changed_destinations(token_set, server))
    if changes:
        name = server.server_name
        accepted = proposed_command("refresh", name, accept_destination(name))
        raise PersonNeeded(
            f"{name}: {'; '.join(changes)}; nothing was sent",
            remedy=f"if the change is meant: {accepted}, or sign in again: "
            f"{proposed_command('authenticate', name)}",
        )


def changed_destinations(token_set: TokenSet, server: EmailServer) -> Iterator[str]:
    """What differs, in words."""
    declared = token_destination(server)
    if declared is None:
        yield "it no longer uses OAuth2"
        return
    yield from changed_parts(_bound_to(token_set), declared)


def changed_parts(kept: Mapping[str, str], declared: Mapping[str, str]) -> Iterator[str]:
    """What differs among the parts of `kept`, in words."""
    for part, value in kept.items():
        if declared.get(part) != value:
            yield f"{part} changed from {value} to {declared.get(part, 'nothing')}"


def rebound(token_set: TokenSet, server: EmailServer) -> TokenSet:
    """The same tokens, for the destinations that the server's declaration names now."""
    settings = server.oauth2
    assert settings is not None  # noqa: S101  only routes of OAuth2 carry tokens
    return replace(
        token_set,
        token_endpoint=settings.access_token_url,
        refresh_endpoint=settings.refresh_token_url,
        client_id=settings.client_id,
        smtp_host=server.host,
    )


def _bound_to(token_set: TokenSet) -> dict[str, str]:
    return {
        "access_token_url": token_set.token_endpoint,
        "the refresh endpoint": token_set.refresh_endpoint or token_set.token_endpoint,
        "client_id": token_set.client_id,
        "host": token_set.smtp_host.casefold(),
    }
