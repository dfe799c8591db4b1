"""The encrypted parts of a project: its vault key, and the tokens and secrets that it opens.

Secrets are handed out only past the gate: for destinations that a person has accepted.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial

from provisioner.cli.private_process import private_environment
from provisioner.cli.users_gate import users_gate
from provisioner.errors import SecretUnavailable
from provisioner.fleet.local_key import local_fingerprint_key
from provisioner.hosts.entry import ServerEntry
from provisioner.model.email_server import EmailServer
from provisioner.model.project import Project
from provisioner.providers.catalogue import provider_for
from provisioner.providers.provider import Provider
from provisioner.secret import Secret
from provisioner.secret_sources.one_line import one_line
from provisioner.secret_sources.resolving import SecretResolver
from provisioner.secret_sources.vault import VaultKey
from provisioner.tokens.gate import Gate
from provisioner.tokens.objection import secret_reference
from provisioner.tokens.store import TokenStore
from provisioner.tokens.token_set import TokenSet
from provisioner.tokens.vault_key import find_vault_key

# An access token is not delivered with less than this to live: MAPS is to take it over calmly.
FRESH_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Vaults:
    """A project's token store and secrets; `key` is looked for when first needed."""

    project: Project
    key: Callable[[], VaultKey]
    store: TokenStore
    gate: Gate
    _resolver: SecretResolver

    def secret(self, server: EmailServer) -> Secret | None:
        """The server's client secret or password, if it has one.

        PersonNeeded: nobody has signed in to it, or where this secret or its tokens would go is
        not accepted.
        """
        if server.oauth2:
            self.store.require(server.server_name)
        return self._admitted(server, self._resolved(server))

    def secret_to_show(self, server: EmailServer) -> Secret | None:
        """The same whether or not somebody has signed in: a person carries it on to where it goes.

        SecretUnavailable for the vault password, which no reference may bring to light.
        """
        secret = self._resolved(server)
        if secret is not None and self._is_vault_password(secret):
            raise SecretUnavailable(
                f"{server.where(_secret_field(server))}: the vault password is nobody's secret",
                remedy="find out who made it so, and name where this server's own secret lies",
            )
        return self._admitted(server, secret)

    def _is_vault_password(self, secret: Secret) -> bool:
        with suppress(SecretUnavailable):  # without a key, the gate lets nothing pass or makes one
            return self.gate.is_vault_password(secret)
        return False

    def _admitted(self, server: EmailServer, secret: Secret | None) -> Secret | None:
        if secret is not None:
            self.gate.check(server, secret)
        return secret

    def client_secret(self, server: EmailServer) -> Secret:
        """The same, of a server that uses OAuth2."""
        secret = self.secret(server)
        assert secret is not None  # noqa: S101  the schema asks for it
        return secret

    def sign_in_secret(self, server: EmailServer, tell: Callable[[str], None]) -> Secret:
        """The client secret for a sign-in, to be accepted by `gate.accept` once it succeeded."""
        secret = self._resolved(server)
        assert secret is not None  # noqa: S101  the schema asks for it
        self.gate.check_sign_in(server, secret, tell)
        return secret

    def _resolved(self, server: EmailServer) -> Secret | None:
        reference = secret_reference(server)
        if reference is None:
            return None
        where = server.where(_secret_field(server))
        return one_line(self._resolver.resolve(reference, where), where)

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
        from provisioner.oauth.refreshing import fresh_tokens
        from provisioner.tokens.usable_tokens import require_tokens

        tokens = require_tokens(server, self.store)
        if not tokens.expires_within(0, now=time.time()):
            self.gate.check_tokens(server)
            return tokens
        return fresh_tokens(
            self.store,
            server,
            self.client_secret(server),
            margin_seconds=0,
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


def _secret_field(server: EmailServer) -> str:
    return "oauth2.client_secret" if server.oauth2 else "password"


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


def open_vaults(
    project: Project,
    *,
    allow_commands: bool,
    create_key: bool = False,
    accept_destinations: Iterable[str] = (),
) -> Vaults:
    """The vaults of a project; nothing is read or asked for before it is needed.

    `accept_destinations`: names of servers, as the user gave them.
    """
    accepted = frozenset(project.server(name).server_name for name in accept_destinations)
    environment = private_environment(project)

    @cache
    def key_for(*, create: bool) -> VaultKey:
        return find_vault_key(
            project, create=create, allow_commands=allow_commands, environment=environment
        )

    key = partial(key_for, create=create_key)
    store = TokenStore(project.tokens_path, key)
    return Vaults(
        project=project,
        key=key,
        store=store,
        gate=users_gate(project, store, environment, accepted, key_for=key_for),
        _resolver=SecretResolver(
            project.root, vault_key=key, allow_commands=allow_commands, environment=environment
        ),
    )
