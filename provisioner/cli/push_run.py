"""A push from its options to its printed report: lock, journal, view, plan, batches."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from provisioner.ansible.signals import Signals, recorded_signals
from provisioner.cli.app import print_error
from provisioner.cli.fleet_run import (
    FleetRun,
    finished,
    fleet_run,
    run_started,
    scope_options,
    told_to_the_end,
)
from provisioner.cli.fleet_session import Scope, chosen_servers
from provisioner.cli.opening import open_declared
from provisioner.cli.options import OutputFormat
from provisioner.cli.outcome_report import outcome_report
from provisioner.cli.output import print_text
from provisioner.cli.removal_consent import Consent
from provisioner.cli.run_view import RunView, run_view
from provisioner.deploy.state_dir import project_lock
from provisioner.errors import UsageError
from provisioner.fleet.batches import BatchSizes
from provisioner.fleet.delivering import Delivering
from provisioner.fleet.journal import journal
from provisioner.fleet.outcome import Outcome
from provisioner.fleet.plan_file import read_plan
from provisioner.fleet.post_check import MailMode
from provisioner.fleet.preparation import refreshing
from provisioner.fleet.push import PushOptions, push
from provisioner.fleet.resumption import run_to_resume
from provisioner.fleet.run_event import RunEvent
from provisioner.fleet.run_id import new_run_id
from provisioner.fleet.run_record import RunRecord, all_runs
from provisioner.fleet.saved_plan import (
    ANOTHER,
    SavedPlan,
    held_against,
    require_commit,
    require_plan,
    require_same,
)
from provisioner.git import commit_of
from provisioner.model.project import Project
from provisioner.text import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class PushRequest:
    """The command line of a push."""

    scope: Scope
    sizes: BatchSizes | None
    on_failure: str | None
    plan_file: Path | None
    resume: bool
    prune_limit: int | None
    yes: bool
    mail: MailMode
    restart: bool
    lock_wait: float
    files: Mapping[str, Path]
    output_format: OutputFormat
    allow_commands: bool
    accept_destinations: tuple[str, ...]


def run_push(project: Project, request: PushRequest) -> int:
    """Do it and report; returns the exit code."""
    saved = read_plan(request.plan_file) if request.plan_file else None
    request = replace(request, scope=_scope(request.scope, saved))
    chosen_servers(project, request.scope.servers)  # a name with a slip in it makes no journal
    streamed = request.output_format is OutputFormat.JSON
    with recorded_signals() as signals:
        with (
            run_view(
                stream_events=streamed, quiet=False, plain=request.scope.verbosity > 0
            ) as view,
            _locked(project, request, view, signals),
        ):
            outcome = _pushed(project, request, saved, view, signals)
        _report(outcome, project, request)
    return outcome.exit_code


def _report(outcome: Outcome, project: Project, request: PushRequest) -> None:
    streamed = request.output_format is OutputFormat.JSON
    outcome_report(outcome, project, None if streamed else request.output_format, request.files)
    if outcome.interrupted:
        print_error(
            f"interrupted ({outcome.interrupted}); hosts finish the transaction they are in",
            "go on with it: provisioner push --resume",
        )


def _scope(given: Scope, saved: SavedPlan | None) -> Scope:
    """What the push is about; a saved plan says that itself."""
    given.check()
    if saved is None:
        return given
    if given.servers or given.limit or given.prune:
        raise UsageError(
            "--plan says itself which servers and hosts, and whether something is removed",
            remedy="leave SERVER, --limit and --prune away, or make another plan",
        )
    options = saved.options
    return replace(
        given, servers=tuple(options["servers"]), limit=options["limit"], prune=options["prune"]
    )


@contextmanager
def _locked(
    project: Project, request: PushRequest, view: RunView, signals: Signals
) -> Iterator[None]:
    def on_wait(holder: str) -> None:
        view.note(f"waiting for another push: {holder}")

    with project_lock(
        project.root,
        commit_of(project.root, project.declared_paths),
        wait_seconds=request.lock_wait,
        on_wait=on_wait,
        check=signals.check,
    ):
        yield


def _pushed(
    project: Project,
    request: PushRequest,
    saved: SavedPlan | None,
    view: RunView,
    signals: Signals,
) -> Outcome:
    options = scope_options(request.scope)
    earlier = run_to_resume(all_runs(project.root), options, saved) if request.resume else None
    options |= {"mail": str(request.mail), "restart": request.restart}
    if earlier is not None:
        left = f"{len(earlier.undone)} of {counted(len(earlier.hosts), 'host')}"
        view.note(f"going on with the push {earlier.run_id}: {left} left")
    options["plan"] = saved.id if saved else None
    options["resumed"] = earlier.run_id if earlier else None
    run_id = new_run_id()
    with journal(project.root, run_id, keep=project.push.keep_runs) as written:

        def listener(event: RunEvent) -> None:
            written.append(event)
            view.take(event)

        with told_to_the_end(listener):
            listener(
                run_started(
                    "push", run_id, commit_of(project.root, project.declared_paths), options
                )
            )
            opened = open_declared(project, request.allow_commands, request.accept_destinations)
            with fleet_run(
                opened,
                request.scope,
                run_id=run_id,
                view=view,
                listener=listener,
                signals=signals,
                keep_key=True,
            ) as run:
                outcome = push(
                    _as_asked(run.work, request),
                    run.preparation,
                    _options(run, request, saved, earlier, view),
                    refreshing(opened.secrets),
                )
            listener(finished(outcome))
        if written.problem:
            print_text(f"warning: {written.problem}", file=sys.stderr)
    return outcome


def _as_asked(work: Delivering, request: PushRequest) -> Delivering:
    return replace(work, mail=request.mail, restart=request.restart, lock_wait=request.lock_wait)


def _options(
    run: FleetRun,
    request: PushRequest,
    saved: SavedPlan | None,
    earlier: RunRecord | None,
    view: RunView,
) -> PushOptions:
    settings = run.project.push
    consent = Consent(
        ceiling=settings.prune_ceiling if request.prune_limit is None else request.prune_limit,
        yes=request.yes,
        view=view,
        signals=run.work.fleet.signals,
    )
    options = PushOptions(
        describe=run.saved_plan,
        approve=consent.require,
        sizes=request.sizes or settings.batches,
        stop_on_failure=(request.on_failure or settings.on_failure) == "stop",
    )
    if saved is not None:
        require_commit(saved, run.commit)
        _require(run, saved, ANOTHER)
        options = replace(
            options, only=frozenset(saved.hosts), held=lambda hosts: held_against(saved, hosts)
        )
    if earlier is not None:
        anew = "push anew, without --resume"
        require_plan(earlier.plan, f"what the push {earlier.run_id} was to do", remedy=anew)
        _require(run, earlier.plan, anew)
        options = replace(
            options,
            only=frozenset(earlier.undone),
            held=lambda hosts: held_against(
                earlier.plan, hosts, {*earlier.begun, *earlier.not_asked}
            ),
        )
    return options


def _require(run: FleetRun, plan: SavedPlan, remedy: str) -> None:
    require_same(plan, run.preparation, key=run.work.fingerprint_key, remedy=remedy)
