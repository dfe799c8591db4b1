"""`provisioner push`."""

from __future__ import annotations

from functools import partial
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
    Mail,
    NoRestart,
    OutputFormat,
    ProjectFolder,
    Prune,
    ReportFiles,
    ServerNames,
    VaultPasswordFiles,
    Verbosity,
)
from provisioner.deploy.mail_mode import MailMode

if TYPE_CHECKING:
    from provisioner.ansible.signals import Signals
    from provisioner.cli.view import View
    from provisioner.deploy.push import Work
    from provisioner.model.project import Project


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
    max_failures: Annotated[
        str | None,
        typer.Option(
            "--max-failures",
            metavar="N|P%",
            help="Failed hosts of a batch after which no further host is started.",
            show_default="push: max_failures in provisioner.yml, else 0",
        ),
    ] = None,
    forks: Forks = None,
    plan: Annotated[
        Path | None,
        typer.Option(
            "--plan",
            metavar="FILE",
            help="Apply this saved plan (- reads it from standard input); hosts that changed "
            "since are left as they are.",
            show_default="none",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the last push on hosts not yet done.")
    ] = False,
    prune: Prune = False,
    prune_limit: Annotated[
        int | None,
        typer.Option(
            "--prune-limit",
            min=0,
            metavar="N",
            help="How many servers --prune may remove.",
            show_default="push: prune_limit in provisioner.yml, else 1",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")] = False,
    mail: Mail = MailMode.FULL,
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
    """Bring every host to the declared state and verify each with a real test email.

    The plan is shown first, and on a terminal asked about. Hosts that have the declared state,
    verified, are left alone. A host whose email is refused is restored to its previous document.
    --mail auth-only signs in and sends nothing, canary-only sends one email a server and signs in
    elsewhere; hosts that --mail none changes stay unverified (exit 1). Exit code 6: all went well,
    and a person has to enter values into MAPS on a host without maps_apply_command. With --format
    json, each line is an event.

    Examples:

      provisioner push

      provisioner push Reports --inventory inventory/test.ini

      provisioner push --limit maps_test --report junit=push.xml
    """
    from provisioner.cli.app import print_error
    from provisioner.cli.run_session import HostsOptions, Report, only_run, report_files
    from provisioner.deploy.batches import batch_sizes
    from provisioner.deploy.plan import read_plan
    from provisioner.deploy.push import PushOptions, undone_of_last_push
    from provisioner.deploy.push import max_failures as checked_max_failures
    from provisioner.deploy.push import push as push_hosts
    from provisioner.deploy.run import RunOptions, with_inventory
    from provisioner.deploy.scope import Scope
    from provisioner.model.reading import read_project
    from provisioner.text import counted

    declared = with_inventory(read_project(project), inventory)
    streamed = output_format is OutputFormat.JSON
    report_to = Report(
        project=declared,
        shown=None if streamed else output_format,
        files=report_files(report or ()),
    )
    saved = read_plan(plan) if plan else None
    scope = Scope(servers=tuple(sorted(servers or ())), limit=limit, prune=prune)
    if saved is not None:
        scope = scope.planned(saved.options)
    scope.check(declared)
    settings, earlier = declared.push, None
    sizes = None if batches is None else batch_sizes(batches)
    failures = checked_max_failures(max_failures or settings.max_failures)
    also = {"mail": str(mail), "restart": not no_restart, "plan": saved.seal if saved else None}
    over_hosts = HostsOptions(
        project=declared,
        forks=forks,
        verbosity=verbose,
        ask_become_pass=ask_become_pass,
        vault_password_files=vault_password_file,
        allow_commands=allow_commands,
        accept_destinations=accept_destination,
    )
    with only_run(declared, lock_wait, stream_events=streamed, quiet=False, plain=verbose > 0) as (
        signals,
        view,
    ):
        if resume:
            earlier = undone_of_last_push(declared.root)
            scope = scope.resumed(earlier)
            also["resumed"] = earlier.run_id
            left = counted(len(earlier.undone), "host")
            view.note(f"resuming the push {earlier.run_id}: {left} left")
        agree = partial(
            _agree,
            project=declared,
            view=view,
            signals=signals,
            ceiling=settings.prune_limit if prune_limit is None else prune_limit,
            yes=yes,
            is_saved=saved is not None,
        )
        with over_hosts.run(
            "push",
            scope,
            signals,
            view,
            also=also,
            options=RunOptions(mail=mail, restart=not no_restart, lock_wait=lock_wait),
            keep=True,
            keep_key=True,
        ) as run:
            options = PushOptions(
                agree=agree,
                sizes=sizes or settings.batches,
                max_failures=failures,
                resumed=earlier,
            )
            push_hosts(run, options, saved)
    report_to.write(run.record)
    if run.record.interrupted:
        by = f"interrupted ({run.record.interrupted})"
        if run.record.undone:
            print_error(
                f"{by}; hosts finish the transaction they are in",
                "continue with: provisioner push --resume",
            )
        else:
            print_error(f"{by}, but every host is done")
    return run.record.exit_code


def _agree(
    work: Work,
    *,
    project: Project,
    view: View,
    signals: Signals,
    ceiling: int,
    yes: bool,
    is_saved: bool,
) -> None:
    """Show what would be done, and go on only if a person says yes, or --yes does, or nobody is
    there to be asked; what removes something needs one of the first two. Whoever saved a plan has
    seen it: of that one only removals are asked about."""
    from provisioner.cli.prompts import can_answer
    from provisioner.cli.run_session import require_agreement, show_plan
    from provisioner.errors import FleetError, UsageError
    from provisioner.text import counted

    names = work.removed
    places = sum(bool(planned.removed) for planned in work.planned.values())
    what = f"{', '.join(names)} from {counted(places, 'host')}"
    if len(names) > ceiling:
        noun = "server" if len(names) == 1 else "servers"
        raise FleetError(
            f"--prune removes {len(names)} {noun}, more than the limit of {ceiling}: "
            + ", ".join(names),
            remedy=f"to allow that, pass --prune-limit {len(names)}, or set `push: prune_limit` "
            "in provisioner.yml",
        )
    if work.note:
        view.note(work.note)
    if not work.planned:
        return
    show_plan(project, view, work.hosts, work.plan)
    if yes or (not names and (is_saved or not can_answer())):
        return
    unasked = UsageError(
        f"this push removes {what}",
        remedy="confirm with --yes (no terminal to prompt on)",
    )
    hosts = counted(len(work.planned), "host")
    question = f"Remove {what}?" if names else f"Push to {hosts}?"
    require_agreement(question, unasked, signals)
