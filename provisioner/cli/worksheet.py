"""`provisioner worksheet`: what to type into MAPS' dialog."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.app import print_error
from provisioner.cli.options import (
    AcceptDestination,
    AllowCommands,
    InventoryPath,
    ProjectFolder,
    ServerNames,
    complete_host_name,
)
from provisioner.errors import ExitCode, ProvisionerError, UsageError, gravest
from provisioner.worksheet.render import WorksheetFormat

if TYPE_CHECKING:
    from provisioner.credentials.project_secrets import OpenProject
    from provisioner.model.email_server import EmailServer
    from provisioner.secret import Secret

Hosts = Annotated[
    list[str] | None,
    typer.Option(
        "--host",
        help="Only the servers of this host of the inventory (repeatable).",
        show_default="all",
        autocompletion=complete_host_name,
    ),
]
Format = Annotated[
    WorksheetFormat | None,
    typer.Option("--format", help="How to write it.", show_default="as FILE ends, else text"),
]
Out = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="FILE", help="Write it to a file.", show_default="standard output"
    ),
]
Reveal = Annotated[
    bool, typer.Option("--reveal", help="Show client secrets and passwords; else they are ***.")
]
Yes = Annotated[
    bool, typer.Option("--yes", "-y", help="Reveal into a pipe, too: its reader may have them.")
]


def worksheet(
    servers: ServerNames = None,
    host: Hosts = None,
    output_format: Format = None,
    out: Out = None,
    reveal: Reveal = False,
    yes: Yes = False,
    project: ProjectFolder = Path(),
    inventory: InventoryPath = None,
    allow_commands: AllowCommands = False,
    accept_destination: AcceptDestination = None,
) -> int:
    """Write what to type into MAPS' dialog, tab by tab, for those who enter it by hand.

    No host is asked. Secrets stay *** unless --reveal, which asks for the same consent as a push
    and writes a file that only you can read.

    Examples:

      provisioner worksheet Reports

      provisioner worksheet --host maps1.example.edu --out maps1.html

      provisioner worksheet Reports --reveal --out reports.html
    """
    from provisioner.cli.host_servers import servers_of_hosts
    from provisioner.cli.opening import open_declared
    from provisioner.cli.worksheet_file import (
        deliver,
        format_of,
        refuse_to_replace_declared,
        refuse_unknown_readers,
    )
    from provisioner.deploy.run import with_inventory
    from provisioner.deploy.scope import chosen_servers
    from provisioner.model.reading import read_project
    from provisioner.worksheet.sheet import Worksheet, build_sheet

    _check(inventory, host, accept_destination, reveal=reveal)
    if reveal and not yes:
        refuse_unknown_readers(out)
    declared = with_inventory(read_project(project), inventory)
    refuse_to_replace_declared(out, declared)
    chosen = chosen_servers(declared, servers or ())
    of_hosts = servers_of_hosts(host or (), declared, chosen, named=bool(servers))
    found: dict[str, Secret | None] = {}
    code = ExitCode.DONE
    if reveal:
        wanted = {s.server_name: s for group in of_hosts.values() for s in group}
        opened = open_declared(declared, allow_commands, accept_destination)
        found, code = _revealed(wanted.values(), opened)
    sheets = {
        hosts: tuple(
            build_sheet(server, found.get(server.server_name))
            for server in group
            if not reveal or server.server_name in found
        )
        for hosts, group in of_hosts.items()
    }
    worksheets = [Worksheet(of_group, hosts) for hosts, of_group in sheets.items() if of_group]
    if worksheets or not reveal:
        deliver(worksheets or [Worksheet(())], out, format_of(out, output_format))
    return code


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


def _check(
    inventory: Path | None, host: list[str] | None, accepted: list[str] | None, *, reveal: bool
) -> None:
    """UsageError for an option that would do nothing without another."""
    if inventory is not None and not host:
        raise UsageError(
            "--inventory says where hosts are looked up, and no --host is named",
            remedy="name the host, or leave --inventory away",
        )
    if accepted and not reveal:
        raise UsageError(
            "--accept-destination accepts nothing here, since no secret is read without --reveal",
            remedy="say --reveal, too, or leave it away",
        )
