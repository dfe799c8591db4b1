"""The one door through which a secret leaves: to destinations that a person has accepted.

What differs from them sends nothing: on a terminal a person is asked, elsewhere it is exit 6
until `--accept-destination` or `provisioner accept`.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as with_fields
from functools import cache, partial

from msgspec.structs import replace

from provisioner.credentials.destinations import (
    TOKENS,
    Destination,
    DestinationChange,
    changes_of,
    destinations_of,
)
from provisioner.credentials.sources import ReadContext, read_secret, secret_variables, source_of
from provisioner.credentials.store import Credentials, CredentialStore, TokenSet
from provisioner.credentials.vault import VaultKey
from provisioner.credentials.vault_key import KeySearch, NoVaultKey
from provisioner.errors import PersonNeeded, SecretUnavailable
from provisioner.git import PROJECT_VARIABLE
from provisioner.model.email_server import EmailServer
from provisioner.model.project import Project
from provisioner.providers.catalogue import provider_for
from provisioner.providers.endpoints import (
    are_all_loopback,
    are_one_builtin_providers,
    endpoint_hosts,
)
from provisioner.providers.lookalikes import resembled_host
from provisioner.providers.provider import Provider
from provisioner.secret import Secret
from provisioner.text import accept_destination, proposed_command

_NO_CHANCE = 8  # so many characters are in no text by chance

# Asks a person: lines that say what it is about, then the question. None: nobody can answer.
Confirm = Callable[[Sequence[str], str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSecrets:
    """Secrets and tokens of a project; nothing is read before it is needed.

    `accepted`: names of servers whose destinations the user accepts in this run. `making_key`
    finds the vault key, and makes one if the user has none: an acceptance is encrypted with it.
    """

    project: Project
    store: CredentialStore
    context: ReadContext
    making_key: Callable[[], VaultKey]
    accepted: frozenset[str] = frozenset()
    confirm: Confirm | None = None
    _renewed: dict[TokenSet, TokenSet] = field(default_factory=dict, repr=False)

    def secret(self, server: EmailServer) -> Secret | None:
        """The server's client secret or password, if it has one, past the door.

        PersonNeeded: nobody has signed in to it, or a destination is not accepted.
        """
        if server.oauth2 is not None:
            self.stored_tokens(server)
        return self.secret_to_show(server)

    def secret_to_show(self, server: EmailServer) -> Secret | None:
        """The same whether or not somebody has signed in: a person enters it where it goes."""
        secret = self._read(server)
        if secret is not None:
            self._pass(server, secret)
        return secret

    def client_secret(self, server: EmailServer) -> Secret:
        """The same, of a server that uses OAuth2."""
        secret = self.secret(server)
        assert secret is not None  # noqa: S101  the schema asks for it
        return secret

    def tokens(self, server: EmailServer) -> TokenSet:
        """The server's tokens, expired or not, past the door. For what sends no other secret."""
        tokens = self.stored_tokens(server)
        self.check_tokens(server)
        return tokens

    def stored_tokens(self, server: EmailServer) -> TokenSet:
        """The tokens as stored, or newer ones of this run. PersonNeeded if nobody has signed in."""
        found = self.store.read(server.server_name)
        if found is None or found.tokens is None:
            raise PersonNeeded(
                f"not signed in: {server.server_name}",
                remedy=f"run: {proposed_command('authenticate', server.server_name)}",
            )
        return self._renewed.get(found.tokens, found.tokens)

    def keep_in_memory(self, tokens: TokenSet, *, stored: TokenSet) -> None:
        """Tokens that need not be saved: a command that only looks leaves the checkout as it is.

        They hold while the file has those that they came from: clocks of two machines differ.
        """
        self._renewed[stored] = tokens

    def undeclared(self) -> Iterator[Credentials]:
        """Stored sign-ins of this project that no server file declares any more."""
        declared = [server.server_name for server in self.project.servers if server.oauth2]
        for found in self.store.all(less=declared):
            if found.tokens is not None and found.project == self.store.project:
                yield found

    def check_tokens(self, server: EmailServer) -> None:
        """PersonNeeded if the tokens would go elsewhere now. Never asks, never accepts."""
        with_fields(self, accepted=frozenset(), confirm=None)._pass(server, None)

    def sign_in_secret(self, server: EmailServer, announce: Callable[[str], None]) -> Secret:
        """The client secret for a sign-in; `save` accepts where it goes once that has succeeded.

        Endpoints that are neither one built-in provider's nor on loopback are asked about at first
        contact, as ssh does: once for a set of endpoint hosts in a project.
        """
        secret = self._read(server)
        assert secret is not None  # noqa: S101  the schema asks for it
        found = self._kept(server)  # a question of its own: it would hide others
        changes = self._changes(server, secret, found, signing_in=True)
        if server.server_name in self.accepted or not changes:
            return secret
        urls = _contacts(self._wanted(server, secret)["client_secret"])
        if any(c.changed for c in changes) or not self._is_known_contact(urls):
            self._ask(server, [*changes, *_resemblances(urls)])
        else:
            for change in changes:
                announce(f"Note: {server.server_name}: {change.note}")
        return secret

    def accept(self, server: EmailServer) -> bool:
        """Ask about every change of destination of this server, and send nothing.

        False if there is none. PersonNeeded if nobody agrees.
        """
        before = self.store.read(server.server_name)
        self._pass(server, self._read(server))
        return self.store.read(server.server_name) != before

    def save(
        self, server: EmailServer, secret: Secret | None, tokens: TokenSet | None = None
    ) -> None:
        """Where the secret and the tokens may go, and new tokens, in one write."""
        self.making_key()
        wanted = self._wanted(server, secret)
        with self.store.locked(server.server_name) as entry:
            found = entry.read()
            kept = tokens or (found.tokens if found else None)
            if kept is None:
                wanted.pop(TOKENS, None)  # the sign-in accepts where they go
            before = found.accepted if found and found.project == self.store.project else {}
            entry.save(
                Credentials(
                    server_name=server.server_name,
                    project=self.store.project,
                    tokens=kept,
                    accepted={**before, **wanted},
                )
            )

    def provider(self, server: EmailServer) -> Provider:
        """Who issues the tokens of a server that uses OAuth2, with the project's corrections."""
        assert server.oauth2 is not None  # noqa: S101  the caller has seen to it
        return provider_for(server.oauth2.refresh_endpoint, self.project.providers)

    def fingerprint_key(self, *, keep: bool) -> str:
        """The key of fingerprints and placeholders; each host gets one derived from it.

        The same on each machine that shares the vault key. `keep`: they are to hold beyond this
        run, so a key is made if there is none. Where no secret can be, any will do: the project
        declares none, or nobody has accepted where one goes, for want of a key.
        """
        try:
            return _hardened((self.making_key if keep else self.context.vault_key)().password)
        except SecretUnavailable as error:
            nothing_accepted = isinstance(error, NoVaultKey) and not keep
            if not nothing_accepted and any(server.secret for server in self.project.servers):
                raise
            return secrets.token_hex(32)

    def _read(self, server: EmailServer) -> Secret | None:
        if server.secret is None:
            return None
        where = partial(server.where, server.secret_field)
        secret = read_secret(server.secret, self.context, where)
        if self._holds_vault_password(secret):
            raise SecretUnavailable(
                f"{where()}: the secret is the vault password, which is never sent",
                remedy="check who changed this line, and refer to the server's own secret",
            )
        return secret

    def _holds_vault_password(self, secret: Secret) -> bool:
        """A file may have blanks around it, or more: one that is short may be in it by chance."""
        try:
            key = self.context.vault_key()
        except NoVaultKey:
            return False
        text = secret.reveal().strip()
        passwords = [known.reveal() for known in (key.password, key.alternative) if known]
        return any(p == text or (len(p) >= _NO_CHANCE and p in text) for p in passwords)

    def _pass(self, server: EmailServer, secret: Secret | None) -> None:
        """Without a secret only the tokens are meant."""
        found = self._kept(server)
        changes = self._changes(server, secret, found)
        if changes and server.server_name not in self.accepted:
            self._ask(server, changes)
        if changes or (found and found.project != self.store.project):
            self.save(server, secret)

    def _kept(self, server: EmailServer) -> Credentials | None:
        """What is stored for the server, without what does not count in this project.

        Nothing goes out by what was accepted under another name; one question renames all.
        """
        found, here = self.store.read(server.server_name), self.store.project
        if found is None or found.project == here:
            return found
        if server.server_name in self.accepted:
            return replace(found, accepted={})
        old, new = (project or "a project without a remote" for project in (found.project, here))
        text = f"its destinations were accepted in {old}; this is {new}"
        question = "Keep the sign-ins and accepted destinations of that project?"
        if self.confirm is None or not self.confirm([f"{server.where()}:", f"  {text}"], question):
            was = f" {PROJECT_VARIABLE}={shlex.quote(found.project)}" if found.project else ""
            raise PersonNeeded(
                f"{server.where()}: {text}; nothing was sent",
                remedy="if this is the same project, run: provisioner accept --renamed"
                + (f"\nif it is a copy without a remote, run: export{was}" if was else ""),
            )
        self.rename_project(found.project)
        return replace(found, project=here)

    def rename_project(self, old: str) -> list[str]:
        """Take over what was accepted under another name; returns the names of the servers."""
        names = [k.server_name for k in self.store.all() if k.project == old != self.store.project]
        for name in names:
            with self.store.locked(name) as entry:
                found = entry.read()
                if found is not None:
                    entry.save(replace(found, project=self.store.project))
        return names

    def _ask(self, server: EmailServer, changes: Sequence[DestinationChange]) -> None:
        """Go on if a person agrees; PersonNeeded else."""
        changed = any(change.changed for change in changes)
        question = (
            "This differs from the accepted destination. Accept the change?"
            if changed
            else "Accept this destination?"
        )
        lines = [f"{server.where()}:", *(f"  {change.text}" for change in changes)]
        if self.confirm is not None and self.confirm(lines, question):
            return
        name = server.server_name
        ways_on = [
            f"if this is intended, run: {proposed_command('accept', name)}",
            f"without a terminal: {proposed_command('accept', name, accept_destination(name))}",
            *(["if it is not, find out who made the change"] if changed else []),
        ]
        raise PersonNeeded(
            f"{server.where()}: {'; '.join(change.text for change in changes)}; nothing was sent",
            remedy="\n".join(ways_on),
        )

    def _changes(
        self,
        server: EmailServer,
        secret: Secret | None,
        found: Credentials | None,
        *,
        signing_in: bool = False,
    ) -> list[DestinationChange]:
        """What a person would have to accept, after what was `found`.

        Tokens that are not there go nowhere, unless somebody is `signing_in`.
        """
        wanted = self._wanted(server, secret)
        if not signing_in and (found is None or found.tokens is None):
            wanted.pop(TOKENS, None)
        source = str(source_of(server.secret)) if server.secret else ""
        return list(changes_of(wanted, found.accepted if found else {}, self._accepted, source))

    def _wanted(self, server: EmailServer, secret: Secret | None) -> dict[str, Destination]:
        """Where the server's secret and tokens would go now."""
        try:
            key = digest_key(self.context.vault_key())
        except NoVaultKey:  # so nothing was accepted yet either
            key = secrets.token_bytes(32)
        return destinations_of(server, self.project, secret, key)

    def _accepted(self) -> dict[str, Mapping[str, Destination]]:
        """What is accepted in this project, by server."""
        here = self.store.project
        return {
            kept.server_name: kept.accepted for kept in self.store.all() if kept.project == here
        }

    def _is_known_contact(self, urls: Sequence[str]) -> bool:
        if are_one_builtin_providers(urls) or are_all_loopback(urls):
            return True
        ways = (a["client_secret"] for a in self._accepted().values() if "client_secret" in a)
        return endpoint_hosts(urls) in [endpoint_hosts(_contacts(way)) for way in ways]


