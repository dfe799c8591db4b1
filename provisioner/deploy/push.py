"""plan and push: ask all hosts, then bring those that differ to the declared state, in batches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
from msgspec.structs import replace as replaced

from provisioner.credentials.expiry import proof_of, refusals
from provisioner.credentials.proofs import LastProof, note_mail, read_proofs
from provisioner.deploy.batches import BatchSizes, StopPolicy, batches, default_sizes
from provisioner.deploy.entry import ServerEntry
from provisioner.deploy.handover import hand_over, used_up, without_used_up
from provisioner.deploy.plan import Plan, PlannedHost, make_plan
from provisioner.deploy.record import (
    BatchStarted,
    HostFinished,
    RunPlanned,
    RunRecord,
    RunStopped,
    WarningGiven,
    all_runs,
)
from provisioner.deploy.run import Run
from provisioner.deploy.targets import Targets
from provisioner.errors import FleetError, ProvisionerError
from provisioner.host.mail_mode import MailMode
from provisioner.host.result import HostResult, HostState
from provisioner.model.project import Project
from provisioner.oauth.checks import last_proof, login_result
from provisioner.oauth.refreshing import FRESH_SECONDS, fresh_tokens
from provisioner.providers.catalogue import provider_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is to be done. `hosts`: what hosts had (empty with a saved plan); `planned`: those of
    the plan that this push is about; `note`: what changed since the push that is resumed."""

    plan: Plan
    hosts: list[HostResult]
    planned: dict[str, PlannedHost]
    note: str = ""

    @property
    def due(self) -> dict[str, set[str]]:
        """Host -> servers to write or to verify there."""
        return {host: planned.due for host, planned in self.planned.items()}

    @property
    def removed(self) -> list[str]:
        """The servers that go anywhere, sorted."""
        return sorted({name for planned in self.planned.values() for name in planned.removed})


@dataclass(frozen=True, slots=True, kw_only=True)
class PushOptions:
    """How a push goes about it. `sizes`: of the batches; `resumed`: the push whose undone hosts
    alone this one is about; `agree` raises where what would be done is not to be."""

    agree: Callable[[Work], None]
    sizes: BatchSizes | None = None
    max_failures: str = "0"
    resumed: RunRecord | None = None

    @property
    def only(self) -> frozenset[str] | None:
        """The hosts that this push is about; None: all."""
        return frozenset(self.resumed.undone) if self.resumed else None


def plan(run: Run) -> Work:
    """Ask every host what a push would change; changes nothing anywhere."""
    work = _asked(run, run.targets.all_hosts)
    _leave_out(run, without_used_up(run.targets, work.plan))
    run.record.add(RunPlanned(hosts=work.hosts, plan=msgspec.to_builtins(work.plan), batches=[]))
    _tell_of_refusals(run)
    return work


def push(run: Run, options: PushOptions, saved: Plan | None = None) -> None:
    """Plan, refresh what is about to expire, deliver to the hosts that differ, verify by email."""
    if saved is None:
        _require_known(run.targets, options.only or frozenset())
        work = _asked(run, _only(run.targets.all_hosts, options.only))
    else:
        saved.require_current(run.targets, run.key, run.commit)
        run.start()
        work = _planned(run, saved, options.only)
    if options.resumed:
        work = replace(work, note=_changed_since(options.resumed, work.plan))
    options.agree(work)
    _leave_out(run, without_used_up(run.targets, work.plan))
    _leave_out(run, _refreshed(run, set().union(*work.due.values())))
    wanted = [host for host in sorted(work.planned) if _is_wanted(run, work, host)]
    sizes = options.sizes or default_sizes(len(wanted))
    groups = batches(wanted, sizes, len(wanted))
    run.record.add(
        RunPlanned(hosts=work.hosts, plan=msgspec.to_builtins(work.plan), batches=groups)
    )
    for host in sorted(set(work.planned) - set(wanted)):
        result = HostResult(host=host, state=HostState.SKIPPED, reason="servers_skipped")
        run.record.add(HostFinished(result=result))
    _push_batches(run, work, wanted, sizes, options.max_failures)
    proofs = sign_in_proofs(run.record.hosts, run.targets.entries, run.project, at=time.time())
    for warning in note_or_warn(run.project.root, proofs):
        run.record.add(WarningGiven(text=warning))
    _tell_of_refusals(run)


