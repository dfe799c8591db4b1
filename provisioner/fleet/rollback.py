"""rollback: hosts go back to the document that they had before, and prove that one by mail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from provisioner.errors import PersonNeeded, ProvisionerError, UsageError
from provisioner.fleet.host_result import HostResult, HostState, host_result
from provisioner.fleet.post_check import broken_before
from provisioner.fleet.preparation import Preparation, Resolve
from provisioner.fleet.push import Fleet, Outcome, Refresh, new_run_id
from provisioner.fleet.rotation import may_be_dead
from provisioner.fleet.runner import TaskResult
from provisioner.hosts.entry import ServerEntry
from provisioner.hosts.inventory import Inventory
from provisioner.model.email_server import EmailServer
from provisioner.model.project import Project
from provisioner.tokens.destinations import check_destinations
from provisioner.tokens.store import TokenStore
from provisioner.tokens.token_set import TokenSet

_PLAYBOOK = "rollback.yml"
_PHASES = {"rollback": "deliver", "baseline": "mail"}


@dataclass(frozen=True, slots=True)
class Rollback:
    """Hosts to roll back, and what they said they would go back to."""

    fleet: Fleet
    preparation: Preparation
    planned: Outcome

    @property
    def hosts(self) -> tuple[str, ...]:
        """Those that have an earlier document."""
        return tuple(h.host for h in self.planned.hosts if h.state is HostState.CHANGES)

    def carry_out(self) -> Outcome:
        """Roll them back; the others stay in the outcome as they are."""
        self.fleet.progress(f"rolling back {', '.join(self.hosts)}")
        done = _played(self.fleet, self.preparation, self.hosts, self.planned.run_id, check=False)
        from_generation = {h.host: h.generation for h in self.planned.hosts}
        results = {h.host: h for h in self.planned.hosts} | {
            h.host: replace(h, rolled_back_from=from_generation[h.host]) for h in done
        }
        return replace(self.planned, hosts=tuple(results.values()), check=False)


def rollback(fleet: Fleet, preparation: Preparation) -> Rollback:
    """Ask the hosts what a rollback would bring back; changes nothing anywhere."""
    run_id = new_run_id()
    planned = Outcome(
        run_id=run_id,
        hosts=_played(fleet, preparation, preparation.all_hosts, run_id, check=True),
        skipped=(),
        warnings=preparation.warnings,
        check=True,
    )
    return Rollback(fleet, preparation, planned)


def _played(
    fleet: Fleet, preparation: Preparation, hosts: Sequence[str], run_id: str, *, check: bool
) -> tuple[HostResult, ...]:
    if not hosts:
        return ()
    return fleet.play(
        preparation,
        set(hosts),
        run_id=run_id,
        check=check,
        playbook=_PLAYBOOK,
        judge=rollback_result,
    )


def rollback_result(host: str, results: Sequence[TaskResult], *, check: bool) -> HostResult:
    """Judge one host: a document from before that fails, too, leaves nothing to go back to."""
    result = host_result(host, [_as_of_a_push(r) for r in results], check=check)
    if check:
        return result
    if problem := broken_before(result.mails):
        return replace(result, state=HostState.UNKNOWN, message=problem)
    if result.state is HostState.RESTORED:  # to what it had before: the rollback has failed
        return replace(result, state=HostState.UNKNOWN, message=f"not back: {result.message}")
    if result.state is HostState.APPLIED:
        return replace(result, state=HostState.ROLLED_BACK)
    return result


def _as_of_a_push(result: TaskResult) -> TaskResult:
    """The two tasks of a rollback are those of a delivery, and end like them."""
    facts = result.result.get("maps") or {}
    if (phase := _PHASES.get(facts.get("phase", ""))) is None:
        return result
    return replace(result, result={**result.result, "maps": {**facts, "phase": phase}})


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which hosts: those of the patterns (all, if there are none) within the limit."""

    patterns: Sequence[str] = ()
    limit: str | None = None

    def of(self, inventory: Inventory, hosts: set[str]) -> set[str]:
        """Those of `hosts`; UsageError if a pattern means one that is not among them, or none."""
        chosen = {host for pattern in self.patterns for host in inventory.hosts(pattern)}
        foreign = ", ".join(sorted(chosen - hosts))
        found = chosen or hosts
        if self.limit:
            found = found & set(inventory.hosts(self.limit))
        if foreign or not found:
            raise UsageError(
                f"no declared server goes to {foreign or 'a host of that limit'}",
                remedy=f"hosts of this project: {', '.join(sorted(hosts)) or 'none'}",
            )
        return found


def prepare_rollback(
    project: Project,
    servers: Sequence[EmailServer],
    inventory: Inventory,
    store: TokenStore,
    resolve: Resolve,
    *,
    chosen: Chosen,
    refresh: Refresh,
) -> Preparation:
    """What a rollback needs of the declared servers: envelopes, and current tokens.

    No password is read. Where a token cannot be had the old document goes back without it, and
    a warning says so: a rollback must work when little else does.
    """
    warnings: list[str] = []
    entries = {}
    for server in servers:
        entry = ServerEntry(server=server)
        if server.oauth2 is not None:
            entry = _with_tokens(entry, project, store, resolve, refresh, warnings.append)
        entries[entry.name] = entry
    everywhere = {s.server_name: inventory.hosts(s.hosts) for s in servers}
    wanted = chosen.of(inventory, {host for found in everywhere.values() for host in found})
    hosts = {name: tuple(h for h in found if h in wanted) for name, found in everywhere.items()}
    return Preparation(entries, hosts, (), tuple(warnings))


def _with_tokens(
    entry: ServerEntry,
    project: Project,
    store: TokenStore,
    resolve: Resolve,
    refresh: Refresh,
    warn: Callable[[str], None],
) -> ServerEntry:
    try:
        entry = replace(entry, token_set=_stored(entry, store))
        if not may_be_dead(entry, project):
            return entry
        return replace(entry, token_set=_refreshed(entry, resolve, refresh))
    except ProvisionerError as error:
        warn(f"{entry.name}: its tokens were not made ready: {error.message}")
        return entry


def _stored(entry: ServerEntry, store: TokenStore) -> TokenSet:
    tokens = store.load(entry.name)
    if tokens is None:
        raise PersonNeeded("nobody has signed in", remedy="")
    check_destinations(tokens, entry.server)
    return tokens


def _refreshed(entry: ServerEntry, resolve: Resolve, refresh: Refresh) -> TokenSet:
    assert entry.server.oauth2 is not None  # noqa: S101  it has tokens
    where = f"{entry.server.origin.file}:{entry.server.origin.line}: {entry.name}: client_secret"
    secret = resolve(entry.server.oauth2.client_secret, where)
    return refresh(replace(entry, client_secret=secret))
