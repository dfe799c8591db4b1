"""plan and push: ask all hosts, then bring those that differ to the declared state, in batches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from provisioner.credentials.store import TokenSet
from provisioner.deploy.proofs import note_or_warn, sign_in_proofs
from provisioner.errors import FleetError, ProvisionerError
from provisioner.fleet.batches import BatchSizes, batches
from provisioner.fleet.canary_due import with_canaries_due
from provisioner.fleet.delivering import Delivering, Removals, not_reached
from provisioner.fleet.hand_over import without_handed_over
from provisioner.fleet.host_result import GOOD_STATES, HostResult, HostState
from provisioner.fleet.outcome import Outcome
from provisioner.fleet.post_check import MailMode, canaries
from provisioner.fleet.preparation import Preparation, skipped_server
from provisioner.fleet.removals import removals
from provisioner.fleet.run_event import (
    BatchStarted,
    HostFinished,
    RunPlanned,
    RunStopped,
    ServerSkipped,
)
from provisioner.fleet.saved_plan import SavedPlan
from provisioner.hosts.entry import ServerEntry
from provisioner.hosts.envelope import envelope

Hosts = tuple[HostResult, ...]
Refresh = Callable[[ServerEntry], TokenSet]


@dataclass(frozen=True, slots=True, kw_only=True)
class PushOptions:
    """How a push goes about it. `sizes`: of the batches; None: as the number of hosts suggests.

    `only`: ask no other hosts (a saved plan, an unfinished push). `held` holds the hosts as they
    are against that. `approve` raises where what would be done is not to be. `describe` makes the
    plan for the journal.
    """

    describe: Callable[[Hosts], SavedPlan]
    approve: Callable[[Hosts], None]
    held: Callable[[Hosts], Hosts] = lambda hosts: hosts
    only: frozenset[str] | None = None
    sizes: BatchSizes | None = None
    stop_on_failure: bool = True


def plan(work: Delivering, preparation: Preparation) -> Outcome:
    """Ask every host what a push would change; changes nothing anywhere."""
    hosts = _asked(work, preparation, preparation.all_hosts)
    preparation = without_handed_over(preparation, hosts, work.fleet.project)
    return _outcome(work, hosts, preparation, check=True)


def push(
    work: Delivering, preparation: Preparation, options: PushOptions, refresh: Refresh
) -> Outcome:
    """Plan, refresh what is about to expire, deliver to the hosts that differ, prove by mail."""
    wanted = [h for h in preparation.all_hosts if options.only is None or h in options.only]
    planned = options.held(_asked(work, preparation, wanted))
    if work.mail is MailMode.CANARY_ONLY:
        planned = with_canaries_due(planned, preparation.entries)
    options.approve(planned)
    behind = tuple(h for h in planned if h.needs_push)
    preparation = without_handed_over(preparation, behind, work.fleet.project)
    ready = _refreshed(work, preparation, behind, refresh)
    targets = [h.host for h in behind if _still_wanted(h, ready)]
    due = [(h.host, _servers_due([h])) for h in behind if h.host in targets]
    if work.mail is MailMode.CANARY_ONLY:
        work = replace(work, canaries=canaries(due))
    groups = batches(targets, options.sizes)
    work.fleet.listener(
        RunPlanned(plan=options.describe(planned).content, hosts=planned, batches=groups)
    )
    done = _in_batches(work, ready, groups, planned, stop=options.stop_on_failure)
    untouched = {h.host for h in behind} - set(targets)
    hosts = tuple(
        _left_as_it_was(h) if h.host in untouched else done.get(h.host, h) for h in planned
    )
    project = work.fleet.project
    proofs = sign_in_proofs(hosts, ready.entries, project, at=time.time())
    warnings = (*ready.warnings, *note_or_warn(project.root, proofs))
    return _outcome(work, hosts, replace(ready, warnings=warnings), check=False)


def _asked(work: Delivering, preparation: Preparation, hosts: Iterable[str]) -> Hosts:
    for server in preparation.skipped:
        work.fleet.listener(
            ServerSkipped(server=server.name, reason=server.reason, remedy=server.remedy)
        )
    found = work.asked(preparation, hosts)
    work.fleet.signals.check()
    return found


def _in_batches(
    work: Delivering,
    preparation: Preparation,
    groups: tuple[tuple[str, ...], ...],
    planned: Hosts,
    *,
    stop: bool,
) -> dict[str, HostResult]:
    """The results of all batches; those that were not begun any more count as not reached."""
    found: dict[str, HostResult] = {}
    gone, before = removals(planned), {h.host: h.fingerprint for h in planned}
    for number, hosts in enumerate(groups, 1):
        work.fleet.listener(BatchStarted(number=number, count=len(groups), hosts=hosts))
        results = [_beside(r, before) for r in _batch(work, preparation, hosts, gone)]
        for result in results:
            found[result.host] = result
            work.fleet.listener(HostFinished(result=result))
        if why := _reason_to_stop(work, results, stop=stop):
            rest = tuple(host for group in groups[number:] for host in group)
            if rest:
                work.fleet.listener(RunStopped(reason=why, hosts=rest))
            return found | {host: not_reached(host, why) for host in rest}
    return found


def _batch(
    work: Delivering, preparation: Preparation, hosts: tuple[str, ...], gone: Removals
) -> Hosts:
    """Ansible that cannot start must not take the report of the batches before with it."""
    try:
        return work.delivered(preparation, hosts, gone)
    except FleetError as error:
        words = ": ".join(filter(None, (error.message, error.remedy)))
        return tuple(not_reached(host, words) for host in hosts)


def _reason_to_stop(work: Delivering, results: list[HostResult], *, stop: bool) -> str:
    if work.fleet.signals.first:
        return "the run was interrupted"
    # Without mails nothing is proven: as it was asked for.
    good = GOOD_STATES | ({HostState.UNPROVEN} if work.mail is MailMode.NONE else set())
    bad = [result for result in results if result.state not in good]
    if not bad or not stop:
        return ""
    first = f"{bad[0].host} ended as {bad[0].state}"
    more = f", and {len(bad) - 1} more of its batch did not do well" if len(bad) > 1 else ""
    return f"{first}{more}; no further batch was begun"


def _beside(result: HostResult, before: Mapping[str, str | None]) -> HostResult:
    """With the fingerprint that the host had; a restored one has that again."""
    old = before.get(result.host)
    now = old if result.state is HostState.RESTORED else result.fingerprint
    return replace(result, before=old, fingerprint=now)


def _outcome(work: Delivering, hosts: Hosts, preparation: Preparation, *, check: bool) -> Outcome:
    project = work.fleet.project
    return Outcome(
        run_id=work.run_id,
        hosts=hosts,
        skipped=preparation.skipped,
        warnings=preparation.warnings,
        check=check,
        interrupted=work.fleet.signals.first,
        restart=work.restart,
        envelopes={n: envelope(e, project.test_email) for n, e in preparation.entries.items()},
    )


def _servers_due(hosts: Iterable[HostResult]) -> set[str]:
    """Servers that will be written or mailed somewhere."""
    changed = {s.name for h in hosts for s in h.servers if s.state in ("added", "changed")}
    return changed | {name for h in hosts for name in h.mails_needed}


def _refreshed(
    work: Delivering, preparation: Preparation, hosts: Hosts, refresh: Refresh
) -> Preparation:
    due = _servers_due(hosts)
    for entry in list(preparation.entries.values()):
        work.fleet.signals.check()
        if entry.token_set is None or entry.name not in due:
            continue
        try:
            preparation = preparation.with_entry(replace(entry, token_set=refresh(entry)))
        except ProvisionerError as error:
            skipped = skipped_server(entry.name, error)
            preparation = preparation.without(skipped)
            work.fleet.listener(
                ServerSkipped(server=entry.name, reason=skipped.reason, remedy=skipped.remedy)
            )
    return preparation


def _still_wanted(host: HostResult, preparation: Preparation) -> bool:
    """Held back only if all that is due there was skipped: a host may also differ in what no
    server is due for, such as a document not yet applied, or one that others can read."""
    due = _servers_due([host])
    wanted = not due or bool(due & set(preparation.entries))
    return wanted and host.host in preparation.all_hosts


def _left_as_it_was(host: HostResult) -> HostResult:
    """Its only changes were of servers that could not be made ready: the run says which."""
    return replace(
        host,
        state=HostState.HELD,
        message="what would change there could not be made ready",
    )
