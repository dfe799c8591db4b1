"""What a push is about: which entries go to which hosts, and which servers cannot go at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from provisioner.credentials.expiry import TokenExpiry, predict_expiry
from provisioner.credentials.project_secrets import ProjectSecrets
from provisioner.credentials.store import TokenSet
from provisioner.errors import (
    ExitCode,
    FileUnusable,
    FleetError,
    LockHeld,
    PersonNeeded,
    ProvisionerError,
    SecretUnavailable,
)
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
from provisioner.hosts.envelope import NoMailbox, envelope
from provisioner.hosts.inventory import Inventory
from provisioner.model.email_server import EmailServer
from provisioner.model.project import Project
from provisioner.oauth.refreshing import FRESH_SECONDS, fresh_tokens
from provisioner.providers.catalogue import provider_for
from provisioner.secret import Secret
from provisioner.text import proposed_command

_DAY = 86400
_SOON_DAYS = 14


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
    """Entries by server name, hosts by server name, what was skipped, what to know.

    `declared` has the hosts of every server of the project, whatever this run is about; one whose
    pattern matches nothing has none. `pruned_hosts` are asked though no entry goes there.
    `written`: entries become documents; not in a rollback, which reads no password for them.
    """

    entries: Mapping[str, ServerEntry]
    hosts: Mapping[str, tuple[str, ...]]
    skipped: tuple[SkippedServer, ...]
    warnings: tuple[str, ...] = ()
    declared: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    pruned_hosts: frozenset[str] = frozenset()
    written: bool = True

    @property
    def all_hosts(self) -> tuple[str, ...]:
        """Every host that any of the entries goes to or that is to be pruned, sorted."""
        return tuple(sorted(self.pruned_hosts.union(*(self.hosts[name] for name in self.entries))))

    def declared_on(self, host: str) -> tuple[str, ...]:
        """The servers that are declared for a host, sorted."""
        return tuple(sorted(name for name, hosts in self.declared.items() if host in hosts))

    def limited_to(self, hosts: Collection[str]) -> Preparation:
        """The same for no other hosts than these."""
        return replace(
            self,
            hosts={n: tuple(h for h in there if h in hosts) for n, there in self.hosts.items()},
            pruned_hosts=self.pruned_hosts.intersection(hosts),
        )

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
    secrets: ProjectSecrets,
    *,
    now: float,
) -> Preparation:
    """Resolve hosts, secrets and tokens of the servers; opens no connection.

    What is wrong with one server keeps it from going out, and no other.
    """
    declared = {s.server_name: inventory.matching(s.hosts) for s in project.servers}
    prepared = Preparation(
        {}, {s.server_name: declared[s.server_name] for s in servers}, (), declared=declared
    )
    for server in servers:
        try:
            _require_hosts(server, inventory)
            entry = server_entry(server, secrets)
            hosts = prepared.hosts[server.server_name]
            refuse_shared_rotation(entry, hosts, token_provider(entry, project))
            envelope(entry, project.test_email)  # NoMailbox: there can be no test email
        except _OF_ONE_SERVER as error:
            prepared = prepared.without(skipped_server(server.server_name, error))
        else:
            prepared = prepared.with_entry(entry)
    return replace(prepared, warnings=tuple(_warnings(prepared, project, now)))


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


def _require_hosts(server: EmailServer, inventory: Inventory) -> None:
    if not inventory.matching(server.hosts):
        origin = server.origin
        raise NoHosts(
            f"{origin.file}:{origin.line}: {server.server_name}: hosts: the host pattern "
            f"{server.hosts!r} matches no host of {inventory.path}",
            remedy=f"groups there: {', '.join(inventory.groups()) or 'none'}; "
            "correct `hosts:` of the server, or the inventory",
        )


def _warnings(preparation: Preparation, project: Project, now: float) -> Iterator[str]:
    for name, entry in preparation.entries.items():
        hosts = preparation.hosts[name]
        if warning := rotation_warning(entry, hosts, token_provider(entry, project)):
            yield warning
        tokens = entry.token_set
        if tokens is not None and tokens.unproven:
            yield f"{name}: signed in, but not proven from here: {tokens.unproven}"
        if tokens is not None:
            end = predict_expiry(tokens, token_provider(entry, project))
            yield from _ending(name, end, now)


def _ending(name: str, end: TokenExpiry, now: float) -> Iterator[str]:
    if end.at is None or end.at - now >= _SOON_DAYS * _DAY:
        return
    day = time.strftime("%Y-%m-%d", time.localtime(end.at))
    command = "refresh" if end.refresh_helps else "authenticate"
    yield (
        f"{name}: its refresh token ends on {day} ({end.reason}): "
        f"run {proposed_command(command, name)}"
    )


def skipped_server(name: str, error: ProvisionerError) -> SkippedServer:
    """The server that an error keeps from going out."""
    return SkippedServer(name, error.message, error.remedy, error.exit_code)


def delivery(host: str, preparation: Preparation, project: Project) -> Delivery:
    """What goes to one host: all entries that are for it."""
    entries = tuple(e for n, e in preparation.entries.items() if host in preparation.hosts[n])
    return Delivery(
        host=host,
        entries=entries,
        envelopes={e.name: envelope(e, project.test_email) for e in entries},
        declared=preparation.declared_on(host),
        prove_refresh=tuple(
            e.name for e in entries if e.token_set and _may_prove_refresh(e, project)
        ),
        rotating=tuple(e.name for e in entries if e.token_set and is_strict(e, project)),
        current_tokens=tuple(e.name for e in entries if may_be_dead(e, project)),
        written=preparation.written,
        mail_limits={e.name: limit.as_json() for e in entries if (limit := _limit(e, project))},
    )


def server_entry(server: EmailServer, secrets: ProjectSecrets) -> ServerEntry:
    """A server with its secrets and tokens; PersonNeeded where somebody must sign in first."""
    if server.oauth2 is None:
        return ServerEntry(server=server, password=secrets.secret(server))
    client_secret = secrets.client_secret(server)
    tokens = secrets.tokens(server)
    return ServerEntry(server=server, client_secret=client_secret, token_set=tokens)


def refreshing(secrets: ProjectSecrets) -> Callable[[ServerEntry], TokenSet]:
    """What gives an entry's tokens, refreshed first if they are about to expire."""
    return lambda entry: fresh_tokens(secrets, entry.server, FRESH_SECONDS, time.time())


def _limit(entry: ServerEntry, project: Project) -> MailLimit | None:
    return mail_limit(entry, provider_for(entry.server.host, project.providers))


def _may_prove_refresh(entry: ServerEntry, project: Project) -> bool:
    return token_provider(entry, project).refresh_token_rotation in _REFRESH_HARMLESS
