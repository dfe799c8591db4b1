"""`provisioner push`."""

from __future__ import annotations

from pathlib import Path

from provisioner.cli.options import (
    AllowCommands,
    Format,
    InventoryPath,
    Mail,
    OutputFormat,
    ProjectFolder,
    ServerNames,
    Verbosity,
)
from provisioner.fleet.post_check import MailMode


def push(
    servers: ServerNames = None,
    project: ProjectFolder = Path(),
    inventory: InventoryPath = None,
    output_format: Format = OutputFormat.TEXT,
    mail: Mail = MailMode.FULL,
    allow_commands: AllowCommands = False,
    verbose: Verbosity = 0,
) -> int:
    """Bring every host to the declared state and prove each with a real test email.

    Hosts that are as declared, and proven, are left alone. A host whose mail is refused gets
    its old document back. --mail auth-only signs in and sends nothing, canary-only sends one
    mail a server and signs in elsewhere; what --mail none leaves unproven is not done (exit 1).

    Examples:

      provisioner push

      provisioner push Reports --inventory inventory/test.ini
    """
    from provisioner.cli.fleet_run import run_over_fleet
    from provisioner.fleet.push import push as push_fleet

    return run_over_fleet(
        lambda fleet, preparation, vaults: push_fleet(fleet, preparation, vaults.refreshed),
        project=project,
        servers=servers,
        inventory=inventory,
        output_format=output_format,
        allow_commands=allow_commands,
        verbosity=verbose,
        mail=mail,
        locked=True,
    )
