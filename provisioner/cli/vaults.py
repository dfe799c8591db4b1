"""The encrypted parts of a project: its vault key, and the tokens and secrets that it opens."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from provisioner.hosts.entry import ServerEntry
from provisioner.model.email_server import EmailServer
from provisioner.model.project import Project
from provisioner.providers.catalogue import provider_for
from provisioner.providers.provider import Provider
from provisioner.secret import Secret
from provisioner.secret_sources.resolving import SecretResolver
from provisioner.secret_sources.vault import VaultKey
from provisioner.tokens.store import TokenStore
from provisioner.tokens.token_set import TokenSet
from provisioner.tokens.vault_key import find_vault_key

# An access token is not delivered with less than this to live: MAPS is to take it over calmly.
FRESH_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Vaults:
    """A project's token store and secret sources; `key` is looked for when first needed."""

    project: Project
    key: Callable[[], VaultKey]
    store: TokenStore
    resolver: SecretResolver

    def client_secret(self, server: EmailServer) -> Secret:
        """The client secret of a server that uses OAuth2, read now."""
        assert server.oauth2 is not None  # noqa: S101  the caller has seen to it
        field = f"{server.origin.file}:{server.origin.line}: {server.server_name}: client_secret"
        return self.resolver.resolve(server.oauth2.client_secret, field)

    def provider(self, server: EmailServer) -> Provider:
        """Who issues the tokens of a server that uses OAuth2, with the project's corrections."""
        assert server.oauth2 is not None  # noqa: S101  the caller has seen to it
        return provider_for(server.oauth2.refresh_endpoint, self.project.providers)

    def refreshed(self, entry: ServerEntry) -> TokenSet:
        """The entry's tokens, refreshed first if they are about to expire."""
        from provisioner.oauth.refreshing import fresh_tokens

        assert entry.client_secret is not None  # noqa: S101  an oauth2 entry has one
        return fresh_tokens(
            self.store,
            entry.server,
            entry.client_secret,
            margin_seconds=FRESH_SECONDS,
            now=time.time(),
            ca_file=self.project.ca_file,
        )

    def live_tokens(self, server: EmailServer) -> TokenSet:
        """The server's tokens; refreshed, and the client secret read, only if they have expired."""
        from provisioner.oauth.refreshing import fresh_tokens, require_tokens

        tokens = require_tokens(server, self.store)
        if not tokens.expires_within(0, now=time.time()):
            return tokens
        return fresh_tokens(
            self.store,
            server,
            self.client_secret(server),
            margin_seconds=0,
            now=time.time(),
            ca_file=self.project.ca_file,
        )

    def fingerprint_key(self, entries: Iterable[ServerEntry]) -> str:
        """A key for the fingerprints that leave a host.

        With the vault key it is the same on each machine that shares it. Where no token is
        delivered no vault key is needed, and fingerprints are comparable within one run only.
        """
        if all(entry.token_set is None for entry in entries):
            return secrets.token_hex(32)
        vault = self.key().password.reveal().encode()
        return hmac.new(vault, b"maps-provisioner fingerprint v1", hashlib.sha256).hexdigest()


def open_vaults(project: Project, *, allow_commands: bool, create_key: bool = False) -> Vaults:
    """The vaults of a project; nothing is read or asked for before it is needed."""

    @cache
    def key() -> VaultKey:
        return find_vault_key(project, create=create_key, allow_commands=allow_commands)

    return Vaults(
        project=project,
        key=key,
        store=TokenStore(project.tokens_path, key),
        resolver=SecretResolver(project.root, vault_key=key, allow_commands=allow_commands),
    )
