"""`provisioner plan`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from provisioner.cli.options import (
    AcceptDestination,
    AllowCommands,
    Forks,
    Format,
    HostLimit,
    InventoryPath,
    OutputFormat,
    ProjectFolder,
    Prune,
    ReportFiles,
    ServerNames,
    Verbosity,
)


def plan(
    servers: ServerNames = None,
    project: ProjectFolder = Path(),
    inventory: InventoryPath = None,
    limit: HostLimit = None,
    prune: Prune = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Save the plan, without secrets; `push --plan FILE` does just that.",
            show_default="not saved",
        ),
    ] = None,
    report: ReportFiles = None,
    forks: Forks = None,
    output_format: Format = OutputFormat.TEXT,
    allow_commands: AllowCommands = False,
    accept_destination: AcceptDestination = None,
    verbose: Verbosity = 0,
) -> int:
    """Say what a push would change on each host; change nothing. Exit code 2: there are changes.

    Examples:

      provisioner plan

      provisioner plan Reports --format json

      provisioner plan --out plan.json
    """
    from provisioner.ansible.signals import recorded_signals
    from provisioner.cli.fleet_run import fleet_run
    from provisioner.cli.fleet_session import Scope, with_inventory
    from provisioner.cli.opening import open_declared
    from provisioner.cli.outcome_report import outcome_report, report_files
    from provisioner.cli.output import write_report
    from provisioner.cli.run_view import run_view
    from provisioner.fleet.push import plan as plan_fleet
    from provisioner.fleet.run_id import new_run_id
    from provisioner.model.reading import read_project

    files = report_files(report or ())
    scope = Scope(
        servers=tuple(servers or ()), limit=limit, prune=prune, forks=forks, verbosity=verbose
    )
    scope.check()
    declared = with_inventory(read_project(project), inventory)
    opened = open_declared(declared, allow_commands, accept_destination)
    with (
        recorded_signals() as signals,
        run_view(
            stream_events=False, quiet=output_format is OutputFormat.JSON, plain=verbose > 0
        ) as view,
        fleet_run(
            opened,
            scope,
            run_id=new_run_id(),
            view=view,
            listener=view.take,
            signals=signals,
            keep_key=out is not None,
        ) as run,
    ):
        outcome = plan_fleet(run.work, run.preparation)
        saved = run.saved_plan(outcome.hosts)
    if out is not None:
        write_report(out, saved.as_text(), "--out")
    outcome_report(outcome, declared, output_format, files)
    return outcome.exit_code
