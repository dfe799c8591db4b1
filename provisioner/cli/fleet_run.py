"""A run over the fleet, opened: who is told of it, what it is called, what it may use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import provisioner
from provisioner.ansible.signals import Signals
from provisioner.cli.fleet_session import Prepare, Scope, fleet_session
from provisioner.cli.run_view import RunView
from provisioner.credentials.project_secrets import OpenProject
from provisioner.errors import ExitCode, ProvisionerError
from provisioner.fleet.delivering import Delivering
from provisioner.fleet.host_result import HostResult
from provisioner.fleet.outcome import Outcome
from provisioner.fleet.preparation import Preparation, prepare
from provisioner.fleet.run_event import Listener, RunFailed, RunFinished, RunStarted
from provisioner.fleet.saved_plan import SavedPlan, saved_plan
from provisioner.git import Commit, commit_of
from provisioner.model.project import Project
from provisioner.private_file import process_owner


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetRun:
    """An open run: its deliveries, what they are made of, and the commit at work."""

    work: Delivering
    preparation: Preparation
    opened: OpenProject
    commit: Commit
    scope: Scope

    @property
    def project(self) -> Project:
        """What is declared."""
        return self.work.fleet.project

    def saved_plan(self, hosts: tuple[HostResult, ...]) -> SavedPlan:
        """The plan that a check run's results are."""
        return saved_plan(
            hosts,
            self.preparation,
            key=self.work.fingerprint_key,
            commit=self.commit,
            options=scope_options(self.scope),
            made={
                "run_id": self.work.run_id,
                "by": process_owner(),
                "version": provisioner.__version__,
            },
        )


def scope_options(scope: Scope) -> dict[str, Any]:
    """The part of the command line that decides what a run is about."""
    return {"servers": sorted(scope.servers), "limit": scope.limit, "prune": scope.prune}


@contextmanager
def fleet_run(
    opened: OpenProject,
    scope: Scope,
    *,
    run_id: str,
    view: RunView,
    listener: Listener,
    signals: Signals,
    keep_key: bool,
    prepare: Prepare = prepare,
) -> Iterator[FleetRun]:
    """Open it all; nothing is asked of a host before the caller does."""
    commit = commit_of(opened.project.root, opened.project.declared_paths)
    with fleet_session(
        opened,
        scope,
        view=view,
        listener=listener,
        signals=signals,
        prepare=prepare,
    ) as (fleet, preparation):
        key = opened.secrets.fingerprint_key(keep=keep_key)
        yield FleetRun(
            work=Delivering(
                fleet=fleet,
                store=opened.store,
                fingerprint_key=key,
                run_id=run_id,
                commit=commit,
                prune=scope.prune,
            ),
            preparation=preparation,
            opened=opened,
            commit=commit,
            scope=scope,
        )


def run_started(
    command: str, run_id: str, commit: Commit, options: Mapping[str, Any]
) -> RunStarted:
    """The first event of a run."""
    return RunStarted(
        run_id=run_id,
        command=command,
        owner=process_owner(),
        version=provisioner.__version__,
        commit=commit.id,
        dirty=commit.dirty,
        options=options,
    )


@contextmanager
def told_to_the_end(listener: Listener) -> Iterator[None]:
    """A run that fails says so in its last event. Words of an unknown error may quote a secret."""
    try:
        yield
    except ProvisionerError as error:
        code = int(error.exit_code)
        listener(RunFailed(exit_code=code, message=error.message, remedy=error.remedy))
        raise
    except KeyboardInterrupt:
        code = int(ExitCode.INTERRUPTED)
        listener(RunFailed(exit_code=code, message="interrupted", remedy=""))
        raise
    except Exception as error:
        words = f"bug in provisioner: {type(error).__name__}"
        listener(RunFailed(exit_code=int(ExitCode.BUG), message=words, remedy=""))
        raise


def finished(outcome: Outcome) -> RunFinished:
    """The last event of a run that came to its end."""
    return RunFinished(exit_code=int(outcome.exit_code), report=outcome)
