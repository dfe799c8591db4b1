"""`provisioner doctor`: everything that a push needs, checked at once; nothing is changed."""

from __future__ import annotations

import secrets as random
import shutil
import time
from collections.abc import Iterator, Sequence
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
from provisioner.errors import ExitCode, Interrupted, ProvisionerError, UsageError, gravest

if TYPE_CHECKING:
    from provisioner.credentials.project_secrets import OpenProject
    from provisioner.deploy.scope import Scope
    from provisioner.model.email_server import EmailServer
    from provisioner.model.project import Project
    from provisioner.reports.doctor import Check

NoHosts = Annotated[bool, typer.Option("--no-hosts", help="Check this machine only.")]
_FILES = "files"
_AFTER_FILES = ("git", "vault key", "secret", "sign-in", "hosts")


def doctor(
    options: HostsOptions,
    servers: ServerNames = None,
    limit: HostLimit = None,
    no_hosts: NoHosts = False,
    output_format: Format = OutputFormat.TEXT,
) -> int:
    """Check everything that a push needs, here and on each host; change nothing.

    Run it before the first push, and after any trouble. Mail servers and token endpoints are
    contacted from the hosts, without signing in. The exit code is the one a push would end with.

    Examples:

      provisioner doctor

      provisioner doctor Reports --limit maps1 --format json
    """
    from provisioner.cli.output import print_data
    from provisioner.credentials.project_secrets import open_project
    from provisioner.deploy.scope import Scope, chosen_servers
    from provisioner.reports.doctor import doctor_json, doctor_text, skipped

    if options.accept_destination:
        raise UsageError("doctor accepts no destination", remedy="run: provisioner accept")
    if no_hosts and limit is not None:
        raise UsageError("--limit cannot be combined with --no-hosts", remedy="remove one of them")
    checks, found = _files(options)
    if found is None:
        at = checks[-1].name
        left_out = _AFTER_FILES if at == _FILES else (_FILES, *_AFTER_FILES)
        checks += [skipped(name, f"{at} failed") for name in left_out]
    else:
        scope = Scope(servers=tuple(sorted(servers or ())), limit=limit)
        chosen: Sequence[EmailServer] = chosen_servers(found, scope.servers)
        opened = open_project(found, allow_commands=options.allow_commands)
        if no_hosts:
            there = [skipped("hosts", "--no-hosts")]
        else:  # first, because the inventory says which servers go to no host of --limit
            chosen, there = _hosts(options, found, scope, chosen, output_format)
        checks += [*_here(opened, chosen), *there]
    code = gravest(check.exit_code for check in checks)
    if output_format is OutputFormat.JSON:
        print_data(doctor_json(checks, code), people=False)
    else:
        print_data(doctor_text(checks), people=True)
    return code


# -- this machine


def _files(options: HostsOptions) -> tuple[list[Check], Project | None]:
    """The project and its files, and what they declare if a push could read it."""
    from provisioner.config.files import is_project
    from provisioner.deploy.run import with_inventory
    from provisioner.model.reading import read_and_lint
    from provisioner.reports.doctor import failed, ok, warning
    from provisioner.text import counted

    root = options.project
    checks = [ok("project", str(root.absolute()))]
    try:
        found, result = read_and_lint(root)
        found = with_inventory(found, options.inventory)
    except ProvisionerError as error:
        if not is_project(root):
            return [failed("project", error)], None
        return [*checks, failed(_FILES, error)], None
    declared = counted(len(found.servers), "email server")
    if result.warnings:
        text = f"{declared}, {counted(result.warnings, 'warning')}"
        return [*checks, warning(_FILES, text, "see them: provisioner validate")], found
    return [*checks, ok(_FILES, f"{declared}: no problems found")], found


def _here(opened: OpenProject, servers: Sequence[EmailServer]) -> Iterator[Check]:
    """What this machine has: nothing is asked, accepted, refreshed or made."""
    yield _git(opened.project)
    yield _vault_key(opened)
    for server in servers:
        if server.secret is not None:
            yield _secret(opened, server)
        if server.oauth2 is not None:
            yield from _sign_in(opened, server)
        else:
            yield from _mailbox(opened.project, server)


