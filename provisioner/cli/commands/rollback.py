"""`provisioner rollback`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.options import (
    AcceptDestination,
    AllowCommands,
    AskBecomePass,
    Forks,
    Format,
    HostLimit,
    InventoryPath,
    LockWait,
    NoRestart,
    OutputFormat,
    ProjectFolder,
    ReportFiles,
    VaultPasswordFiles,
    Verbosity,
    complete_host_name,
)

if TYPE_CHECKING:
    from provisioner.deploy.result import HostResult


def rollback(
    hosts: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[HOST]...",
            help="Only these hosts.",
            show_default="all",
            autocompletion=complete_host_name,
        ),
    ] = None,
    limit: HostLimit = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")] = False,
    project: ProjectFolder = Path(),
    inventory: InventoryPath = None,
    forks: Forks = None,
    no_restart: NoRestart = False,
    lock_wait: LockWait = 0.0,
    report: ReportFiles = None,
    output_format: Format = OutputFormat.TEXT,
    allow_commands: AllowCommands = False,
    accept_destination: AcceptDestination = None,
    ask_become_pass: AskBecomePass = False,
    vault_password_file: VaultPasswordFiles = None,
    verbose: Verbosity = 0,
) -> int:
    """Bring back the document that hosts had before, and verify it with a test email.

    It becomes a new generation there; a refresh token that a provider takes only once is never
    brought back. The declared files stay as they are: correct them before the next push.

    Examples:

      provisioner rollback maps1.example.edu

      provisioner rollback --limit 'maps:&test' --yes
    """
    from provisioner.cli.run_session import (
        HostsOptions,
        Report,
        only_run,
        report_files,
        require_agreement,
        show_plan,
    )
    from provisioner.deploy.rollback import rollback as roll_back
    from provisioner.deploy.run import RunOptions, with_inventory
    from provisioner.deploy.scope import Scope
    from provisioner.deploy.targets import prepare_rollback
    from provisioner.errors import UsageError
    from provisioner.model.reading import read_project

    declared = with_inventory(read_project(project), inventory)
    report_to = Report(project=declared, shown=output_format, files=report_files(report or ()))
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
    with only_run(declared, lock_wait, stream_events=False, quiet=quiet, plain=verbose > 0) as (
        signals,
        view,
    ):

        def agree(results: list[HostResult]) -> None:
            show_plan(declared, view, results)
            if yes:
                return
            names = ", ".join(result.host for result in results)
            unasked = UsageError(
                f"a rollback of {names} has to be confirmed; nothing was changed",
                remedy="confirm with --yes (no terminal to prompt on)",
            )
            require_agreement(f"Roll back {names}?", unasked, signals)

        with over_hosts.run(
            "rollback",
            Scope(hosts=tuple(hosts or ()), limit=limit),
            signals,
            view,
            also={"restart": not no_restart},
            options=RunOptions(restart=not no_restart, lock_wait=lock_wait),
            keep=True,
            keep_key=True,
            prepare=prepare_rollback,
        ) as run:
            roll_back(run, agree)
    report_to.write(run.record)
    return run.record.exit_code
