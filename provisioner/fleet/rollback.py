"""rollback: hosts go back to the document that they had before, and prove that one by mail."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from provisioner.credentials.project_secrets import ProjectSecrets
from provisioner.errors import ProvisionerError, UsageError
from provisioner.fleet.delivering import Delivering
from provisioner.fleet.host_result import HostResult, HostState, host_result
from provisioner.fleet.outcome import Outcome
from provisioner.fleet.post_check import broken_before
from provisioner.fleet.preparation import Preparation
from provisioner.fleet.push import Refresh
from provisioner.fleet.rotation import may_be_dead
from provisioner.fleet.run_event import HostFinished
from provisioner.fleet.runner import TaskResult
from provisioner.hosts.entry import ServerEntry
from provisioner.hosts.inventory import Inventory
from provisioner.model.email_server import EmailServer
from provisioner.model.project import Project

_PLAYBOOK = "rollback.yml"
_MOST_NAMES = 20
_PHASES = {"rollback": "deliver", "baseline": "mail"}


@dataclass(frozen=True, slots=True)
class Rollback:
    """Hosts to roll back, and what they said they would go back to."""

    work: Delivering
    preparation: Preparation
    planned: Outcome

    @property
    def hosts(self) -> tuple[str, ...]:
        """Those that have an earlier document."""
        return tuple(h.host for h in self.planned.hosts if h.state is HostState.CHANGES)

    def carry_out(self) -> Outcome:
        """Roll them back; the others stay in the outcome as they are."""
        done = self.work.played(
            _PLAYBOOK, self.preparation, self.hosts, check=False, judge=rollback_result
        )
        from_generation = {h.host: h.generation for h in self.planned.hosts}
        results = {h.host: h for h in self.planned.hosts} | {
            h.host: replace(h, rolled_back_from=from_generation[h.host]) for h in done
        }
        for result in results.values():
            self.work.fleet.listener(HostFinished(result=result))
        interrupted = self.work.fleet.signals.first
        return replace(
            self.planned, hosts=tuple(results.values()), check=False, interrupted=interrupted
        )


def rollback(work: Delivering, preparation: Preparation) -> Rollback:
    """Ask the hosts what a rollback would bring back; changes nothing anywhere."""
    hosts = work.played(
        _PLAYBOOK, preparation, preparation.all_hosts, check=True, judge=rollback_result
    )
    work.fleet.signals.check()
    planned = Outcome(
        run_id=work.run_id,
        hosts=hosts,
        skipped=(),
        warnings=preparation.warnings,
        check=True,
        restart=work.restart,
    )
    return Rollback(work, preparation, planned)


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


def chosen_hosts(inventory: Inventory, patterns: Sequence[str], hosts: set[str]) -> set[str]:
    """Those of `hosts` that the patterns mean, all if there are none.

    UsageError if a pattern means one that is not among them, or none.
    """
    found = set(hosts)
    if patterns:
        found = {host for pattern in patterns for host in inventory.matching(pattern)}
    if not found or found - hosts:
        named = ", ".join(sorted(found - hosts) or patterns)
        raise UsageError(
            f"no declared server goes to {named or 'any host'}",
            remedy=f"hosts of this project: {_some(sorted(hosts))}",
        )
    return found


def _some(names: Sequence[str]) -> str:
    """The names, or the first of many."""
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return (", ".join(names[:_MOST_NAMES]) or "none") + more


def prepare_rollback(
    project: Project,
    servers: Sequence[EmailServer],
    inventory: Inventory,
    secrets: ProjectSecrets,
    *,
    now: float,  # noqa: ARG001  as prepare() takes it
    patterns: Sequence[str],
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
            entry = _with_tokens(entry, project, secrets, refresh, warnings.append)
        entries[entry.name] = entry
    declared = {s.server_name: inventory.matching(s.hosts) for s in servers}
    everywhere = {host for found in declared.values() for host in found}
    wanted = chosen_hosts(inventory, patterns, everywhere)
    prepared = Preparation(entries, declared, (), tuple(warnings), declared=declared, written=False)
    return prepared.limited_to(wanted)


def _with_tokens(
    entry: ServerEntry,
    project: Project,
    secrets: ProjectSecrets,
    refresh: Refresh,
    warn: Callable[[str], None],
) -> ServerEntry:
    try:
        entry = replace(entry, token_set=secrets.tokens(entry.server))
        if not may_be_dead(entry, project):
            return entry
        return replace(entry, token_set=refresh(entry))
    except ProvisionerError as error:
        warn(f"{entry.name}: its tokens were not made ready: {error.message}")
        return entry
