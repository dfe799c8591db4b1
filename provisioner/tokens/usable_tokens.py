"""Tokens that a declared server may use: somebody has signed in, for just this declaration."""

from __future__ import annotations

from provisioner.model.email_server import EmailServer
from provisioner.tokens.destinations import check_destinations
from provisioner.tokens.store import TokenStore, signed_in
from provisioner.tokens.token_set import TokenSet


def require_tokens(server: EmailServer, store: TokenStore) -> TokenSet:
    """The stored tokens, expired or not; PersonNeeded where there are none for this declaration."""
    return usable(store.load(server.server_name), server)


def usable(stored: TokenSet | None, server: EmailServer) -> TokenSet:
    """What is stored, if it is for this declaration; PersonNeeded if not."""
    tokens = signed_in(stored, server.server_name)
    check_destinations(tokens, server)
    return tokens
