"""Runs for the tests of plan, push and rollback: an executor that is a list of answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from provisioner.ansible.executor import Answer
from provisioner.ansible.run_input import RunInput, decoded
from provisioner.ansible.signals import Signals
from provisioner.credentials.project_secrets import OpenProject
from provisioner.deploy.entry import ServerEntry
from provisioner.deploy.record import RunRecord, RunStarted
from provisioner.deploy.run import Run, RunOptions
from provisioner.deploy.scope import Scope
from provisioner.deploy.targets import Targets
from provisioner.errors import FleetError
from provisioner.git import Commit
from provisioner.host.host_change import Found, ServerChange
from provisioner.host.result import HostAnswer, HostResult, HostState
from provisioner.model.email_server import EmailServer, Origin
from provisioner.secret import Secret
from provisioner.security_level import SecurityLevel
from tests.support.oauth_samples import project_in, project_secrets

KEY = "k" * 64
COMMIT = Commit("c" * 40, False)
STATES = {
    "U": HostState.UNCHANGED,
    "C": HostState.WOULD_CHANGE,
    "A": HostState.APPLIED,
    "D": HostState.DELIVERED,
    "B": HostState.ROLLED_BACK,
    "V": HostState.UNVERIFIED,
    "R": HostState.RESTORED,
    "F": HostState.FAILED,
    "X": HostState.UNREACHABLE,
    "M": HostState.DRIFTED,
    "N": HostState.NOT_STARTED,
    "L": HostState.LOCKED,
    "S": HostState.SKIPPED,
    "?": HostState.UNKNOWN,
}
LETTERS = {state: letter for letter, state in STATES.items()}
FINGERPRINT = "0f" * 16


def login_server(name="Reports", **changes):
    """A server with a password."""
    fields = {
        "host": "smtp.example.edu",
        "port": 587,
        "smtp_security_level": SecurityLevel.LOGIN,
        "user_name": f"{name.casefold()}@example.edu",
        "origin": Origin("servers/reports.yml", 1),
    }
    return EmailServer(server_name=name, **{**fields, **changes})


def login_entry(name="Reports", **changes):
    """What a host gets of it."""
    return ServerEntry(server=login_server(name, **changes), password=Secret("a password"))


def change(state="changed", name="Reports", **facts):
    """What is said of one server on one host."""
    return ServerChange(name=name, state=state, **facts)


@dataclass
class ListExecutor:
    """Answers from lists. `planned`, `pushed`: host -> what its worker leaves, or a letter of
    STATES, or one of these:

    d: the worker died; g: it left no answer that can be read; b: Ansible could not begin it;
    i: a signal comes, and then it is applied; !: Ansible cannot start. `forks`: how many hosts are
    at work at once; `asked`: the input of each run of Ansible.
    """

    signals: Signals
    planned: Mapping[str, Any]
    pushed: Mapping[str, Any]
    forks: int = 1
    asked: list[RunInput] = field(default_factory=list)
    stopping: bool = False
    on_ask: Callable[[RunInput], None] = lambda _work: None

    def stop(self):
        """As the executor's."""
        self.stopping = True

    def run(self, content, hosts):
        """As the executor's."""
        if not hosts:
            return
        work = decoded(content)
        assert set(work.hosts) == set(hosts)
        self.asked.append(work)
        self.on_ask(work)
        self.stopping = False
        reads = work.mode in ("plan", "rollback_plan")
        answers, begun = (self.planned if reads else self.pushed), 0
        if any(answers[host] == "!" for host in hosts):
            raise FleetError("ansible-playbook cannot start", remedy="install it")
        for number, host in enumerate(hosts):
            if not self.stopping and not self.signals.first:
                begun = number + self.forks
            if number >= begun:
                yield Answer(host, "not started")
            else:
                yield self._answer(host, answers[host])

    def _answer(self, host, said):
        if said == "d":
            return Answer(host, "died", error="killed")
        if said == "b":
            return Answer(host, "not started", error="no such variable")
        if said == "g":
            return Answer(host, "answered", b'{"result": {}}')
        if said == "i":
            self.signals.receive(2)
            said = "A"
        if isinstance(said, str):
            said = result_of(host, said)
        found = Found(texts={}, digests={}) if said.state is HostState.WOULD_CHANGE else None
        return Answer(host, "answered", msgspec.json.encode(HostAnswer(result=said, found=found)))


def result_of(host, letter, **facts):
    """What a host says; a plan of one that would change says that Reports does."""
    state = STATES[letter]
    if state is HostState.WOULD_CHANGE:
        planned = {"servers": [change()], "unverified": ["Reports"], "before": FINGERPRINT}
        facts = planned | facts
    return HostResult(host=host, state=state, **facts)


def run_started(command="push", run_id="run-1", **options):
    """The first event of a run."""
    return RunStarted(
        run_id=run_id,
        command=command,
        owner="anna@desk",
        version="1",
        commit=COMMIT.id,
        dirty=False,
        options=options,
    )


@dataclass
class PushedRun:
    """A run over hosts a, b, c .. and what came of it."""

    run: Run
    executor: ListExecutor

    @property
    def letters(self):
        """The last word on each host, by name."""
        return "".join(LETTERS[host.state] for host in self.run.record.hosts)

    def result(self, host):
        """The last word on one host."""
        return next(one for one in self.run.record.hosts if one.host == host)

    @property
    def calls(self):
        """Whom each run of Ansible was for, the mode before it."""
        return [f"{work.mode} {''.join(work.hosts)}" for work in self.executor.asked]

    def pushed(self, host):
        """What that host was given in the push."""
        return next(w.hosts[host] for w in self.executor.asked[::-1] if host in w.hosts)


def a_run(
    root,
    planned,
    pushed="",
    *,
    entries=None,
    hosts=None,
    forks=1,
    scope=None,
    options=None,
    command="push",
    **settings,
):
    """A run on as many hosts as answers are planned; all servers go to all of them, or to `hosts`.

    `settings` are of the project.
    """
    names = "abcdefghijklmnopqrstuvwxyz"
    planned = dict(zip(names, planned, strict=False)) if isinstance(planned, str) else planned
    pushed = dict(zip(names, pushed, strict=False)) if isinstance(pushed, str) else pushed
    entries = [login_entry()] if entries is None else entries
    project = project_in(root, *(entry.server for entry in entries), **settings)
    secrets = project_secrets(project)
    places = {e.name: tuple((hosts or {}).get(e.name, planned)) for e in entries}
    targets = Targets(
        project=project,
        entries={entry.name: entry for entry in entries},
        hosts=places,
        declared=places,
        pruned_hosts=frozenset(planned),
    )
    signals = Signals()
    executor = ListExecutor(signals, planned, pushed, forks)
    run = Run(
        opened=OpenProject(project, secrets.store, secrets, None),
        targets=targets,
        executor=executor,
        record=RunRecord(run_started(command)),
        signals=signals,
        key=KEY,
        scope=scope or Scope(),
        options=options or RunOptions(),
        output=lambda _text: None,
    )
    return PushedRun(run, executor)