def _push_batches(
    run: Run, work: Work, wanted: Sequence[str], sizes: BatchSizes, most: str
) -> None:
    """One batch after the other. One that has verified nothing is no canary: the next one has its
    size again."""
    number, rest = 1, list(wanted)
    while rest:
        groups = batches(rest, sizes, len(wanted))
        hosts, rest = groups[0], rest[len(groups[0]) :]
        count = number - 1 + len(groups)
        run.record.add(BatchStarted(number=number, count=count, hosts=hosts))
        stop = StopPolicy(most, len(hosts), run.options.mail)
        _push_batch(run, work, hosts, stop)
        if why := "the run was interrupted" if run.signals.first else stop.why:
            if rest:
                run.record.add(RunStopped(reason=why, hosts=rest))
            return
        if stop.verified and len(sizes) > 1:
            sizes = sizes[1:]
        number += 1


def _push_batch(run: Run, work: Work, hosts: list[str], stop: StopPolicy) -> None:
    try:
        settle = hand_over(run.opened.store, run.targets, hosts)
    except ProvisionerError as error:
        stop.because(error)
        for host in hosts:
            run.record.add(HostFinished(result=_not_started(host, stop.why)))
        return
    for result in _results(run, work, hosts, stop):
        run.record.add(HostFinished(result=result))
        for warning in settle(result):
            run.record.add(WarningGiven(text=warning))
        if stop.after(result):
            run.executor.stop()


def _results(run: Run, work: Work, hosts: Sequence[str], stop: StopPolicy) -> Iterator[HostResult]:
    """Each host's result, as it comes. Ansible that cannot start must not take the report of the
    hosts before with it."""
    waiting = dict.fromkeys(hosts)
    try:
        for result in run.ask("push", hosts, work.planned):
            del waiting[result.host]
            held = result.state is HostState.NOT_STARTED and stop.why and not run.signals.first
            yield _not_started(result.host, stop.why) if held else result
    except FleetError as error:
        stop.because(error)
        for host in waiting:
            yield _not_started(host, stop.why)


def _not_started(host: str, why: str) -> HostResult:
    return HostResult(host=host, state=HostState.NOT_STARTED, reason="stopped", about=why)


def undone_of_last_push(root: Path) -> RunRecord:
    """The last push that came to a plan; FleetError if there is none, or nothing is left of it."""
    again = "run: provisioner push"
    pushes = (run for run in all_runs(root) if run.command == "push" and run.plan)
    last = next(pushes, None)
    if last is None:
        raise FleetError("nothing to resume: no earlier push found", remedy=again)
    if not last.undone:
        raise FleetError(f"nothing to resume: the push {last.run_id} is done", remedy=again)
    return last


# -- planning


def _tell_of_refusals(run: Run) -> None:
    """Sign-ins that a provider or a mail server has refused, in this run or before it."""
    known = read_proofs(run.project.root)
    for name, entry in run.targets.entries.items():
        proof = proof_of(entry.token_set, known.get(name)) if entry.token_set else None
        for problem in refusals(proof) if proof else ():
            text = f"{name}: {problem.message}\n{problem.remedy}"
            run.record.add(WarningGiven(text=text, exit_code=problem.exit_code))


def _asked(run: Run, hosts: Sequence[str]) -> Work:
    run.start()
    results = run.ask_all("plan", hosts)
    if run.options.mail is MailMode.CANARY_ONLY:
        results = _choose_canaries(run, results)
    saved = make_plan(
        results,
        run.targets,
        started=run.record.started,
        key=run.key,
        options=run.scope,
        left_out=used_up(run.targets, results),
    )
    return Work(plan=saved, hosts=results, planned=saved.hosts)


def _planned(run: Run, saved: Plan, only: frozenset[str] | None) -> Work:
    hosts = {host: saved.hosts[host] for host in _only(saved.hosts, only)}
    work = Work(plan=saved, hosts=[], planned=hosts)
    if run.options.mail is MailMode.CANARY_ONLY:
        run.canaries = _first_hosts(work.due)
    return work


def _changed_since(earlier: RunRecord, plan: Plan) -> str:
    """A resume delivers what is declared now: not always what the earlier push was to deliver."""
    try:
        before = msgspec.convert(earlier.plan.plan if earlier.plan else None, Plan)
    except msgspec.ValidationError:  # of another version
        return ""
    if before.key_id != plan.key_id:  # nothing can be compared
        return ""
    names = ", ".join(before.changed(plan.servers))
    return f"changed since that push (server file, sign-in or hosts): {names}" if names else ""


