"""`provisioner doctor`: all that a push needs, checked at once, and nothing changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.options import (
    Format,
    HostLimit,
    HostsOptions,
    OutputFormat,
    ReportOptions,
    ServerNames,
)
from provisioner.errors import ExitCode, ProvisionerError, UsageError, gravest
from provisioner.reports.doctor import Check, State

if TYPE_CHECKING:
    from provisioner.credentials.project_secrets import OpenProject
    from provisioner.lint.verdict import Verdict
    from provisioner.model.email_server import EmailServer
    from provisioner.model.project import Project

NoHosts = Annotated[bool, typer.Option("--no-hosts", help="Check this machine only.")]


def doctor(
    options: HostsOptions,
    servers: ServerNames = None,
    limit: HostLimit = None,
    no_hosts: NoHosts = False,
    output_format: Format = OutputFormat.TEXT,
) -> int:
    """Check everything that a push needs, on this machine and on each host; change nothing.

    Checks the files, the secrets and their destinations, the vault key and the sign-ins, then
    contacts each host: connection, folder, clock, and whether the host reaches its mail servers
    and token endpoints. No secret is sent, no host is written to. The exit code is that of the
    gravest failed check; see the documentation of `push`.

    Examples:

      provisioner doctor

      provisioner doctor Reports --limit maps1.example.edu

      provisioner doctor --no-hosts --format json
    """
    from provisioner.cli.output import print_text
    from provisioner.reports.doctor import RENDERERS

    if options.accept_destination:
        raise UsageError(
            "doctor changes nothing, so it accepts no destination", remedy="run: provisioner accept"
        )
    checks = _project_checks(options)
    if all(check.exit_code is ExitCode.DONE for check in checks):
        project = options.read()
        chosen = [project.server(name) for name in dict.fromkeys(servers or ())]
        checks += _credential_checks(options, project, chosen or list(project.servers))
        checks += [] if no_hosts else _host_checks(options, servers or (), limit, output_format)
    else:
        for name in ("vault key", "secrets", "sign-ins", *(() if no_hosts else ("hosts",))):
            checks.append(Check(name, "skipped", "the project cannot be read"))
    print_text(RENDERERS[output_format](checks), end="")
    return gravest(check.exit_code for check in checks)


def _project_checks(options: HostsOptions) -> list[Check]:
    from provisioner.config.file_text import shown_path
    from provisioner.config.files import (
        documents_of,
        files_of_project,
        is_project,
        settings_documents,
    )
    from provisioner.lint.verdict import reach_verdict

    root = options.project.absolute()
    if not is_project(root):
        said = f"{shown_path(root)} is not a project: it has no provisioner.yml and no servers/"
        remedy = "go to the project folder, or begin a project: provisioner init"
        return [Check("project", "failed", said, remedy, ExitCode.FAILURE)]
    checks = [Check("project", "ok", shown_path(root))]
    try:
        files = list(files_of_project(root))
        verdict = reach_verdict(documents_of(files), settings=settings_documents(root))
        checks.append(_files_check(verdict))
        options.read()
    except ProvisionerError as error:
        if checks[-1].state != "failed":
            checks.append(Check.of("files", error))
    return checks


def _files_check(verdict: Verdict) -> Check:
    from provisioner.reports.findings.summary import summary

    said = summary(verdict)
    remedy = "see each of them: provisioner validate"
    if verdict.errors or verdict.crashed:
        return Check("files", "failed", said, remedy, ExitCode.FAILURE)
    if verdict.warnings:
        return Check("files", "warning", said, remedy)
    return Check("files", "ok", said)


# -- credentials


def _credential_checks(
    options: HostsOptions, project: Project, servers: list[EmailServer]
) -> list[Check]:
    from provisioner.credentials.project_secrets import open_project

    # Without `confirm`: nothing is accepted on the way.
    opened = open_project(project, allow_commands=options.allow_commands)
    checks = [_key_check(opened, servers)]
    for server in servers:
        checks += _server_checks(server, opened)
    return checks


def _key_check(opened: OpenProject, servers: list[EmailServer]) -> Check:
    from provisioner.credentials.vault_key import NoVaultKey

    try:
        opened.store.key()
    except NoVaultKey as error:
        if any(opened.store.exists(server.server_name) for server in servers):
            return Check.of("vault key", error)
        return Check("vault key", "skipped", "there is none yet: the first sign-in makes one")
    except ProvisionerError as error:
        return Check.of("vault key", error)
    where = None
    with suppress(ProvisionerError):
        where = opened.key_search.file_in_use()
    return Check("vault key", "ok", str(where) if where else "from its declared source")


def _server_checks(server: EmailServer, opened: OpenProject) -> Iterator[Check]:
    from provisioner.credentials.expiry import sign_in_state
    from provisioner.credentials.proofs import read_proofs

    name, secrets = server.server_name, opened.secrets
    is_signed_in = server.oauth2 is None or opened.store.exists(name)
    # Before the first sign-in nothing is accepted, and it accepts by itself.
    read = secrets.secret if is_signed_in else secrets.secret_of_source
    yield _told("secret", name, "readable, destination accepted", lambda: read(server))
    if server.oauth2 is None:
        return
    noted = read_proofs(opened.project.root).get(name)
    state = sign_in_state(server, secrets, noted, now=time.time())
    for problem in state.problems:
        kind: State = "failed" if problem.blocks else "warning"
        said = f"{name}: {problem.message.removeprefix(f'{name}: ')}"
        yield Check("sign-in", kind, said, problem.remedy, problem.exit_code)
    if not state.problems:
        who = state.tokens.identity if state.tokens else None
        yield Check("sign-in", "ok", f"{name}: signed in{f' as {who}' if who else ''}")


def _told(check: str, name: str, good: str, work: Callable[[], object]) -> Check:
    try:
        work()
    except ProvisionerError as error:
        return Check.of(check, error, name)
    return Check(check, "ok", f"{name}: {good}")


# -- hosts


def _host_checks(
    options: HostsOptions,
    servers: list[str] | tuple[str, ...],
    limit: str | None,
    output_format: OutputFormat,
) -> list[Check]:
    from provisioner.cli.run_session import RunSession
    from provisioner.deploy.scope import Scope
    from provisioner.deploy.targets import doctor_targets
    from provisioner.reports.doctor import host_checks

    session = RunSession("doctor", options, ReportOptions(output_format=output_format))
    scope = Scope(servers=tuple(sorted(servers)), limit=limit)
    try:
        scope.check(session.project)
        with session.unlocked(), session.run(scope, prepare=doctor_targets) as run:
            results = sorted(run.ask("doctor", run.targets.all_hosts), key=attrgetter("host"))
            session.signals.check()
    except ProvisionerError as error:
        return [Check.of("hosts", error)]
    if not results:
        remedy = "add your hosts to inventory/hosts.ini, in the groups that `hosts:` names"
        return [Check("hosts", "failed", "no host is in the inventory", remedy, ExitCode.FAILURE)]
    return list(host_checks(results))
