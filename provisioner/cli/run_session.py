"""A command over hosts: its record, its journal, its view, its report."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from provisioner.ansible.environment import ansible_environment, is_become_password_configured
from provisioner.ansible.executor import ExecutorOptions
from provisioner.ansible.signals import Signals, recorded_signals
from provisioner.cli.options import HostsOptions, OutputFormat, ReportOptions
from provisioner.cli.output import print_data, print_note, print_text, require_place, write_report
from provisioner.cli.prompts import ask_secret, can_answer, confirm, require_terminal
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
from provisioner.deploy.run import Run, RunOptions, open_run, run_started
from provisioner.deploy.scope import Scope
from provisioner.errors import ExitCode, PersonNeeded, ProvisionerError, UsageError
from provisioner.git import commit_of
from provisioner.host.result import HostResult
from provisioner.model.project import Project
from provisioner.reports.run_formats import FILE_FORMATS, RENDERERS
from provisioner.reports.run_text import run_text
from provisioner.secret import Secret
from provisioner.state_dir import project_lock

_AS_USUAL = RunOptions()


class NotAgreed(ProvisionerError):
    """A person was asked, and did not say yes."""

    exit_code = ExitCode.PERSON_NEEDED


class RunSession:
    """`signals` and `view` are there while it is `locked` or `unlocked`."""

    signals: Signals
    view: View

    def __init__(
        self,
        command: Command,
        options: HostsOptions,
        report: ReportOptions | None = None,
        project: Project | None = None,
    ) -> None:
        self._command, self._options = command, options
        self.project = project or options.read()
        self._format = report.output_format if report else OutputFormat.TEXT
        self._files = _report_files(report.report or ()) if report else {}
        self._streams = command == "push" and self._format is OutputFormat.JSON

    @contextmanager
    def unlocked(self) -> Iterator[None]:
        """While hosts are only asked."""
        quiet, plain = self._format is OutputFormat.JSON, self._options.verbose > 0
        with (
            recorded_signals() as self.signals,
            run_view(stream_events=self._streams, quiet=quiet, plain=plain) as self.view,
        ):
            self.signals.on_first = self._tell_of_signal
            yield

    def _tell_of_signal(self, name: str) -> None:
        self.view.note(
            f"interrupted ({name}): waiting for the hosts that are running; "
            "press Ctrl-C again to stop at once"
        )

    @contextmanager
    def locked(self, wait: float) -> Iterator[None]:
        """While hosts are changed: the one run of this checkout that does. `wait`: seconds."""
        with (
            self.unlocked(),
            project_lock(
                self.project.root,
                commit_of(self.project.root, self.project.declared_paths),
                wait_seconds=wait,
                on_wait=lambda holder: self.view.note(f"waiting for another push: {holder}"),
                check=self.signals.check,
            ),
        ):
            yield

    @contextmanager
    def run(
        self,
        scope: Scope,
        options: RunOptions = _AS_USUAL,
        *,
        also: Mapping[str, Any] | None = None,
        keep: bool = False,
    ) -> Iterator[Run]:
        """A run that is recorded from its first event to its last; with `keep` in a journal.

        `also`: what its record has of the command line beside the scope.
        """
        given, project = self._options, self.project
        with self.signals.ending_a_question():
            executor = ExecutorOptions(
                forks=given.forks or project.push.forks,
                verbosity=given.verbose,
                become_password=self._become_password(),
                vault_password_files=tuple(given.vault_password_file or ()),
            )
        asked_for = scope.options() | dict(also or {})
        asked_for[TO_BE_ENTERED] = project.push.to_be_entered
        started = run_started(project, self._command, asked_for)
        with _recorded(project, started, self.view, keep=keep) as record, ExitStack() as opened:
            with self.signals.ending_a_question():
                run = opened.enter_context(
                    open_run(given.open(project), record, scope, self.signals, executor, options)
                )
            yield run
            record.finish(self.signals.first)

    def _become_password(self) -> Secret | None:
        """The password that Ansible would prompt for, asked for now: later nobody sees it."""
        names = secret_variables(self.project.secrets())
        with ansible_environment(self.project.root, secret_names=names):
            if not self._options.ask_become_pass and not is_become_password_configured():
                return None
        if not can_answer():
            raise PersonNeeded(
                "cannot prompt for the become password: there is no terminal",
                remedy="set ANSIBLE_BECOME_PASSWORD_FILE, or become_password_file in ansible.cfg",
            )
        return ask_secret("BECOME password")

    def show_plan(self, hosts: list[HostResult], plan: Plan | None = None) -> None:
        """Show on standard error what would be done; a saved plan knows no more than its
        actions."""
        self.view.clear()
        record = RunRecord(run_started(self.project, "plan", {}))
        record.add(RunPlanned(hosts=hosts, plan=None, batches=[]))
        text = run_text(record, provider_names(self.project))
        if plan is not None and not hosts:
            text = "".join(
                f"{host}: {', '.join(f'{name} {action}' for name, action in one.actions.items())}\n"
                for host, one in plan.hosts.items()
            )
        print_text(text, end="", file=sys.stderr)

    def require_agreement(self, question: str, unasked: str) -> None:
        """Ask at the terminal; UsageError says `unasked` where there is none, NotAgreed a no."""
        require_terminal(unasked)
        with self.signals.ending_a_question():
            agreed = confirm(question)
        if not agreed:
            raise NotAgreed("nothing was changed: not confirmed")

    def report(self, record: RunRecord) -> ExitCode:
        """Write the files, then print. What cannot be written is an error after all is printed."""
        providers = provider_names(self.project)
        try:
            for name, file in self._files.items():
                write_report(file, RENDERERS[name](record, providers), "--report")
        finally:
            if not self._streams:
                shown = RENDERERS[self._format](record, providers)
                print_data(shown, people=self._format is OutputFormat.TEXT)
        return record.exit_code


def _report_files(options: Iterable[str]) -> dict[str, Path]:
    """`--report FORMAT=FILE` -> format: file; UsageError for another form, ProvisionerError for a
    file that cannot be written."""
    found: dict[str, Path] = {}
    for option in options:
        name, sign, file = option.partition("=")
        if name not in FILE_FORMATS or not sign or not file:
            raise UsageError(
                f"--report {option}: not FORMAT=FILE",
                remedy=f"formats: {', '.join(FILE_FORMATS)}; for example --report junit=push.xml",
            )
        require_place(Path(file), "--report")  # not after all hosts are done
        found[name] = Path(file)
    return found


def provider_names(project: Project) -> dict[str, str]:
    """Server -> its provider's name, for the words of errors."""
    from provisioner.providers.catalogue import provider_for

    return {s.server_name: provider_for(s.host, project.providers).name for s in project.servers}


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
            print_note(f"warning: {written.problem}")


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
