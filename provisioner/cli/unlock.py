"""`provisioner unlock`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from provisioner.cli.options import InventoryPath, ProjectFolder
from provisioner.cli.output import print_text
from provisioner.errors import ExitCode


def unlock(
    hosts: Annotated[
        bool, typer.Option("--hosts", help="Also the leases that runs left behind on hosts.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also what another run holds: make sure it is dead.")
    ] = False,
    project: ProjectFolder = Path(),
    inventory: InventoryPath = None,
) -> int:
    """Give back the locks that a dead run left behind: this project's, and those on hosts.

    A lock on this machine goes with its process, and a lease on a host ends by itself within
    minutes; this is for those who cannot wait. Exit code 5: somebody holds one still.

    Examples:

      provisioner unlock --hosts

      provisioner unlock --hosts --force
    """
    from provisioner.cli.fleet_session import with_inventory
    from provisioner.errors import gravest
    from provisioner.fleet.unlocking import unlock_checkout
    from provisioner.git import commit_of
    from provisioner.model.reading import read_project

    declared = with_inventory(read_project(project), inventory)
    commit = commit_of(declared.root, declared.declared_paths)
    print_text(unlock_checkout(declared.root, commit, force=force))
    if not hosts:
        return ExitCode.DONE
    from provisioner.cli.host_session import host_session
    from provisioner.cli.run_view import run_view
    from provisioner.fleet.unlocking import lease_ending
    from provisioner.text import printable

    with (
        run_view(stream_events=False, quiet=False, plain=False) as view,
        host_session(declared, None, view.note) as (contact, names),
    ):
        said = contact.ask("unlock.yml", names, "unlock", force=force, lock_wait=0)
    endings = [lease_ending(host, result) for host, result in said.items()]
    print_text("\n".join(printable(ending.text) for ending in endings))
    return gravest(ending.exit_code for ending in endings)
