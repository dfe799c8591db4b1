"""`provisioner status --hosts`: what hosts have, by their own account."""

from __future__ import annotations

from pathlib import Path

from provisioner.ansible.executor import ExecutorOptions
from provisioner.ansible.signals import recorded_signals
from provisioner.cli.opening import open_declared
from provisioner.cli.options import OutputFormat
from provisioner.cli.output import print_text
from provisioner.cli.run_session import recorded
from provisioner.cli.view import run_view
from provisioner.deploy.record import HostFinished
from provisioner.deploy.run import Scope, open_run, run_started, with_inventory
from provisioner.deploy.targets import declared_targets
from provisioner.model.reading import read_project


def host_status(project: Path, inventory: Path | None, output_format: OutputFormat) -> int:
    """Ask every host and print what it says; returns the exit code. Needs no token."""
    from provisioner.reports.host_status import RENDERERS

    declared = with_inventory(read_project(project), inventory)
    json = output_format is OutputFormat.JSON
    started = run_started(declared, "status", {})
    with (
        recorded_signals() as signals,
        run_view(stream_events=False, quiet=json, plain=False) as view,
        recorded(declared, started, [view.on_event], keep=False) as record,
        open_run(
            open_declared(declared, allow_commands=False),
            record,
            Scope(),
            signals,
            executor=ExecutorOptions(forks=declared.push.forks),
            prepare=declared_targets,
        ) as run,
    ):
        for result in run.ask("status", run.targets.all_hosts):
            record.add(HostFinished(result=result))
        code = record.finish(signals.first)
    print_text(RENDERERS[str(output_format)](record), end="")
    return code
