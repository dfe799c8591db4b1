"""`provisioner plan`."""

from __future__ import annotations

from pathlib import Path

from provisioner.cli.options import (
    AcceptDestination,
    AllowCommands,
    Format,
    InventoryPath,
    OutputFormat,
    ProjectFolder,
    ServerNames,
    Verbosity,
)


def plan(
    servers: ServerNames = None,
    project: ProjectFolder = Path(),
    inventory: InventoryPath = None,
    output_format: Format = OutputFormat.TEXT,
    allow_commands: AllowCommands = False,
    accept_destination: AcceptDestination = None,
    verbose: Verbosity = 0,
) -> int:
    """Say what a push would change on each host; change nothing. Exit code 2: there are changes.

    Examples:

      provisioner plan

      provisioner plan Reports --format json
    """
    from provisioner.cli.fleet_run import run_over_fleet
    from provisioner.fleet.push import plan as plan_fleet

    return run_over_fleet(
        lambda fleet, preparation, _vaults: plan_fleet(fleet, preparation),
        project=project,
        servers=servers,
        inventory=inventory,
        output_format=output_format,
        allow_commands=allow_commands,
        accept_destinations=accept_destination or (),
        verbosity=verbose,
    )