def _git(project: Project) -> Check:
    from provisioner.git import checkout_of, commit_of
    from provisioner.reports.doctor import ok, warning

    remedy = "commit the project, so that others push the same"
    if shutil.which("git") is None:
        return warning("git", "git is not in the PATH", "install git")
    if checkout_of(project.root) is None:
        return warning("git", "not a git repository", f"run: git init; then {remedy}")
    commit = commit_of(project.root, project.declared_paths)
    if commit.id is None:
        return warning("git", "no commit", remedy)
    if commit.dirty:
        return warning("git", "the declared files differ from the commit", remedy)
    return ok("git", f"commit {commit}")


def _vault_key(opened: OpenProject) -> Check:
    from provisioner.credentials.vault_key import NoVaultKey
    from provisioner.reports.doctor import failed, ok, skipped

    try:
        opened.secrets.context.vault_key()
    except NoVaultKey as error:
        needed = any(opened.project.tokens_path.glob("*.yml"))
        return failed("vault key", error) if needed else skipped("vault key", "there is none yet")
    except ProvisionerError as error:
        return failed("vault key", error)
    return ok("vault key", "readable")


def _secret(opened: OpenProject, server: EmailServer) -> Check:
    from provisioner.reports.doctor import failed, ok

    try:
        opened.secrets.secret_to_show(server)
    except ProvisionerError as error:
        return failed("secret", error, server.server_name)
    return ok("secret", "readable, its destination is accepted", about=server.server_name)


def _mailbox(project: Project, server: EmailServer) -> Iterator[Check]:
    """Only where there is none; the account that signs in with OAuth2 has one."""
    from provisioner.deploy.entry import NoMailbox, ServerEntry
    from provisioner.reports.doctor import failed

    try:
        ServerEntry(server=server).mail(project.test_email)
    except NoMailbox as error:
        yield failed("test email", error, server.server_name)


def _sign_in(opened: OpenProject, server: EmailServer) -> Iterator[Check]:
    from provisioner.credentials.expiry import sign_in_state
    from provisioner.credentials.proofs import read_proofs
    from provisioner.reports.doctor import Check, CheckState, ok

    noted = read_proofs(opened.project.root).get(server.server_name)
    state = sign_in_state(server, opened.secrets, noted, now=time.time())
    for problem in state.problems:
        end = CheckState.FAILED if problem.blocks else CheckState.WARNING
        code = problem.exit_code if problem.blocks else ExitCode.DONE
        said = problem.message, problem.remedy
        yield Check(end, "sign-in", *said, server.server_name, code)
    if not state.problems:
        yield ok("sign-in", "signed in", about=server.server_name)


# -- hosts


def _hosts(
    options: HostsOptions,
    project: Project,
    scope: Scope,
    servers: Sequence[EmailServer],
    output_format: OutputFormat,
) -> tuple[Sequence[EmailServer], list[Check]]:
    """Those of the servers that go to hosts of --limit, and what each host says; a problem of the
    inventory, or of Ansible, is a check that failed."""
    from provisioner.cli.run_session import RunSession, provider_names
    from provisioner.deploy.run import RunOptions
    from provisioner.deploy.targets import reached_targets
    from provisioner.reports.doctor import (
        VARIABLES,
        Check,
        CheckState,
        failed,
        host_checks,
        skipped,
        warning,
    )

    report = ReportOptions(output_format=output_format)
    session = RunSession("doctor", options, report, project)
    providers, checks = provider_names(project), list[Check]()
    try:
        with (
            session.unlocked(),
            # any key: nothing is compared with what a push has delivered
            session.run(
                scope, RunOptions(key=random.token_hex(32), prepare=reached_targets)
            ) as run,
        ):
            servers = run.targets.servers
            for left_out in run.targets.skipped:
                said, code = (left_out.reason, left_out.remedy), left_out.exit_code
                checks.append(Check(CheckState.FAILED, "hosts", *said, exit_code=code))
            for text in run.targets.warnings:
                message, _, remedy = text.partition("\n")
                checks.append(warning(VARIABLES, message, remedy))
            results = list(run.ask("doctor", run.targets.all_hosts))
            for result in sorted(results, key=lambda one: one.host):
                checks += host_checks(result, run.examined.get(result.host), providers)
            if session.signals.first:
                checks.append(failed("hosts", Interrupted("the run was interrupted")))
    except UsageError:
        raise
    except ProvisionerError as error:
        return servers, [*checks, failed("hosts", error)]
    return servers, checks or [skipped("hosts", "no server is declared")]
