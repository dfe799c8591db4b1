"""`provisioner worksheet`: what to type into MAPS' dialog."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.app import print_error
from provisioner.cli.completion import complete_host_name
from provisioner.cli.options import HostsOptions, ServerNames
from provisioner.errors import ExitCode, ProvisionerError, UsageError, gravest
from provisioner.worksheet.render import WorksheetFormat

if TYPE_CHECKING:
    from provisioner.credentials.project_secrets import OpenProject
    from provisioner.model.email_server import EmailServer
    from provisioner.secret import Secret
    from provisioner.worksheet.sheet import Worksheet

Hosts = Annotated[
    list[str] | None,
    typer.Option(
        "--host",
        help="Only the servers of this host (repeatable).",
        show_default="all",
        autocompletion=complete_host_name,
    ),
]
Changed = Annotated[
    bool,
    typer.Option(
        "--changed",
        help="Contact the hosts; print only fields that differ from the last entered ones.",
    ),
]
Format = Annotated[
    WorksheetFormat | None,
    typer.Option(
        "--format", help="How to print the result.", show_default="as FILE ends, else text"
    ),
]
OutputFile = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write to this file.",
        show_default="standard output",
    ),
]
Reveal = Annotated[
    bool, typer.Option("--reveal", help="Show client secrets and passwords; else they are ***.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Allow --reveal to write to a pipe.")]


def worksheet(
    options: HostsOptions,
    servers: ServerNames = None,
    host: Hosts = None,
    changed: Changed = False,
    output_format: Format = None,
    output: OutputFile = None,
    reveal: Reveal = False,
    yes: Yes = False,
) -> int:
    """Print what to enter into the dialog of MAPS, tab by tab, if you enter it by hand.

    With --changed, contacts the hosts and shows the fields that differ from the last entered ones,
    old and new, for hosts that a push has verified. Secrets are *** unless --reveal, which asks for
    the same confirmation as a push and writes a file that only you can read.

    Examples:

      provisioner worksheet Reports

      provisioner worksheet --host maps1.example.edu --output maps1.html

      provisioner worksheet --host maps1.example.edu --changed

      provisioner worksheet Reports --reveal --output reports.html
    """
    from provisioner.cli.worksheet_file import (
        deliver,
        format_of,
        refuse_to_replace_declared,
        refuse_unknown_readers,
    )
    from provisioner.deploy.scope import Scope, chosen_servers

    if not changed:
        _check(options, host, reveal=reveal)
    if reveal and not yes:
        refuse_unknown_readers(output)
    declared = options.read()
    refuse_to_replace_declared(output, declared)
    chosen = chosen_servers(declared, servers or ())
    if changed:
        from provisioner.cli.run_session import RunSession
        from provisioner.cli.worksheet_changed import changed_worksheets

        scope = Scope(hosts=tuple(host or ()))
        names = [server.server_name for server in chosen] if servers else []
        worksheets, code = changed_worksheets(
            RunSession("plan", options, project=declared),
            scope,
            names,
            _revealed if reveal else None,
        )
    else:
        from provisioner.cli.host_servers import servers_of_hosts

        opened = options.open(declared) if reveal else None
        groups = servers_of_hosts(host or (), declared, chosen, named=bool(servers))
        worksheets, code = _whole(groups, opened)
    if worksheets:
        deliver(worksheets, output, format_of(output, output_format))
    return code


def _whole(
    groups: Mapping[tuple[str, ...], Sequence[EmailServer]], opened: OpenProject | None
) -> tuple[list[Worksheet], ExitCode]:
    """All fields of these servers, by their hosts. `opened`: if secrets are to be shown."""
    from provisioner.worksheet.sheet import Worksheet, build_sheet

    found: Mapping[str, Secret | None] | None = None
    code = ExitCode.DONE
    if opened is not None:
        servers = {server.server_name: server for group in groups.values() for server in group}
        found, code = _revealed(servers.values(), opened)
    sheets = {
        hosts: tuple(
            build_sheet(server, found[server.server_name] if found else None)
            for server in group
            if found is None or server.server_name in found
        )
        for hosts, group in groups.items()
    }
    return [
        Worksheet(there, hosts) for hosts, there in sheets.items() if there or found is None
    ], code


def _revealed(
    servers: Iterable[EmailServer], opened: OpenProject
) -> tuple[dict[str, Secret | None], ExitCode]:
    """The secrets that can be shown; what is wrong with one server stops no other."""
    found, codes = {}, []
    for server in servers:
        try:
            found[server.server_name] = opened.secrets.secret_to_show(server)
        except ProvisionerError as error:
            print_error(error.message, error.remedy)
            codes.append(error.exit_code)
    return found, gravest(codes)


def _check(options: HostsOptions, host: list[str] | None, *, reveal: bool) -> None:
    """UsageError for an option that would do nothing without another."""
    if options.inventory is not None and not host:
        raise UsageError(
            "--inventory requires --host or --changed",
            remedy="pass --host, or remove --inventory",
        )
    if options.accept_destination and not reveal:
        raise UsageError(
            "--accept-destination requires --reveal or --changed",
            remedy="pass --reveal, or remove it: no secret is read without it",
        )
    of_hosts = (options.forks, options.ask_become_pass, options.vault_password_file)
    if any(of_hosts) or options.verbose:
        raise UsageError(
            "--forks, --ask-become-pass, --vault-password-file and --verbose require --changed",
            remedy="pass --changed, or remove them: no host is contacted without it",
        )
