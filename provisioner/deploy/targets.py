"""What a run is about: which entries go to which hosts, and which servers cannot go at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from provisioner.ansible.inventory import Inventory
from provisioner.ansible.run_input import Check, HostInput, MailLimit
from provisioner.credentials.expiry import near_ends, proof_of, undeclared_problem
from provisioner.credentials.project_secrets import ProjectSecrets
from provisioner.credentials.proofs import read_proofs
from provisioner.credentials.store import TokenSet
from provisioner.deploy.entry import NoMailbox, ServerEntry
from provisioner.deploy.record import ServerSkipped
from provisioner.errors import (
    FileUnusable,
    FleetError,
    LockHeld,
    PersonNeeded,
    ProvisionerError,
    SecretUnavailable,
)
from provisioner.host.host_document import placeholder
from provisioner.host.host_settings import VARIABLES
from provisioner.lint.mistakes.nearest import is_misspelled, nearest
from provisioner.model.email_server import EmailServer
from provisioner.model.project import Project
from provisioner.oauth.refreshing import FRESH_SECONDS, fresh_tokens
from provisioner.providers.catalogue import provider_for
from provisioner.providers.provider import Provider
from provisioner.secret import Secret, keyed_digest
from provisioner.text import names_shown, proposed_command

_MOST_HOSTS = 5
_NO_PROVIDER = Provider(name="none", refresh_token_rotation="none")  # noqa: S106
# refresh_token_rotation of a provider -> may a host try a refresh without harm to the store's token
_REFRESH_HARMLESS = frozenset({"none", "old_stays_valid"})


class RotationForbids(ProvisionerError):
    """The provider ends a refresh token with its first use."""


class NoHosts(FleetError):
    """A server's pattern matches no host."""


