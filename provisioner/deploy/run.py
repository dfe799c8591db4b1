"""One run over hosts, opened: what it is about, how hosts are asked, and what each has answered."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace as replaced

import provisioner
from provisioner.ansible import run_input
from provisioner.ansible.environment import ansible_environment
from provisioner.ansible.executor import Answer, Executor, ExecutorOptions, Output
from provisioner.ansible.inventory import read_inventory
from provisioner.ansible.run_folder import Phase
from provisioner.ansible.run_input import Check, EnteredInput, Mail, Mode, RunInput
from provisioner.ansible.signals import Signals
from provisioner.credentials.project_secrets import OpenProject
from provisioner.credentials.sources import secret_variables
from provisioner.deploy.entry import NoMailbox, ServerEntry
from provisioner.deploy.plan import PlannedHost
from provisioner.deploy.record import (
    BatchStarted,
    Command,
    HostsAsked,
    PhaseStarted,
    RunPlanned,
    RunRecord,
    RunStarted,
    WarningGiven,
    new_run_id,
)
from provisioner.deploy.scope import Scope, chosen_servers, concerned, scoped
from provisioner.deploy.targets import (
    Prepare,
    Targets,
    declared,
    host_input,
    prepare_targets,
    with_misspelled,
)
from provisioner.errors import FleetError
from provisioner.git import Commit, commit_of
from provisioner.host.host_change import Found
from provisioner.host.mail_mode import MailMode
from provisioner.host.result import Examination, HostAnswer, HostResult, HostState
from provisioner.host.to_enter import of_servers
from provisioner.model.project import Project
from provisioner.private_file import process_owner
from provisioner.resources import playbooks_folder
from provisioner.state_dir import state_dir
from provisioner.text import redact

_READING = frozenset(("plan", "rollback_plan", "status", "doctor"))
_WITHOUT_SECRETS = ("rollback", "rollback_plan", "doctor")  # entries that need not be whole
_LONGEST_LOCK_WAIT = 540  # seconds: the longest that a host waits for its lock


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How a run asks hosts. `lock_wait`: seconds; `restart`: hosts with a maps_service may restart
    it; `entered`: what a person says of MAPS' dialog; `keep_key`: what hosts are told is to hold
    beyond this run; `key`: any key will do, such as this one."""

    mail: MailMode = MailMode.FULL
    restart: bool = True
    lock_wait: float = 0.0
    entered: EnteredInput | None = None
    keep_key: bool = False
    key: str | None = None
    prepare: Prepare = prepare_targets


