"""entered: record on hosts that a person has typed into MAPS what was left to type."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from provisioner.deploy.record import HostFinished
from provisioner.deploy.run import Run
from provisioner.errors import UsageError
from provisioner.host.result import HostResult, HostState
from provisioner.host.to_enter import of_servers

_KEPT = frozenset((HostState.UNCHANGED, HostState.WOULD_CHANGE))


def record_entered(run: Run, agree: Callable[[list[HostResult]], None]) -> None:
    """Read the hosts, and record what a person says; `agree` raises where that is not so."""
    run.start()
    asked = run.ask_all("plan", run.targets.all_hosts)
    results = [_refused(run, result) for result in asked]
    _require_servers(run, asked)
    wanted = [result for result in results if _is_wanted(run, result)]
    for result in run.change("entered", results, wanted, agree):
        run.record.add(HostFinished(result=result))


def _undoes(run: Run) -> bool:
    return run.options.entered is not None and run.options.entered.undo


def _refused(run: Run, host: HostResult) -> HostResult:
    """A host where nothing can be recorded says why."""
    if host.state not in _KEPT:
        return host
    if host.applied is not None:
        return replace(host, state=HostState.FAILED, reason="imports_itself")
    if host.to_enter is None and not _undoes(run):
        return replace(host, state=HostState.FAILED, reason="push_first")
    return host


def _is_wanted(run: Run, host: HostResult) -> bool:
    if host.state not in _KEPT:
        return False
    if _undoes(run):
        return bool(host.entered)
    said = run.options.entered
    return bool(of_servers(host.to_enter or (), said.servers if said else ()))


def _require_servers(run: Run, hosts: list[HostResult]) -> None:
    """UsageError for a name that no host knows: a slip must not look like something done."""
    said = run.options.entered
    known = set[str]()
    for host in hosts:
        known |= {server.name.casefold() for server in host.to_enter or ()}
        known |= {server.name.casefold() for server in host.entered}
        known |= {server.name.casefold() for server in host.servers}
    unknown = [name for name in (said.servers if said else ()) if name.casefold() not in known]
    if unknown and hosts:
        raise UsageError(
            f"--server {unknown[0]}: no such server on {', '.join(host.host for host in hosts)}",
            remedy="see what is to be entered: provisioner status --hosts",
        )