def digest_key(key: VaultKey) -> bytes:
    """The key for names of secrets' values."""
    password = key.password.reveal().encode()
    return hmac.digest(password, b"maps-provisioner names of secrets", "sha256")


def _contacts(way: Destination) -> list[str]:
    """The URLs among its parts, those of `providers:` in provisioner.yml included."""
    return [value for value in way.parts.values() if "://" in value]


def _resemblances(urls: Iterable[str]) -> Iterator[DestinationChange]:
    for host in sorted(endpoint_hosts(urls)):
        if known := resembled_host(host):
            yield DestinationChange(True, f"{host} resembles {known}, but is another host")


@dataclass(frozen=True, slots=True)
class OpenProject:
    """A project with its encrypted parts."""

    project: Project
    store: CredentialStore
    secrets: ProjectSecrets
    key_search: KeySearch


def open_project(
    project: Project,
    *,
    allow_commands: bool = False,
    accept_destinations: Iterable[str] = (),
    confirm: Confirm | None = None,
    announce: Callable[[str], None] = lambda _line: None,
) -> OpenProject:
    """The encrypted parts of a project; nothing is read or asked for before it is needed.

    From now on no child process sees the variables that hold secrets: browser, password manager,
    ssh, none of them needs one. `accept_destinations`: names of servers, as the user gave them.
    """
    accepted = frozenset(project.server(name).server_name for name in accept_destinations)
    environment = dict(os.environ)
    for name in secret_variables(project.secrets()) & environment.keys():
        del os.environ[name]
    search = KeySearch(
        root=project.root,
        tokens_path=project.tokens_path,
        identity=project.identity,
        environment=environment,
        announce=announce,
    )
    keys: list[VaultKey] = []  # one search a run: a program that prints the key runs once

    def key(*, create: bool = False) -> VaultKey:
        if not keys:
            keys.append(search.find(create=create))
        return keys[0]

    store = CredentialStore(project.tokens_path, project.identity, key)
    return OpenProject(
        project=project,
        store=store,
        secrets=ProjectSecrets(
            project=project,
            store=store,
            context=ReadContext(
                environment=environment, vault_key=key, allow_commands=allow_commands
            ),
            making_key=partial(key, create=True),
            accepted=accepted,
            confirm=confirm,
        ),
        key_search=search,
    )


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
