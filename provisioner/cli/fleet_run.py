"""plan and push, from options to printed report: they differ in one call."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

from provisioner.cli.fleet_session import fleet_session, with_inventory
from provisioner.cli.options import OutputFormat
from provisioner.cli.progress import progress
from provisioner.cli.vaults import Vaults, open_vaults
from provisioner.fleet.lock import push_lock
from provisioner.fleet.post_check import MailMode
from provisioner.fleet.preparation import Preparation
from provisioner.fleet.push import Fleet, Outcome
from provisioner.model.project import Project
from provisioner.model.reading import read_project
from provisioner.reports.outcome_text import counted


def run_over_fleet(
    work: Callable[[Fleet, Preparation, Vaults], Outcome],
    *,
    project: Path,
    servers: list[str] | None,
    inventory: Path | None,
    output_format: OutputFormat,
    allow_commands: bool,
    verbosity: int,
    mail: MailMode = MailMode.FULL,
    locked: bool = False,
) -> int:
    """Open everything, do the work, print its report; returns the exit code."""
    declared = with_inventory(read_project(project), inventory)
    with push_lock(declared.root) if locked else nullcontext():
        vaults = open_vaults(declared, allow_commands=allow_commands)
        with (
            progress(quiet=output_format is OutputFormat.JSON, plain=verbosity > 0) as line,
            fleet_session(vaults, servers or (), progress=line, verbosity=verbosity) as session,
        ):
            fleet, preparation = session
            line(f"asking {counted(len(preparation.all_hosts), 'host')}")
            outcome = work(replace(fleet, mail=mail), preparation, vaults)
    print(outcome_report(outcome, declared, output_format))
    return outcome.exit_code


def outcome_report(outcome: Outcome, project: Project, output_format: OutputFormat) -> str:
    from provisioner.providers.catalogue import provider_for
    from provisioner.reports.outcome_formats import RENDERERS

    names = {s.server_name: provider_for(s.host, project.providers).name for s in project.servers}
    return RENDERERS[output_format](outcome, names)