def _only(hosts: Iterable[str], only: frozenset[str] | None) -> list[str]:
    return [host for host in hosts if only is None or host in only]


def _require_known(targets: Targets, hosts: frozenset[str]) -> None:
    """FleetError if a push is to be continued on a host that is none of this run's."""
    if unknown := sorted(hosts.difference(targets.pruned_hosts, *targets.declared.values())):
        raise FleetError(
            f"no declared server goes to {', '.join(unknown)}, where that push was not done",
            remedy="pass the --inventory of that push, or push again without --resume",
        )


def _choose_canaries(run: Run, results: list[HostResult]) -> list[HostResult]:
    """Where each server is due first, an email is sent; elsewhere a sign-in is enough.

    A server without any email, sent or to come, is due on the first host that has it.
    """
    mailed = {s.name for host in results for s in host.servers if s.verified}
    due = {host.host: set(host.unverified) for host in results if host.needs_push}
    mailed |= {name for names in due.values() for name in names}
    found = list(results)
    for name in set(run.targets.entries) - mailed:
        place = next((i for i, host in enumerate(found) if _has(host, name)), None)
        if place is not None:
            host = found[place]
            found[place] = replaced(
                host, state=HostState.WOULD_CHANGE, unverified=sorted([*host.unverified, name])
            )
            due.setdefault(host.host, set()).add(name)
    run.canaries = _first_hosts(due)
    return found


def _has(host: HostResult, name: str) -> bool:
    return any(s.name == name and s.state == "unchanged" for s in host.servers)


def _first_hosts(due: dict[str, set[str]]) -> dict[str, set[str]]:
    taken: set[str] = set()
    chosen = {}
    for host in sorted(due):
        chosen[host] = due[host] - taken
        taken |= chosen[host]
    return chosen


def _leave_out(run: Run, targets: Targets) -> None:
    """Go on with these targets, and tell which servers that leaves out."""
    for skipped in targets.skipped[len(run.targets.skipped) :]:
        run.record.add(skipped)
    run.targets = targets


def _refreshed(run: Run, due: set[str]) -> Targets:
    """With fresh tokens where one is about to expire; a server whose refresh fails stays here."""
    targets = run.targets
    for entry in run.targets.entries.values():
        run.signals.check()
        if entry.token_set is None or entry.name not in due:
            continue
        try:
            tokens = fresh_tokens(run.opened.secrets, entry.server, FRESH_SECONDS, time.time())
            targets = targets.with_entry(replace(entry, token_set=tokens))
        except ProvisionerError as error:
            targets = targets.without(entry.name, error)
    return targets


def _is_wanted(run: Run, work: Work, host: str) -> bool:
    """Held back only if all that is due there was skipped: a host may also differ in what no
    server is due for, such as a document not yet applied, or one that others can read."""
    due = work.planned[host].due
    held = bool(due) and not due & set(run.targets.entries)
    return not held and host in run.targets.all_hosts


# -- what the test emails say of sign-ins


def sign_in_proofs(
    hosts: Iterable[HostResult], entries: Mapping[str, ServerEntry], project: Project, *, at: float
) -> dict[str, LastProof]:
    """Of each server one at most: what one host has proven, no refusal elsewhere disproves."""
    found: dict[str, LastProof] = {}
    for host in hosts:
        for mail in host.mails:
            entry = entries.get(mail.server)
            if entry is None or entry.token_set is None:
                continue
            provider = provider_for(entry.server.host, project.providers)
            asked = f"{entry.server.host}, asked by {host.host}"
            said = login_result(mail.smtp, asked, provider.name, entry.name)
            proof = last_proof(said, entry.token_set, at=at, by=host.host)
            if proof and (mail.server not in found or found[mail.server].mail):
                found[mail.server] = proof
    return found


def note_or_warn(root: Path, proofs: Mapping[str, LastProof]) -> list[str]:
    """Note those of a push, whose work is done; a warning if that fails."""
    try:
        if proofs:
            note_mail(root, proofs)
    except ProvisionerError as error:
        names = ", ".join(proofs)
        return [f"{names}: `status` will not know of this push: {error.message}"]
    return []
