"""rollback: hosts go back to the document that they had before, and verify that one by email."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from provisioner.deploy.plan import PlannedHost
from provisioner.deploy.record import BatchStarted, HostFinished, RunPlanned, WarningGiven
from provisioner.deploy.run import Run
from provisioner.host.result import HostResult, HostState


def rollback(run: Run, agree: Callable[[list[HostResult]], None]) -> None:
    """Ask the hosts what would come back; `agree` raises where it is not to."""
    for warning in run.targets.warnings:
        run.record.add(WarningGiven(text=warning))
    results = sorted(
        run.ask("rollback_plan", run.targets.all_hosts), key=lambda result: result.host
    )
    run.signals.check()
    wanted = [result for result in results if result.state is HostState.WOULD_CHANGE]
    hosts = [result.host for result in wanted]
    run.record.add(RunPlanned(hosts=results, plan=None, batches=[hosts] if hosts else []))
    if not hosts:
        return
    agree(wanted)
    back_to = {result.host: result.rolled_back_to for result in wanted}
    planned = {host.host: PlannedHost(fingerprint=host.before, actions={}) for host in wanted}
    run.record.add(BatchStarted(number=1, count=1, hosts=hosts))
    for result in run.ask("rollback", hosts, planned):
        run.record.add(HostFinished(result=_judged(result, back_to[result.host])))


def _judged(result: HostResult, back_to: int | None) -> HostResult:
    """An earlier document that fails leaves the host what it had; to push again would verify
    another document."""
    if result.state is HostState.RESTORED:
        result = replace(result, reason="not_back")
    elif result.reason in ("not_verified", "not_heard"):
        result = replace(result, reason="back_not_verified")
    return replace(result, rolled_back_to=back_to)
