"""`provisioner status`: who is signed in, and until when."""

from __future__ import annotations

import sys
from pathlib import Path

from provisioner.cli.options import AllowCommands, Format, OutputFormat, ProjectFolder
from provisioner.errors import gravest


def status(
    report_format: Format = OutputFormat.TEXT,
    project: ProjectFolder = Path(),
    allow_commands: AllowCommands = False,
) -> int:
    """Show each server's sign-in, as it is stored here; nobody is asked.

    Exit code 6 says that somebody must sign in.

    Examples:

      provisioner status

      provisioner status --format json
    """
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
