"""What a push is about: which entries go to which hosts, and which servers cannot go at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from provisioner.errors import ExitCode, PersonNeeded, ProvisionerError
from provisioner.fleet.mail_limits import MailLimit, mail_limit
from provisioner.fleet.rotation import (
    RotationForbids,
    is_strict,
    may_be_dead,
    refuse_shared_rotation,
    rotation_warning,
    token_provider,
)
from provisioner.hosts.delivery import Delivery
from provisioner.hosts.entry import ServerEntry
from provisioner.hosts.envelope import envelope
from provisioner.hosts.inventory import Inventory
from provisioner.model.email_server import EmailServer
from provisioner.model.project import Project
from provisioner.providers.catalogue import provider_for
from provisioner.secret import Secret
from provisioner.secret_sources.reference import SecretReference
from provisioner.tokens.destinations import check_destinations
from provisioner.tokens.store import TokenStore
from provisioner.tokens.token_set import TokenSet

Resolve = Callable[[SecretReference, str], Secret]

# refresh_token_rotation of a provider -> may a host try a refresh without harm to the store's token
_REFRESH_HARMLESS = frozenset({"none", "old_stays_valid"})


@dataclass(frozen=True, slots=True)
class SkippedServer:
    """A server that does not go out in this run; what hosts have of it stays."""

    name: str
    reason: str
    remedy: str
    exit_code: ExitCode


@dataclass(frozen=True, slots=True)
class Preparation:
    """Entries by server name, hosts by server name, what was skipped, what to know."""

    entries: Mapping[str, ServerEntry]
    hosts: Mapping[str, tuple[str, ...]]
    skipped: tuple[SkippedServer, ...]
    warnings: tuple[str, ...] = ()

    @property
    def all_hosts(self) -> tuple[str, ...]:
        """Every host that any of the entries goes to, sorted."""
        return tuple(sorted({h for name in self.entries for h in self.hosts[name]}))

    def secrets(self) -> tuple[Secret, ...]:
        """Every secret of every entry."""
        return tuple(s for entry in self.entries.values() for s in entry.secrets())

    def without(self, skipped: SkippedServer) -> Preparation:
        """The same less one server, which could not be made ready."""
        rest = {name: e for name, e in self.entries.items() if name != skipped.name}
        return replace(self, entries=rest, skipped=(*self.skipped, skipped))

    def with_entry(self, entry: ServerEntry) -> Preparation:
        """The same with newer tokens in one entry."""
        return replace(self, entries={**self.entries, entry.name: entry})


def prepare(
    project: Project,
    servers: Sequence[EmailServer],
    inventory: Inventory,
    store: TokenStore,
    resolve: Resolve,
) -> Preparation:
    """Resolve hosts, secrets and tokens of the servers; opens no connection."""
    prepared = Preparation({}, {s.server_name: inventory.hosts(s.hosts) for s in servers}, ())
    for server in servers:
        try:
            entry = server_entry(server, store, resolve)
            hosts = prepared.hosts[server.server_name]
            refuse_shared_rotation(entry, hosts, token_provider(entry, project))
        except (PersonNeeded, RotationForbids) as error:
            prepared = prepared.without(skipped_server(server.server_name, error))
        else:
            prepared = prepared.with_entry(entry)
    return replace(prepared, warnings=tuple(_warnings(prepared, project)))


def _warnings(preparation: Preparation, project: Project) -> Iterator[str]:
    for name, entry in preparation.entries.items():
        hosts = preparation.hosts[name]
        if warning := rotation_warning(entry, hosts, token_provider(entry, project)):
            yield warning
        tokens = entry.token_set
        if tokens is not None and tokens.unproven:
            yield f"{name}: signed in, but not proven from here: {tokens.unproven}"


def skipped_server(name: str, error: ProvisionerError) -> SkippedServer:
    """The server that an error keeps from going out."""
    return SkippedServer(name, error.message, error.remedy, error.exit_code)


def deliveries(preparation: Preparation, project: Project) -> tuple[Delivery, ...]:
    """One delivery a host, of all entries that go there."""
    return tuple(_delivery(host, preparation, project) for host in preparation.all_hosts)


def server_entry(server: EmailServer, store: TokenStore, resolve: Resolve) -> ServerEntry:
    """A server with its secrets and tokens; PersonNeeded where somebody must sign in first."""
    tokens = _tokens(server, store)
    where = f"{server.origin.file}:{server.origin.line}: {server.server_name}"
    return ServerEntry(
        server=server,
        token_set=tokens,
        password=resolve(server.password, f"{where}: password") if server.password else None,
        client_secret=(
            resolve(server.oauth2.client_secret, f"{where}: client_secret")
            if server.oauth2
            else None
        ),
    )


def _tokens(server: EmailServer, store: TokenStore) -> TokenSet | None:
    if server.oauth2 is None:
        return None
    tokens = store.load(server.server_name)
    if tokens is None:
        raise PersonNeeded(
            f"nobody has signed in to {server.server_name!r} yet",
            remedy=f"run: provisioner authenticate {server.server_name!r}",
        )
    check_destinations(tokens, server)
    return tokens


def _delivery(host: str, preparation: Preparation, project: Project) -> Delivery:
    entries = tuple(e for n, e in preparation.entries.items() if host in preparation.hosts[n])
    return Delivery(
        host=host,
        entries=entries,
        envelopes={e.name: envelope(e, project.test_email) for e in entries},
        declared=tuple(sorted(server.server_name for server in project.servers)),
        prove_refresh=tuple(
            e.name for e in entries if e.token_set and _may_prove_refresh(e, project)
        ),
        rotating=tuple(e.name for e in entries if e.token_set and is_strict(e, project)),
        current_tokens=tuple(e.name for e in entries if may_be_dead(e, project)),
        mail_limits={e.name: limit.as_json() for e in entries if (limit := _limit(e, project))},
    )


def _limit(entry: ServerEntry, project: Project) -> MailLimit | None:
    return mail_limit(entry, provider_for(entry.server.host, project.providers))


def _may_prove_refresh(entry: ServerEntry, project: Project) -> bool:
    return token_provider(entry, project).refresh_token_rotation in _REFRESH_HARMLESS
