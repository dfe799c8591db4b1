"""rollback: hosts go back to the document that they had before, and verify that one by email."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from provisioner.deploy.record import HostFinished
from provisioner.deploy.run import Run
from provisioner.host.result import HostResult, HostState


def rollback(run: Run, agree: Callable[[list[HostResult]], None]) -> None:
    """Ask the hosts what would come back; `agree`, which sees all of them, raises where it is not
    to."""
    run.start()
    results = run.ask_all("rollback_plan", run.targets.all_hosts)
    wanted = [result for result in results if result.state is HostState.WOULD_CHANGE]
    back_to = {result.host: result.rolled_back_to for result in wanted}
    for result in run.change("rollback", results, wanted, lambda _: agree(results)):
        run.record.add(HostFinished(result=_judged(result, back_to[result.host])))


def _judged(result: HostResult, back_to: int | None) -> HostResult:
    """An earlier document that fails leaves the host what it had; to push again would verify
    another document."""
    if result.state is HostState.RESTORED:
        result = replace(result, reason="not_back")
    elif result.reason in ("not_verified", "not_checked", "not_heard"):
        result = replace(result, reason="back_not_verified")
    return replace(result, rolled_back_to=back_to)