@dataclass(kw_only=True)
class Run:
    """`found`: what hosts have answered in this run's plan; `examined`: to `doctor`; `unreadable`:
    hosts whose variables Ansible cannot read, and why: one of these among others would end all;
    `canaries`: host -> servers whose emails are sent where others only sign in."""

    opened: OpenProject
    targets: Targets
    executor: Executor
    record: RunRecord
    signals: Signals
    key: str
    scope: Scope
    options: RunOptions
    output: Callable[[str], None]
    unreadable: Mapping[str, FleetError] = field(default_factory=dict)
    found: dict[str, Found] = field(default_factory=dict)
    examined: dict[str, Examination] = field(default_factory=dict)
    canaries: Mapping[str, Collection[str]] = field(default_factory=dict)

    @property
    def project(self) -> Project:
        return self.opened.project

    @property
    def commit(self) -> Commit:
        return Commit(self.record.started.commit, self.record.started.dirty)

    def ask(
        self, mode: Mode, hosts: Sequence[str], planned: Mapping[str, PlannedHost] | None = None
    ) -> Iterator[HostResult]:
        """Each host's result, as it comes. `planned`: what a plan says of them."""
        self.record.add(HostsAsked(purpose=mode, hosts=len(hosts)))
        for host in hosts:
            if host in self.unreadable:
                yield _unreadable(host, self.unreadable[host])
        wanted = [host for host in hosts if host not in self.unreadable]
        content = run_input.encoded(self._input(mode, wanted, planned or {}))
        for item in self.executor.run(content, wanted):
            if isinstance(item, Phase):
                self.record.add(PhaseStarted(host=item.host, phase=item.phase))
            elif isinstance(item, Output):
                self.output(item.text)
            else:
                self.record.add(PhaseStarted(host=item.host, phase="done"))
                yield self._result(item, mode)

    def start(self) -> None:
        """Record what is known before a host is asked."""
        for warning in self.targets.warnings:
            self.record.add(WarningGiven(text=warning))
        for skipped in self.targets.skipped:
            self.record.add(skipped)

    def ask_all(self, mode: Mode, hosts: Sequence[str]) -> list[HostResult]:
        """All results, by host; Interrupted if a signal has come meanwhile."""
        results = sorted(self.ask(mode, hosts), key=lambda result: result.host)
        self.signals.check()
        return results

    def change(
        self,
        mode: Mode,
        results: list[HostResult],
        wanted: list[HostResult],
        agree: Callable[[list[HostResult]], None],
    ) -> Iterator[HostResult]:
        """Change those hosts that are wanted among all results, in one batch, if a person agrees:
        `agree` raises if not."""
        hosts = [result.host for result in wanted]
        self.record.add(RunPlanned(hosts=results, plan=None, batches=[hosts] if hosts else []))
        if hosts:
            agree(wanted)
            planned = {one.host: PlannedHost(fingerprint=one.before, actions={}) for one in wanted}
            self.record.add(BatchStarted(number=1, count=1, hosts=hosts))
            yield from self.ask(mode, hosts, planned)

    def _result(self, answer: Answer, mode: Mode) -> HostResult:
        """What became of a host; whoever was begun and did not answer is unknown."""
        unheard = HostState.FAILED if mode in _READING else HostState.UNKNOWN
        if answer.state == "not started":
            state = HostState.FAILED if answer.error else HostState.NOT_STARTED
            reason = "not_begun" if answer.error else "interrupted"
            return HostResult(host=answer.host, state=state, reason=reason, about=answer.error)
        if answer.state == "died" or answer.content is None:
            return HostResult(
                host=answer.host, state=unheard, reason="worker_died", about=answer.error
            )
        try:
            said = msgspec.json.decode(answer.content, type=HostAnswer)
        except msgspec.MsgspecError:
            return HostResult(host=answer.host, state=unheard, reason="invalid_response")
        if said.found is not None:
            self.found[answer.host] = said.found
        if said.examined is not None:
            self.examined[answer.host] = said.examined
        return self._of_servers(said.result)

    def _of_servers(self, result: HostResult) -> HostResult:
        """What a person has to enter, of the servers that this run is about."""
        names = self.scope.servers
        if not names or result.to_enter is None:
            return result
        to_enter = of_servers(result.to_enter, names)
        return replaced(result, to_enter=to_enter, entered=of_servers(result.entered, names))

    def _input(
        self, mode: Mode, hosts: Sequence[str], planned: Mapping[str, PlannedHost]
    ) -> RunInput:
        entries = {e.name: e for host in hosts for e in self.targets.entries_of(host)}
        public, hidden = {}, {}
        for name, entry in entries.items():
            public[name], hidden[name] = entry.public(check=mode not in _WITHOUT_SECRETS)
        given = {}
        for host in hosts:
            checks = {name: self._check(host, name) for name in entries}
            one = host_input(self.targets, host, self.key, hidden, checks)
            given[host] = replaced(
                one,
                remove=planned[host].removed if host in planned else [],
                expected=planned[host].fingerprint or "" if host in planned else None,
                found=msgspec.to_builtins(self.found[host]) if host in self.found else None,
            )
        secret = mode in ("push", "rollback")
        return RunInput(
            version=provisioner.__version__,
            mode=mode,
            run_id=self.record.run_id,
            owner=process_owner(),
            commit=self.commit.id,
            servers=public,
            secrets=hidden if secret else {},
            mails=self._mails(entries) if secret else {},
            limits={n: limit for n, e in entries.items() if (limit := self.targets.limit(e))},
            rotation=[n for n, e in entries.items() if self.targets.is_strict(e)],
            refresh={n: url for n, e in entries.items() if (url := self.targets.refresh_url(e))},
            prune=self.scope.prune and mode == "plan",
            restart=self.options.restart,
            entered=self.options.entered,
            mail_budget=self.project.push.mail_budget_seconds,
            turns=str(state_dir(self.project.root, "turns")) if secret else "",
            lock_wait=int(min(_LONGEST_LOCK_WAIT, self.options.lock_wait)),
            hosts=given,
        )

    def _mails(self, entries: Mapping[str, ServerEntry]) -> dict[str, Mail]:
        """Of each server that has a mailbox: a rollback works without one, and only signs in."""
        found = {}
        for name, entry in entries.items():
            with suppress(NoMailbox):
                found[name] = entry.mail(self.project.test_email)
        return found

    def _check(self, host: str, server: str) -> Check:
        """How that server is verified on that host."""
        mode = self.options.mail
        if mode is MailMode.NONE:
            return "none"
        canary = server in self.canaries.get(host, ())
        return "mail" if mode is MailMode.FULL or canary else "auth"


