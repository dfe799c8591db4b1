"""A run over hosts from the command line: its record, its journal, its view, its report."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from getpass import getpass
from pathlib import Path
from typing import Any

from provisioner.ansible.environment import ansible_environment, is_become_password_configured
from provisioner.ansible.executor import ExecutorOptions
from provisioner.ansible.signals import Signals, recorded_signals
from provisioner.cli.opening import open_declared
from provisioner.cli.options import OutputFormat
from provisioner.cli.output import print_text, write_report
from provisioner.cli.prompts import can_answer, confirm
from provisioner.cli.view import View, run_view
from provisioner.credentials.sources import secret_variables
from provisioner.deploy.plan import Plan
from provisioner.deploy.record import (
    TO_BE_ENTERED,
    Command,
    RunFailed,
    RunPlanned,
    RunRecord,
    RunStarted,
    journal,
)
from provisioner.deploy.result import HostResult
from provisioner.deploy.run import Prepare, Run, RunOptions, open_run, run_started
from provisioner.deploy.scope import Scope
from provisioner.deploy.targets import prepare_targets
from provisioner.errors import ExitCode, PersonNeeded, ProvisionerError, UsageError
from provisioner.git import commit_of
from provisioner.model.project import Project
from provisioner.reports.run_formats import FILE_FORMATS, RENDERERS
from provisioner.reports.run_text import run_text
from provisioner.secret import Secret
from provisioner.state_dir import project_lock


class NotAgreed(ProvisionerError):
    """A person was asked, and did not say yes."""

    exit_code = ExitCode.PERSON_NEEDED


@dataclass(frozen=True, slots=True, kw_only=True)
class HostsOptions:
    """What the command line of each run over hosts says of the project and of Ansible."""

    project: Project
    forks: int | None = None
    verbosity: int = 0
    ask_become_pass: bool = False
    vault_password_files: Iterable[Path] | None = None
    allow_commands: bool = False
    accept_destinations: Iterable[str] | None = None

    @contextmanager
    def run(
        self,
        command: Command,
        scope: Scope,
        signals: Signals,
        view: View,
        *,
        also: Mapping[str, Any] | None = None,
        options: RunOptions | None = None,
        keep: bool = False,
        keep_key: bool = False,
        key: str | None = None,
        prepare: Prepare = prepare_targets,
    ) -> Iterator[Run]:
        """A run that is recorded from its first event to its last; with `keep` in a journal.

        `also`: what its record has of the command line beside the scope.
        """
        with signals.ending_a_question():
            executor = ExecutorOptions(
                forks=self.forks or self.project.push.forks,
                verbosity=self.verbosity,
                become_password=self._become_password(),
                vault_password_files=tuple(self.vault_password_files or ()),
            )
        asked_for = scope.options() | dict(also or {})
        asked_for[TO_BE_ENTERED] = self.project.push.to_be_entered
        started = run_started(self.project, command, asked_for)
        with _recorded(self.project, started, view, keep=keep) as record:
            with signals.ending_a_question():
                opened = open_declared(self.project, self.allow_commands, self.accept_destinations)
            with open_run(
                opened,
                record,
                scope,
                signals,
                executor=executor,
                options=options,
                keep_key=keep_key,
                key=key,
                prepare=prepare,
            ) as run:
                yield run
                record.finish(signals.first)

    def _become_password(self) -> Secret | None:
        """The password that Ansible would prompt for, asked for now: later nobody sees it."""
        names = secret_variables(self.project.secrets())
        with ansible_environment(self.project.root, secret_names=names):
            if not self.ask_become_pass and not is_become_password_configured():
                return None
        if not can_answer():
            raise PersonNeeded(
                "Ansible is to prompt for the become password, and there is no terminal",
                remedy="name a file with it: ANSIBLE_BECOME_PASSWORD_FILE, or "
                "become_password_file in ansible.cfg",
            )
        return Secret(getpass("BECOME password: "))


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Where the report of a run goes: standard output, and files that were asked for."""

    project: Project
    shown: OutputFormat | None
    files: Mapping[str, Path] = field(default_factory=dict)

    def write(self, record: RunRecord) -> None:
        """Write the files, then print. What cannot be written is an error after all is printed."""
        providers = provider_names(self.project)
        try:
            for name, file in self.files.items():
                write_report(file, RENDERERS[name](record, providers), "--report")
        finally:
            if self.shown is not None:
                print_text(RENDERERS[self.shown](record, providers), end="")


