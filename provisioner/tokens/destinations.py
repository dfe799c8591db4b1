"""Where tokens may travel: to the places they were obtained for, and to no other.

A change of the declared files must not send credentials somewhere new before a person agreed.
"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.errors import PersonNeeded
from provisioner.model.email_server import EmailServer
from provisioner.tokens.token_set import TokenSet


def check_destinations(token_set: TokenSet, server: EmailServer) -> None:
    """PersonNeeded if the server's declaration now names other destinations than at sign-in."""
    changes = list(changed_destinations(token_set, server))
    if changes:
        raise PersonNeeded(
            f"{server.server_name}: {'; '.join(changes)}; nothing was sent",
            remedy=f"if the change is meant, sign in again: "
            f"provisioner authenticate '{server.server_name}'",
        )


def changed_destinations(token_set: TokenSet, server: EmailServer) -> Iterator[str]:
    """What differs, in words."""
    settings = server.oauth2
    if settings is None:
        yield "it no longer uses OAuth2"
        return
    kept_refresh = token_set.refresh_endpoint or token_set.token_endpoint
    for what, kept, declared in (
        ("access_token_url", token_set.token_endpoint, settings.access_token_url),
        ("the refresh endpoint", kept_refresh, settings.refresh_endpoint),
        ("client_id", token_set.client_id, settings.client_id),
        ("host", token_set.smtp_host.casefold(), server.host.casefold()),
    ):
        if kept != declared:
            yield f"{what} changed from {kept} to {declared} since the sign-in"
