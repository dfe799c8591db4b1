"""`provisioner status --hosts`: what hosts have, by their own account."""

from __future__ import annotations

from pathlib import Path

from provisioner.ansible.signals import recorded_signals
from provisioner.cli.options import OutputFormat
from provisioner.cli.output import print_data
from provisioner.cli.run_session import HostsOptions
from provisioner.cli.view import run_view
from provisioner.deploy.record import HostFinished
from provisioner.deploy.run import with_inventory
from provisioner.deploy.scope import Scope
from provisioner.deploy.targets import declared_targets
from provisioner.model.reading import read_project


def host_status(project: Path, inventory: Path | None, output_format: OutputFormat) -> int:
    """Ask every host and print what it says; returns the exit code. Needs no token."""
    from provisioner.reports.host_status import RENDERERS

    declared = with_inventory(read_project(project), inventory)
    json = output_format is OutputFormat.JSON
    with (
        recorded_signals() as signals,
        run_view(stream_events=False, quiet=json, plain=False) as view,
        HostsOptions(project=declared).run(
            "status", Scope(), signals, view, prepare=declared_targets
        ) as run,
    ):
        for result in run.ask("status", run.targets.all_hosts):
            run.record.add(HostFinished(result=result))
    print_data(RENDERERS[str(output_format)](run.record), people=not json)
    return run.record.exit_code
