"""`provisioner rollback`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from provisioner.cli.options import (
    AcceptDestination,
    AllowCommands,
    Forks,
    Format,
    HostLimit,
    InventoryPath,
    LockWait,
    NoRestart,
    OutputFormat,
    ProjectFolder,
    ReportFiles,
    Verbosity,
    complete_host_name,
)

if TYPE_CHECKING:
    from provisioner.cli.fleet_session import Scope
    from provisioner.cli.run_view import RunView
    from provisioner.credentials.project_secrets import OpenProject
    from provisioner.fleet.outcome import Outcome
    from provisioner.fleet.rollback import Rollback
    from provisioner.model.project import Project


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
    verbose: Verbosity = 0,
) -> int:
    """Bring back the document that hosts had before, and prove that one with a test email.

    It becomes a new generation there; a refresh token that a provider takes only once is never
    brought back. The declared files stay as they are: correct them before the next push.

    Examples:

      provisioner rollback maps1.example.edu

      provisioner rollback --limit 'maps:&test' --yes
    """
    from provisioner.cli.fleet_session import Scope, with_inventory
    from provisioner.cli.opening import open_declared
    from provisioner.cli.outcome_report import outcome_report, report_files
    from provisioner.cli.run_view import run_view
    from provisioner.deploy.state_dir import project_lock
    from provisioner.git import commit_of
    from provisioner.model.reading import read_project

    files = report_files(report or ())
    declared = with_inventory(read_project(project), inventory)
    scope = Scope(hosts=tuple(hosts or ()), limit=limit, forks=forks, verbosity=verbose)
    quiet = output_format is OutputFormat.JSON
    with (
        run_view(stream_events=False, quiet=quiet, plain=verbose > 0) as view,
        project_lock(
            declared.root,
            commit_of(declared.root, declared.declared_paths),
            wait_seconds=lock_wait,
            on_wait=view.note,
        ),
    ):
        opened = open_declared(declared, allow_commands, accept_destination)
        terms = {"lock_wait": lock_wait, "restart": not no_restart}
        outcome = _rolled_back(opened, scope, view, agreed=yes, terms=terms)
    outcome_report(outcome, declared, output_format, files)
    return outcome.exit_code


def _rolled_back(
    opened: OpenProject,
    scope: Scope,
    view: RunView,
    *,
    agreed: bool,
    terms: dict[str, Any],
) -> Outcome:
    """Journaled as a push is. `terms`: of Delivering."""
    from provisioner.ansible.signals import recorded_signals
    from provisioner.cli.fleet_run import (
        finished,
        fleet_run,
        run_started,
        scope_options,
        told_to_the_end,
    )
    from provisioner.fleet.journal import journal
    from provisioner.fleet.preparation import refreshing
    from provisioner.fleet.rollback import prepare_rollback, rollback
    from provisioner.fleet.run_event import RunEvent
    from provisioner.fleet.run_id import new_run_id
    from provisioner.git import commit_of

    project, run_id = opened.project, new_run_id()
    with journal(project.root, run_id, keep=project.push.keep_runs) as written:

        def listener(event: RunEvent) -> None:
            written.append(event)
            view.take(event)

        with recorded_signals() as signals, told_to_the_end(listener):
            options = {
                **scope_options(scope),
                "hosts": list(scope.hosts),
                "restart": terms["restart"],
            }
            listener(
                run_started(
                    "rollback", run_id, commit_of(project.root, project.declared_paths), options
                )
            )
            with fleet_run(
                opened,
                scope,
                run_id=run_id,
                view=view,
                listener=listener,
                signals=signals,
                keep_key=True,
                prepare=partial(
                    prepare_rollback, patterns=scope.hosts, refresh=refreshing(opened.secrets)
                ),
            ) as run:
                asked = rollback(replace(run.work, **terms), run.preparation)
                view.clear()
                if asked.hosts and not agreed:
                    with signals.ending_a_question():
                        _ask(asked, project)
                outcome = asked.carry_out() if asked.hosts else asked.planned
            listener(finished(outcome))
    return outcome


def _ask(asked: Rollback, project: Project) -> None:
    """Show what would come back, and go on only if a person says yes."""
    import sys

    from provisioner.cli.outcome_report import providers_of
    from provisioner.cli.output import print_text
    from provisioner.cli.prompts import can_answer, confirm
    from provisioner.cli.removal_consent import NotAgreed
    from provisioner.errors import UsageError
    from provisioner.reports.outcome_text import outcome_text

    names = ", ".join(asked.hosts)
    if not can_answer():
        raise UsageError(
            f"a rollback of {names} was not agreed to; nothing was changed",
            remedy="there is no terminal to ask at: say --yes",
        )
    print_text(outcome_text(asked.planned, providers_of(project)), file=sys.stderr)
    if not confirm(f"Roll back {names}?"):
        raise NotAgreed("nothing was changed: the rollback was not agreed to")