def _unreadable(host: str, error: FleetError) -> HostResult:
    return HostResult(
        host=host,
        state=HostState.FAILED,
        reason="variables",
        about=error.message,
        remedy=error.remedy,
    )


@contextmanager
def open_run(
    opened: OpenProject,
    record: RunRecord,
    scope: Scope,
    signals: Signals,
    executor: ExecutorOptions,
    options: RunOptions,
) -> Iterator[Run]:
    """Everything that a run over hosts needs, with an environment fit for Ansible around it.

    Nothing is asked of a host yet.
    """
    project = opened.project
    servers = chosen_servers(project, scope.servers)
    names = secret_variables(project.secrets())
    with ansible_environment(project.root, secret_names=names):
        inventory = read_inventory(
            project.inventory_path,
            root=project.root,
            vault_password_files=executor.vault_password_files,
        )
        targets = concerned(declared(project, servers, inventory), scope, inventory)
        targets = options.prepare(targets, inventory, opened.secrets)
        targets = scoped(targets, scope, inventory)
        unreadable, variables = inventory.read_variables(targets.all_hosts)
        targets = with_misspelled(targets, variables)
        with ansible_environment(project.root, secret_names=names, secrets=targets.secrets()):
            yield Run(
                opened=opened,
                targets=targets,
                executor=Executor(playbooks_folder(), project.inventory_path, executor, signals),
                record=record,
                signals=signals,
                key=options.key or opened.secrets.fingerprint_key(keep=options.keep_key),
                scope=scope,
                options=options,
                output=_ansible_output(executor.verbosity),
                unreadable=unreadable,
            )


def run_started(project: Project, command: Command, options: Mapping[str, Any]) -> RunStarted:
    commit = commit_of(project.root, project.declared_paths)
    return RunStarted(
        run_id=new_run_id(),
        command=command,
        owner=process_owner(),
        version=provisioner.__version__,
        commit=commit.id,
        dirty=commit.dirty,
        options=dict(options),
    )


def with_inventory(project: Project, inventory: Path | None) -> Project:
    """The project with --inventory in place of its own."""
    return replace(project, inventory_path=inventory.resolve()) if inventory else project


def _ansible_output(verbosity: int) -> Callable[[str], None]:
    """Where Ansible's own output goes: standard error if asked for, redacted even so."""
    if not verbosity:
        return lambda _text: None
    return lambda text: print(redact(text), file=sys.stderr)
