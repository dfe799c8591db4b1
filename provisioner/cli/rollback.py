"""`provisioner rollback`."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.options import (
    AllowCommands,
    Format,
    InventoryPath,
    OutputFormat,
    ProjectFolder,
    Verbosity,
)

if TYPE_CHECKING:
    from provisioner.cli.vaults import Vaults
    from provisioner.fleet.push import Outcome
    from provisioner.fleet.rollback import Chosen, Rollback
    from provisioner.model.project import Project


def rollback(
    hosts: Annotated[
        list[str] | None,
        typer.Argument(metavar="[HOST]...", help="Only these hosts.", show_default="all"),
    ] = None,
    limit: Annotated[
        str | None, typer.Option("--limit", help="Only hosts of this Ansible host pattern.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")] = False,
    project: ProjectFolder = Path(),
    inventory: InventoryPath = None,
    output_format: Format = OutputFormat.TEXT,
    allow_commands: AllowCommands = False,
    verbose: Verbosity = 0,
) -> int:
    """Bring back the document that hosts had before, and prove that one with a test email.

    It becomes a new generation there; a refresh token that a provider takes only once is never
    brought back. The declared files stay as they are: correct them before the next push.

    Examples:

      provisioner rollback maps1.example.edu

      provisioner rollback --limit 'maps:&test' --yes
    """
    from provisioner.cli.fleet_run import outcome_report
    from provisioner.cli.fleet_session import with_inventory
    from provisioner.cli.vaults import open_vaults
    from provisioner.fleet.lock import push_lock
    from provisioner.fleet.rollback import Chosen
    from provisioner.model.reading import read_project

    declared = with_inventory(read_project(project), inventory)
    with push_lock(declared.root):
        vaults = open_vaults(declared, allow_commands=allow_commands)
        quiet = output_format is OutputFormat.JSON
        outcome = _rolled_back(
            vaults, Chosen(hosts or (), limit), agreed=yes, quiet=quiet, verbosity=verbose
        )
    print(outcome_report(outcome, declared, output_format))
    return outcome.exit_code


def _rolled_back(
    vaults: Vaults,
    chosen: Chosen,
    *,
    agreed: bool,
    quiet: bool,
    verbosity: int,
) -> Outcome:
    from provisioner.cli.fleet_session import fleet_session
    from provisioner.cli.progress import progress
    from provisioner.fleet.rollback import prepare_rollback, rollback

    prepared = partial(prepare_rollback, chosen=chosen, refresh=vaults.refreshed)
    with (
        progress(quiet=quiet, plain=verbosity > 0) as line,
        fleet_session(vaults, (), progress=line, verbosity=verbosity, prepare=prepared) as session,
    ):
        fleet, preparation = session
        line(f"asking {', '.join(preparation.all_hosts)}")
        asked = rollback(fleet, preparation)
        line.clear()
        if not asked.hosts:
            return asked.planned
        if not agreed:
            _ask(asked, vaults.project)
        return asked.carry_out()


def _ask(asked: Rollback, project: Project) -> None:
    """Show what would come back, and go on only if a person says yes."""
    from provisioner.cli.fleet_run import outcome_report
    from provisioner.errors import UsageError

    if not sys.stdin.isatty():
        raise UsageError(
            f"a rollback of {', '.join(asked.hosts)} was not agreed to; nothing was changed",
            remedy="there is no terminal to ask at: say --yes",
        )
    print(outcome_report(asked.planned, project, OutputFormat.TEXT), file=sys.stderr)
    typer.confirm(f"Roll back {', '.join(asked.hosts)}?", abort=True, err=True)
