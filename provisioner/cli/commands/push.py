"""`provisioner push`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.options import (
    HostLimit,
    HostsOptions,
    LockWait,
    NoRestart,
    Prune,
    ReportOptions,
    ServerNames,
    Yes,
)
from provisioner.host.mail_mode import MailMode

if TYPE_CHECKING:
    from provisioner.cli.run_session import RunSession
    from provisioner.deploy.push import Work
    from provisioner.deploy.record import RunRecord

Mail = Annotated[
    MailMode,
    typer.Option("--mail", help="How to verify a host: send an email, only sign in, or neither."),
]


def push(
    hosts: HostsOptions,
    report: ReportOptions,
    servers: ServerNames = None,
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
    plan: Annotated[
        Path | None,
        typer.Option(
            "--plan",
            metavar="FILE",
            help="Apply this saved plan (- reads it from standard input); hosts that changed "
            "since are skipped.",
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
    yes: Yes = False,
    mail: Mail = MailMode.FULL,
    no_restart: NoRestart = False,
    lock_wait: LockWait = 0.0,
) -> int:
    """Bring every host to the declared state and verify each with a real test email.

    Shows the plan first; on a terminal you confirm it. Hosts that match and are verified are
    skipped. A host whose test email is rejected is restored. --mail auth-only signs in and sends
    nothing; canary-only sends one email per server and only signs in on the other hosts; with none,
    changed hosts stay unverified and push exits with 1. Exit code 6: done, and a person has to
    enter values into MAPS on a host without maps_apply_command. With --format json, each line is
    an event.

    Examples:

      provisioner push

      provisioner push Reports --inventory inventory/test.ini

      provisioner push --limit maps_test --report junit=push.xml
    """
    from provisioner.cli.run_session import RunSession
    from provisioner.deploy.batches import batch_sizes
    from provisioner.deploy.batches import max_failures as checked_max_failures
    from provisioner.deploy.plan import read_plan
    from provisioner.deploy.push import PushOptions, undone_of_last_push
    from provisioner.deploy.push import push as push_hosts
    from provisioner.deploy.run import RunOptions
    from provisioner.deploy.scope import Scope
    from provisioner.text import counted

    session = RunSession("push", hosts, report)
    settings, saved = session.project.push, read_plan(plan) if plan else None
    scope = Scope(servers=tuple(sorted(servers or ())), limit=limit, prune=prune)
    if saved is not None:
        scope = scope.planned(saved.options)
    scope.check(session.project)
    also = {"mail": str(mail), "restart": not no_restart, "plan": saved.seal if saved else None}
    options = PushOptions(
        agree=partial(
            _agree,
            session=session,
            ceiling=settings.prune_limit if prune_limit is None else prune_limit,
            yes=yes,
            is_saved=saved is not None,
        ),
        sizes=settings.batches if batches is None else batch_sizes(batches),
        max_failures=checked_max_failures(max_failures or settings.max_failures),
    )
    with session.locked(lock_wait):
        if resume:
            earlier = undone_of_last_push(session.project.root)
            scope = scope.resumed(earlier)
            also["resumed"] = earlier.run_id
            options = replace(options, resumed=earlier)
            left = counted(len(earlier.undone), "host")
            session.view.note(f"resuming the push {earlier.run_id}: {left} left")
        with session.run(
            scope,
            also=also,
            options=RunOptions(
                mail=mail, restart=not no_restart, lock_wait=lock_wait, keep_key=True
            ),
            keep=True,
        ) as run:
            push_hosts(run, options, saved)
    code = session.report(run.record)
    _tell_of_interruption(run.record, at_once=run.signals.count > 1)
    return code


def _tell_of_interruption(record: RunRecord, *, at_once: bool) -> None:
    from provisioner.cli.app import print_error

    if not record.interrupted:
        return
    by = f"interrupted ({record.interrupted})"
    if record.undone:
        left = "running hosts were not waited for" if at_once else "running hosts were waited for"
        print_error(f"{by}; {left}", "continue with: provisioner push --resume")
    else:
        print_error(f"{by}, but every host is done")


def _agree(
    work: Work,
    *,
    session: RunSession,
    ceiling: int,
    yes: bool,
    is_saved: bool,
) -> None:
    """Show what would be done, and go on only if a person says yes, or --yes does, or nobody is
    there to be asked; what removes something needs one of the first two. Whoever saved a plan has
    seen it: of that one only removals are asked about."""
    from provisioner.cli.prompts import can_answer
    from provisioner.errors import FleetError
    from provisioner.text import counted

    names = work.removed
    places = sum(bool(planned.removed) for planned in work.planned.values())
    what = f"{', '.join(names)} from {counted(places, 'host')}"
    if len(names) > ceiling:
        noun = "server" if len(names) == 1 else "servers"
        raise FleetError(
            f"--prune removes {len(names)} {noun}, more than the limit of {ceiling}: "
            + ", ".join(names),
            remedy=f"to allow it, pass --prune-limit {len(names)}, or set `push: prune_limit` "
            "in provisioner.yml",
        )
    if work.note:
        session.view.note(work.note)
    if not work.planned:
        return
    session.show_plan(work.hosts, work.plan)
    if yes or (not names and (is_saved or not can_answer())):
        return
    hosts = counted(len(work.planned), "host")
    question = f"Remove {what}?" if names else f"Push to {hosts}?"
    session.require_agreement(question, f"this push removes {what}")