_OF_ONE_SERVER = (
    PersonNeeded,
    SecretUnavailable,
    FileUnusable,
    LockHeld,
    RotationForbids,
    NoHosts,
    NoMailbox,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """The servers that a run is about, their entries and hosts by server name, what was skipped,
    what to know.

    `declared` has the hosts of every server of the project, whatever this run is about; one whose
    pattern matches nothing has none. `pruned_hosts` are asked though no entry goes there.
    """

    project: Project
    servers: Sequence[EmailServer] = ()
    entries: Mapping[str, ServerEntry] = field(default_factory=dict)
    hosts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    declared: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    skipped: tuple[ServerSkipped, ...] = ()
    warnings: tuple[str, ...] = ()
    pruned_hosts: frozenset[str] = frozenset()

    @property
    def all_hosts(self) -> tuple[str, ...]:
        """Every host that any of the entries goes to or that is to be pruned, sorted."""
        return tuple(sorted(self.pruned_hosts.union(*(self.hosts[name] for name in self.entries))))

    def entries_of(self, host: str) -> list[ServerEntry]:
        return [entry for name, entry in self.entries.items() if host in self.hosts[name]]

    def limited_to(self, hosts: Collection[str]) -> Targets:
        """The same for no other hosts than these."""
        return replace(
            self,
            hosts={n: tuple(h for h in there if h in hosts) for n, there in self.hosts.items()},
            pruned_hosts=self.pruned_hosts.intersection(hosts),
        )

    def without(self, name: str, error: ProvisionerError) -> Targets:
        """The same less one server, which could not be made ready."""
        rest = {known: e for known, e in self.entries.items() if known != name}
        skipped = ServerSkipped.because(name, error)
        return replace(self, entries=rest, skipped=(*self.skipped, skipped))

    def with_entry(self, entry: ServerEntry) -> Targets:
        """The same with newer tokens in one entry."""
        return replace(self, entries={**self.entries, entry.name: entry})

    def secrets(self) -> tuple[Secret, ...]:
        return tuple(s for entry in self.entries.values() for s in entry.secrets())

    # -- what providers say

    def token_provider(self, entry: ServerEntry) -> Provider:
        """Whose tokens these are. A server without OAuth2 has none, so nothing of its rotates."""
        if entry.server.oauth2 is None:
            return _NO_PROVIDER
        return provider_for(entry.server.oauth2.refresh_endpoint, self.project.providers)

    def is_strict(self, entry: ServerEntry) -> bool:
        """Whether a refresh token of this server is dead once it was used."""
        return self.token_provider(entry).refresh_token_rotation == "strict"  # noqa: S105

    def refresh_url(self, entry: ServerEntry) -> str | None:
        """Where a host may try a refresh; None where that could end the token kept here."""
        rotation = self.token_provider(entry).refresh_token_rotation
        if entry.token_set is None or rotation not in _REFRESH_HARMLESS:
            return None
        return entry.server.oauth2.refresh_endpoint if entry.server.oauth2 else None

    def limit(self, entry: ServerEntry) -> MailLimit | None:
        """What the provider of the SMTP host allows the mailbox, and the server declares."""
        provider = provider_for(entry.server.host, self.project.providers)
        known = (provider.messages_per_minute, entry.server.maximum_emails_per_minute)
        minute = min((most for most in known if most), default=None)
        connections = provider.max_connections_per_mailbox
        if not entry.user_name or not (minute or connections):
            return None
        # Providers of one platform share mail servers, and with them the count.
        place = provider.platform or provider.name
        return MailLimit(
            mailbox=f"{place}/{entry.user_name.casefold()}",
            connections=connections,
            messages_per_minute=minute,
        )


def declared(project: Project, servers: Sequence[EmailServer], inventory: Inventory) -> Targets:
    """What is declared for which hosts: what each way to prepare a run begins with."""
    every = {s.server_name: inventory.matching(s.hosts) for s in project.servers}
    hosts = {server.server_name: every[server.server_name] for server in servers}
    return Targets(project=project, servers=servers, hosts=hosts, declared=every)


# Each takes what is declared, and opens no connection.
Prepare = Callable[[Targets, Inventory, ProjectSecrets], Targets]


def prepare_targets(targets: Targets, inventory: Inventory, secrets: ProjectSecrets) -> Targets:
    """With the secrets and tokens of the servers.

    What is wrong with one server keeps it from going out, and no other.
    """
    for server in targets.servers:
        try:
            _require_hosts(server, inventory)
            entry = server_entry(server, secrets)
            _refuse_shared_rotation(entry, targets)
            entry.mail(targets.project.test_email)  # NoMailbox: there can be no test email
        except _OF_ONE_SERVER as error:
            targets = targets.without(server.server_name, error)
        else:
            targets = targets.with_entry(entry)
    left = (undeclared_problem(kept) for kept in secrets.undeclared())
    warnings = [*_warnings(targets), *(f"{p.message}\n{p.remedy}" for p in left)]
    return replace(targets, warnings=tuple(warnings))


def prepare_rollback(targets: Targets, inventory: Inventory, secrets: ProjectSecrets) -> Targets:
    """What a rollback needs of the declared servers: senders, and current tokens.

    No password is read. Where a token cannot be had the old document goes back without it, and
    a warning says so: a rollback must work when little else does.
    """
    _require_some_host(targets, inventory)
    warnings = list[str]()
    for server in targets.servers:
        entry = ServerEntry(server=server)
        if server.oauth2 is not None:
            try:
                entry = replace(entry, token_set=_current_tokens(targets, entry, secrets))
            except ProvisionerError as error:
                warnings.append(f"{entry.name}: its tokens could not be prepared: {error.message}")
        targets = targets.with_entry(entry)
    return replace(targets, warnings=tuple(warnings))


def declared_targets(targets: Targets, inventory: Inventory, _: object) -> Targets:
    """To look at hosts: no secret is read. NoHosts if there is none at all."""
    _require_some_host(targets, inventory)
    hosts = frozenset(host for found in targets.declared.values() for host in found)
    return replace(targets, pruned_hosts=hosts)


def reached_targets(targets: Targets, inventory: Inventory, _: object) -> Targets:
    """What is to be reached from which host; no secret is read."""
    for server in targets.servers:
        try:
            _require_hosts(server, inventory)
        except NoHosts as error:
            targets = targets.without(server.server_name, error)
        else:
            targets = targets.with_entry(ServerEntry(server=server))
    return targets


def _current_tokens(targets: Targets, entry: ServerEntry, secrets: ProjectSecrets) -> TokenSet:
    """Refreshed only where an older one may be dead, and the one kept here is not."""
    tokens = secrets.tokens(entry.server)
    rotates = targets.token_provider(entry).refresh_token_rotation != "none"  # noqa: S105
    if tokens.handed_over_to is not None or not rotates:
        return tokens
    return fresh_tokens(secrets, entry.server, FRESH_SECONDS, time.time())


def server_entry(server: EmailServer, secrets: ProjectSecrets) -> ServerEntry:
    """A server with its secrets and tokens; PersonNeeded where somebody must sign in first."""
    if server.oauth2 is None:
        return ServerEntry(server=server, password=secrets.secret(server))
    client_secret = secrets.client_secret(server)
    tokens = secrets.tokens(server)
    return ServerEntry(server=server, client_secret=client_secret, token_set=tokens)


def host_key(key: str, host: str) -> str:
    """One key a host, derived one-way: no host can test guesses at another's secrets with it."""
    return keyed_digest(key.encode(), b"maps-provisioner host v2\0" + host.encode())


def host_input(
    targets: Targets,
    host: str,
    key: str,
    hidden: Mapping[str, Mapping[str, str]],
    checks: Mapping[str, Check],
) -> HostInput:
    """One host's part of a run; `hidden`: server -> JSON pointer -> JSON token."""
    own_key = host_key(key, host)
    names = [entry.name for entry in targets.entries_of(host)]
    return HostInput(
        key=own_key,
        key_id=key_id(own_key),  # another one also where an inventory renames a host
        servers=names,
        placeholders={
            name: {p: placeholder(token, own_key) for p, token in hidden[name].items()}
            for name in names
        },
        declared=sorted(name for name, hosts in targets.declared.items() if host in hosts),
        checks=dict(checks),
    )


def key_id(key: str) -> str:
    """Tells two keys apart and says nothing of either."""
    return keyed_digest(key.encode(), b"maps-provisioner key id")[:16]


def _require_some_host(targets: Targets, inventory: Inventory) -> None:
    """NoHosts of the first server, where none goes to any host."""
    if not any(targets.hosts.values()):
        for server in targets.servers:
            _require_hosts(server, inventory)


# -- one server


def _require_hosts(server: EmailServer, inventory: Inventory) -> None:
    if not inventory.matching(server.hosts):
        raise NoHosts(
            f"{server.where('hosts')}: the host pattern {server.hosts!r} "
            f"{inventory.no_match(server.hosts)}",
            remedy=f"groups there: {', '.join(inventory.groups()) or 'none'}; "
            "correct `hosts:` of the server, or the inventory"
            if inventory.matching("all")
            else f"add your hosts to {inventory.file_to_edit}",
        )


def _refuse_shared_rotation(entry: ServerEntry, targets: Targets) -> None:
    """An error where a host's first refresh would end the token of another machine.

    One host may have it: the store then refreshes no more (deploy/handover.py).
    """
    provider, hosts = targets.token_provider(entry), targets.hosts[entry.name]
    if provider.refresh_token_rotation != "strict":  # noqa: S105
        return
    if len(hosts) > 1:
        setting = f"providers: {{{provider.name}: {{refresh_token_rotation: old_stays_valid}}}}"
        raise RotationForbids(
            f"{entry.name} goes to {len(hosts)} hosts, and {provider.label} ends a refresh token "
            "with its first use: once MAPS has refreshed on one, the others are locked out",
            remedy="declare a server for each host, with a server_name and hosts: of its own, and "
            "sign in to each; or press Authenticate in the MAPS dialog of each host; or, if the "
            "provider can keep old refresh tokens valid, enable that and set in provisioner.yml: "
            f"{setting}",
        )
    owner = entry.token_set.handed_over_to if entry.token_set else None
    if owner is not None and owner not in hosts:
        raise PersonNeeded(
            f"the refresh token of {entry.name} was handed over to {owner}, and {provider.label} "
            "accepts each one once: no other host can have it",
            remedy=f"sign in again for {hosts[0]}: {proposed_command('authenticate', entry.name)}",
        )


def with_misspelled(targets: Targets, variables: Mapping[str, Sequence[str]]) -> Targets:
    """With a warning of each host variable whose name seems to be mistaken for one of ours."""
    found = list[str]()
    for name, hosts in sorted(variables.items()):
        meant = nearest(name, VARIABLES)
        if meant and name != meant and is_misspelled(name, meant):
            shown = names_shown(hosts, _MOST_HOSTS)
            said = f"host variable {name} of {shown} has no meaning for maps-provisioner"
            found.append(f"{said}\ndid you mean {meant}?")
    return replace(targets, warnings=(*targets.warnings, *found))


def _warnings(targets: Targets) -> Iterator[str]:
    known = read_proofs(targets.project.root)
    for name, entry in targets.entries.items():
        provider, tokens = targets.token_provider(entry), entry.token_set
        shared = len(targets.hosts[name])
        if provider.refresh_token_rotation == "unknown" and shared > 1:  # noqa: S105
            yield (
                f"{name}: {shared} hosts share one refresh token; it is unknown whether "
                f"{provider.label} invalidates it on first use. Ask there, then set in "
                f"provisioner.yml: providers: {{{provider.name}: {{refresh_token_rotation: none}}}}"
                " (or old_stays_valid, or strict)"
            )
        if tokens is None:
            continue
        if tokens.unproven and proof_of(tokens, known.get(name)).at is None:
            yield f"{name}: signed in, but not verified from here: {tokens.unproven}"
        for problem in near_ends(entry.server, tokens, provider, now=time.time()):
            yield f"{name}: {problem.message}\n{problem.remedy}"