def report_files(options: Iterable[str]) -> dict[str, Path]:
    """`--report FORMAT=FILE` -> format: file; UsageError for another form."""
    found: dict[str, Path] = {}
    for option in options:
        name, sign, file = option.partition("=")
        if name not in FILE_FORMATS or not sign or not file:
            raise UsageError(
                f"--report {option}: not FORMAT=FILE",
                remedy=f"formats: {', '.join(FILE_FORMATS)}; for example --report junit=push.xml",
            )
        found[name] = Path(file)
    return found


def provider_names(project: Project) -> dict[str, str]:
    """Server -> its provider's name, for the words of errors."""
    from provisioner.providers.catalogue import provider_for

    return {s.server_name: provider_for(s.host, project.providers).name for s in project.servers}


@contextmanager
def only_run(
    project: Project, lock_wait: float, *, stream_events: bool, quiet: bool, plain: bool
) -> Iterator[tuple[Signals, View]]:
    """The one run of this checkout that changes hosts: its signals and its view, under the lock of
    the project."""
    with (
        recorded_signals() as signals,
        run_view(stream_events=stream_events, quiet=quiet, plain=plain) as view,
        project_lock(
            project.root,
            commit_of(project.root, project.declared_paths),
            wait_seconds=lock_wait,
            on_wait=lambda holder: view.note(f"waiting for another push: {holder}"),
            check=signals.check,
        ),
    ):
        yield signals, view


@contextmanager
def _recorded(
    project: Project, started: RunStarted, view: View, *, keep: bool
) -> Iterator[RunRecord]:
    """The record of a run, which is told how it ended."""
    if not keep:
        with _ending(RunRecord(started, [view.on_event])) as record:
            yield record
        return
    with journal(project.root, started.run_id, keep_runs=project.push.keep_runs) as written:
        with _ending(RunRecord(started, [written.append, view.on_event])) as record:
            yield record
        if written.problem:
            print_text(f"warning: {written.problem}", file=sys.stderr)


@contextmanager
def _ending(record: RunRecord) -> Iterator[RunRecord]:
    """A run that fails says so in its last event. Words of an unknown error may quote a secret."""
    try:
        yield record
    except ProvisionerError as error:
        code, message, remedy = error.exit_code, error.message, error.remedy
        record.add(RunFailed(exit_code=code, message=message, remedy=remedy))
        raise
    except KeyboardInterrupt:
        record.add(RunFailed(exit_code=ExitCode.INTERRUPTED, message="interrupted", remedy=""))
        raise
    except Exception as error:
        words = f"bug in provisioner: {type(error).__name__}"
        record.add(RunFailed(exit_code=ExitCode.BUG, message=words, remedy=""))
        raise


def show_plan(
    project: Project, view: View, hosts: list[HostResult], plan: Plan | None = None
) -> None:
    """Show on standard error what would be done; a saved plan knows no more than its actions."""
    view.clear()
    record = RunRecord(run_started(project, "plan", {}))
    record.add(RunPlanned(hosts=hosts, plan=None, batches=[]))
    text = run_text(record, provider_names(project))
    if plan is not None and not hosts:
        text = "".join(
            f"{host}: {', '.join(f'{name} {action}' for name, action in one.actions.items())}\n"
            for host, one in plan.hosts.items()
        )
    print_text(text, end="", file=sys.stderr)


def require_agreement(question: str, unasked: ProvisionerError, signals: Signals) -> None:
    """Ask at the terminal; `unasked` is raised where there is none, NotAgreed for a no."""
    if not can_answer():
        raise unasked
    with signals.ending_a_question():
        if not confirm(question):
            raise NotAgreed("nothing was changed: it was not agreed to")
