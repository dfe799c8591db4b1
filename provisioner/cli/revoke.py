"""`provisioner revoke`: a sign-in taken back, at the provider and here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from provisioner.cli.app import code_of
from provisioner.cli.options import (
    AcceptDestination,
    AllowCommands,
    ProjectFolder,
    RequiredServers,
)
from provisioner.errors import ExitCode, UsageError, gravest

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")]
Local = Annotated[
    bool, typer.Option("--local", help="Only delete the tokens here; the provider is not asked.")
]


def revoke(
    servers: RequiredServers,
    yes: Yes = False,
    local: Local = False,
    project: ProjectFolder = Path(),
    allow_commands: AllowCommands = False,
    accept_destination: AcceptDestination = None,
) -> int:
    """Take a sign-in back: end it at the provider (RFC 7009), then delete its tokens here.

    A provider without a revocation endpoint has a page where a person does it, which is shown.
    Where the provider cannot be reached or refuses, the tokens stay. MAPS hosts keep their copy
    until the next push. `--local` also forgets servers that are no longer declared.

    Examples:

      provisioner revoke Reports

      provisioner revoke Reports Alerts --local --yes
    """
    from provisioner.cli.opening import open_declared
    from provisioner.cli.revocation import Revocation
    from provisioner.model.reading import read_project

    opened = open_declared(read_project(project), allow_commands, accept_destination)
    revocations = [Revocation(name, opened, local=local) for name in dict.fromkeys(servers)]
    kept = [revocation.name for revocation in revocations if revocation.has_tokens]
    if kept and not _agreed(kept, yes=yes, local=local):
        print("Nothing was revoked.")
        return ExitCode.FAILURE
    return gravest(code_of(revocation.carry_out) for revocation in revocations)


def _agreed(names: list[str], *, yes: bool, local: bool) -> bool:
    from provisioner.cli.prompts import can_answer, confirm

    if yes:
        return True
    if not can_answer():
        raise UsageError("nobody is here to be asked", remedy="add --yes if it is meant")
    what = "Delete the tokens of" if local else "End the sign-in and delete the tokens of"
    return confirm(f"{what} {', '.join(names)}?")
