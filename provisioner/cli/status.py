"""`provisioner status`: who is signed in, and until when."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from provisioner.cli.options import (
    AllowCommands,
    Format,
    InventoryPath,
    OutputFormat,
    ProjectFolder,
)
from provisioner.errors import gravest


def status(
    hosts: Annotated[
        bool,
        typer.Option("--hosts", help="Ask the hosts what they have, since when and from whom."),
    ] = False,
    inventory: InventoryPath = None,
    report_format: Format = OutputFormat.TEXT,
    project: ProjectFolder = Path(),
    allow_commands: AllowCommands = False,
) -> int:
    """Show each server's sign-in, as it is stored here; nobody is asked but with `--hosts`.

    Exit code 6 says that somebody must sign in.

    Examples:

      provisioner status

      provisioner status --hosts --format json
    """
    if hosts:
        from provisioner.cli.host_status import host_status

        return host_status(project, inventory, report_format)
    import time

    from provisioner.cli.vaults import open_vaults
    from provisioner.model.reading import read_project
    from provisioner.reports.sign_in_states import states_as_json, states_as_text
    from provisioner.tokens.sign_in_state import sign_in_state

    declared = read_project(project)
    store = open_vaults(declared, allow_commands=allow_commands).store
    states = [sign_in_state(server, store) for server in declared.servers if server.oauth2]
    render = states_as_json if report_format is OutputFormat.JSON else states_as_text
    sys.stdout.write(render(states, now=time.time()))
    return gravest(state.exit_code for state in states)
