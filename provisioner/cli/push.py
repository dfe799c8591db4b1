"""`provisioner push`."""

from __future__ import annotations

from enum import StrEnum
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
    LockWait,
    Mail,
    NoRestart,
    OutputFormat,
    ProjectFolder,
    Prune,
    ReportFiles,
    ServerNames,
    Verbosity,
)
from provisioner.fleet.post_check import MailMode


class OnFailure(StrEnum):
    """What a push does after a batch in which a host did not do well."""

    STOP = "stop"
    CONTINUE = "continue"


def push(
    servers: ServerNames = None,
    project: ProjectFolder = Path(),
    inventory: InventoryPath = None,
    limit: HostLimit = None,
    batches: Annotated[
        str | None,
        typer.Option(
            "--batches",
            metavar="SIZES",
            help="Sizes of the batches: numbers of hosts, or percentages of all.",
            show_default="push: batches in provisioner.yml, else 1,25%,100% for more than 5 hosts",
        ),
    ] = None,
    on_failure: Annotated[
        OnFailure | None,
        typer.Option(
            "--on-failure",
            help="After a batch in which a host did not do well.",
            show_default="push: on_failure in provisioner.yml, else stop",
        ),
    ] = None,
    forks: Forks = None,
    plan: Annotated[
        Path | None,
        typer.Option(
            "--plan",
            metavar="FILE",
            help="Do what this saved plan says (- reads it from standard input), and nothing on "
            "hosts that changed since.",
            show_default="none",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the last push, on hosts not yet done.")
    ] = False,
    prune: Prune = False,
    prune_limit: Annotated[
        int | None,
        typer.Option(
            "--prune-limit",
            min=0,
            metavar="N",
            help="How many servers --prune may remove.",
            show_default="push: prune_ceiling in provisioner.yml, else 1",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Remove without asking.")] = False,
    mail: Mail = MailMode.FULL,
    no_restart: NoRestart = False,
    lock_wait: LockWait = 0.0,
    report: ReportFiles = None,
    output_format: Format = OutputFormat.TEXT,
    allow_commands: AllowCommands = False,
    accept_destination: AcceptDestination = None,
    verbose: Verbosity = 0,
) -> int:
    """Bring every host to the declared state and prove each with a real test email.

    Hosts that are as declared, and proven, are left alone. A host whose mail is refused gets
    its old document back. --mail auth-only signs in and sends nothing, canary-only sends one
    mail a server and signs in elsewhere; what --mail none leaves unproven is not done (exit 1).
    With --format json, each line is an event; the last has the report.

    Examples:

      provisioner push

      provisioner push Reports --inventory inventory/test.ini

      provisioner push --limit maps_test --report junit=push.xml
    """
    from provisioner.cli.fleet_session import Scope, with_inventory
    from provisioner.cli.outcome_report import report_files
    from provisioner.cli.push_run import PushRequest, run_push
    from provisioner.fleet.batches import batch_sizes
    from provisioner.model.reading import read_project

    scope = Scope(
        servers=tuple(servers or ()), limit=limit, prune=prune, forks=forks, verbosity=verbose
    )
    request = PushRequest(
        scope=scope,
        sizes=None if batches is None else batch_sizes(batches),
        on_failure=on_failure,
        plan_file=plan,
        resume=resume,
        prune_limit=prune_limit,
        yes=yes,
        mail=mail,
        restart=not no_restart,
        lock_wait=lock_wait,
        files=report_files(report or ()),
        output_format=output_format,
        allow_commands=allow_commands,
        accept_destinations=tuple(accept_destination or ()),
    )
    return run_push(with_inventory(read_project(project), inventory), request)
