"""The encrypted parts of a project: its vault key, and the tokens and secrets that it opens."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from provisioner.fleet.local_key import local_fingerprint_key
from provisioner.hosts.entry import ServerEntry
from provisioner.model.project import Project
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

    def fingerprint_key(self, entries: Iterable[ServerEntry], *, keep: bool) -> str:
        """A key for the fingerprints that leave a host; each host gets one derived from it.

        With the vault key it is the same on each machine that shares it. Where no token is
        delivered no vault key is needed, and fingerprints are comparable on this machine only,
        and beyond this run only if one is to be kept, or was.
        """
        if all(entry.token_set is None for entry in entries):
            return local_fingerprint_key(self.project.root, keep=keep)
        return _hardened(self.key().password)


@cache
def _hardened(password: Secret) -> str:
    """One-way, and dear: a host that wants to guess the vault password from its key pays more a
    guess than with a token file (RFC 7914 scrypt, 32 MiB, against vault's PBKDF2)."""
    derived = hashlib.scrypt(
        password.reveal().encode(),
        salt=b"maps-provisioner fingerprint v2",
        n=2**15,
        r=8,
        p=1,
        maxmem=64 * 2**20,
        dklen=32,
    )
    return derived.hex()


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
