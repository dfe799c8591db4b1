"""`worksheet --changed`: what hosts say that a person has to change in their MAPS."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from provisioner.cli.app import print_error
from provisioner.cli.output import print_note
from provisioner.cli.run_session import RunSession
from provisioner.credentials.project_secrets import OpenProject
from provisioner.deploy.push import plan
from provisioner.deploy.scope import Scope
from provisioner.errors import ExitCode, gravest
from provisioner.host.result import HostResult, HostState
from provisioner.host.to_enter import ServerToEnter
from provisioner.model.email_server import EmailServer
from provisioner.reports.host_reasons import why
from provisioner.secret import Secret
from provisioner.text import about, printable
from provisioner.worksheet.changes import changed_sheet
from provisioner.worksheet.sheet import Sheet, Worksheet

Found = Mapping[str, Secret | None]
# The secrets of these servers, by name, as far as they can be read; what failed is told.
Reveal = Callable[[Iterable[EmailServer], OpenProject], tuple[Found, ExitCode]]
Group = tuple[ServerToEnter, ...]

_READ = (HostState.UNCHANGED, HostState.WOULD_CHANGE)


def changed_worksheets(
    session: RunSession, scope: Scope, names: Collection[str], reveal: Reveal | None
) -> tuple[list[Worksheet], ExitCode]:
    """A worksheet for each group of hosts with equal changes. Says why other hosts have none.

    `names`: of these servers alone, if there are any; `reveal`: None if secrets stay hidden.
    """
    with session.unlocked(), session.run(scope) as run:
        hosts = plan(run).hosts
        run.signals.check()
        session.view.clear()
        _tell_of_done(hosts)
        codes = [_refuse(host) for host in hosts if host.to_enter is None and not _imports(host)]
        for skipped in run.record.skipped:
            print_error(about(skipped.server, skipped.reason), skipped.remedy)
            codes.append(skipped.exit_code)
        groups = _grouped(hosts, {name.casefold() for name in names})
        declared = {s.server_name.casefold(): s for s in session.project.servers}
        secrets: Found | None = None
        if reveal:
            keys = {one.name.casefold() for group in groups for one in group}
            servers = [server for key, server in declared.items() if key in keys]
            secrets, code = reveal(servers, run.opened)
            codes.append(code)
    worksheets = [
        Worksheet(
            sheets=tuple(_sheets(group, [host.host for host in there], declared, secrets)),
            hosts=tuple(host.host for host in there),
            edition=" ".join(f"{host.host}:{host.generation}" for host in there),
        )
        for group, there in groups.items()
    ]
    return [worksheet for worksheet in worksheets if worksheet.sheets], gravest(codes)


def _imports(host: HostResult) -> bool:
    """Whether a command or a restart on the host brings the document into MAPS."""
    return host.state in _READ and host.applied is not None


def _tell_of_done(hosts: Iterable[HostResult]) -> None:
    """Which hosts need no person, in a line each for why."""
    done: dict[str, list[str]] = {}
    for host in hosts:
        if _imports(host):
            done.setdefault("imported by maps_apply_command or maps_service", []).append(host.host)
        elif host.to_enter is not None and not host.to_enter:
            done.setdefault("nothing to be entered", []).append(host.host)
    for words, names in done.items():
        print_note(f"{words}: {', '.join(map(printable, names))}")


def _refuse(host: HostResult) -> ExitCode:
    """Say why a host has no worksheet."""
    if host.state in _READ:
        host = replace(host, state=HostState.FAILED, reason="push_first")
    reason = why(host)
    print_error(": ".join(filter(None, (host.host, str(host.state), reason.text))), reason.remedy)
    return host.exit_code


def _grouped(hosts: Iterable[HostResult], names: Collection[str]) -> dict[Group, list[HostResult]]:
    """Hosts with the same to be entered, of these servers if any are named."""
    groups: dict[Group, list[HostResult]] = {}
    for host in hosts:
        here = host.to_enter or ()
        group = tuple(one for one in here if not names or one.name.casefold() in names)
        if group:
            groups.setdefault(group, []).append(host)
    return groups


def _sheets(
    group: Group,
    hosts: Sequence[str],
    declared: Mapping[str, EmailServer],
    secrets: Found | None,
) -> Iterator[Sheet]:
    """A sheet for each server, but for those whose secret was to be shown and cannot be read."""
    for due in group:
        server = declared.get(due.name.casefold())
        if server is None or due.change == "removed":
            yield changed_sheet(due, hosts, None)
        elif secrets is None:
            yield changed_sheet(due, hosts, server)
        elif server.server_name in secrets:
            yield changed_sheet(due, hosts, server, secrets[server.server_name])
