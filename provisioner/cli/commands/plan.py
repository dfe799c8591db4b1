"""`provisioner plan`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from provisioner.cli.options import (
    AcceptDestination,
    AllowCommands,
    AskBecomePass,
    Forks,
    Format,
    HostLimit,
    InventoryPath,
    OutputFormat,
    ProjectFolder,
    Prune,
    ReportFiles,
    ServerNames,
    VaultPasswordFiles,
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
            help="Save the plan, without secrets; `push --plan FILE` applies it.",
            show_default="not saved",
        ),
    ] = None,
    report: ReportFiles = None,
    forks: Forks = None,
    output_format: Format = OutputFormat.TEXT,
    allow_commands: AllowCommands = False,
    accept_destination: AcceptDestination = None,
    ask_become_pass: AskBecomePass = False,
    vault_password_file: VaultPasswordFiles = None,
    verbose: Verbosity = 0,
) -> int:
    """Say what a push would change on each host; change nothing. Exit code 2: there are changes.

    Examples:

      provisioner plan

      provisioner plan Reports --format json

      provisioner plan --out plan.json
    """
    from provisioner.ansible.signals import recorded_signals
    from provisioner.cli.output import write_report
    from provisioner.cli.run_session import HostsOptions, Report, report_files
    from provisioner.cli.view import run_view
    from provisioner.deploy.push import plan as plan_hosts
    from provisioner.deploy.run import with_inventory
    from provisioner.deploy.scope import Scope
    from provisioner.model.reading import read_project

    declared = with_inventory(read_project(project), inventory)
    report_to = Report(project=declared, shown=output_format, files=report_files(report or ()))
    scope = Scope(servers=tuple(sorted(servers or ())), limit=limit, prune=prune)
    scope.check(declared)
    over_hosts = HostsOptions(
        project=declared,
        forks=forks,
        verbosity=verbose,
        ask_become_pass=ask_become_pass,
        vault_password_files=vault_password_file,
        allow_commands=allow_commands,
        accept_destinations=accept_destination,
    )
    quiet = output_format is OutputFormat.JSON
    with (
        recorded_signals() as signals,
        run_view(stream_events=False, quiet=quiet, plain=verbose > 0) as view,
        over_hosts.run("plan", scope, signals, view, keep_key=out is not None) as run,
    ):
        saved = plan_hosts(run).plan
    if out is not None:
        write_report(out, saved.text(), "--out")
    report_to.write(run.record)
    return run.record.exit_code
