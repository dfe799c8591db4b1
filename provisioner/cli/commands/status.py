"""`provisioner status`: who is signed in, and until when."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.options import (
    Format,
    HostLimit,
    HostsOptions,
    OutputFormat,
    ReportOptions,
    ServerNames,
    Within,
)
from provisioner.errors import ExitCode, ProvisionerError, UsageError, gravest

if TYPE_CHECKING:
    from provisioner.credentials.expiry import Problem, SignInState
    from provisioner.credentials.project_secrets import OpenProject
    from provisioner.credentials.proofs import LastProof
    from provisioner.model.email_server import EmailServer

Check = Annotated[
    bool,
    typer.Option(
        "--check", help="Sign in at each mail server (sends nothing); refreshes expired tokens."
    ),
]
Hosts = Annotated[
    bool,
    typer.Option("--hosts", help="Contact the hosts: what they have, since when, and from whom."),
]


def status(
    options: HostsOptions,
    servers: ServerNames = None,
    check: Check = False,
    hosts: Hosts = False,
    limit: HostLimit = None,
    within: Within = None,
    report_format: Format = OutputFormat.TEXT,
) -> int:
    """Show the stored sign-in of each server; `--check` and `--hosts` contact others.

    Exit code 6: a person must act, because a server is not signed in, a refresh or a sign-in at the
    mail server was rejected, or a client secret or a sign-in expires soon (see `--within`).
    Exit code 1: a token file cannot be read, `--check` could not reach the mail server, or
    `--hosts` has no host to ask.
    Exit code 3: `--hosts` got no answer of a host.

    Examples:

      provisioner status

      provisioner status Reports --check --format json

      provisioner status --within 30d

      provisioner status --hosts --limit maps1
    """
    if hosts:
        if servers or check or within is not None:
            raise UsageError(
                "--hosts cannot be combined with SERVER, --check or --within",
                remedy="run: provisioner status --hosts",
            )
        return _host_status(options, limit, report_format)
    if limit is not None:
        raise UsageError("--limit is about hosts", remedy="add --hosts")
    from provisioner.cli.output import print_data
    from provisioner.cli.progress import progress
    from provisioner.credentials.proofs import read_proofs
    from provisioner.reports.sign_ins import states_as_json, states_as_text

    opened = options.open()
    proofs, states = read_proofs(opened.project.root), []
    with progress(quiet=not check) as tell:
        for server in opened.project.oauth2_servers(servers):
            tell(f"asking {server.host} about {server.server_name}")
            noted = proofs.get(server.server_name)
            states.append(_state(server, opened, noted, within, check=check))
    people = report_format is OutputFormat.TEXT
    render = states_as_text if people else states_as_json
    undeclared = [] if servers else list(opened.secrets.undeclared())
    print_data(render(states, undeclared, now=time.time()), people=people)
    return gravest(problem.exit_code for state in states for problem in state.problems)


def _host_status(options: HostsOptions, limit: str | None, report_format: OutputFormat) -> int:
    """Ask the hosts and print what they say. Needs no token."""
    from provisioner.cli.output import print_data
    from provisioner.cli.run_session import RunSession
    from provisioner.deploy.record import HostFinished
    from provisioner.deploy.run import RunOptions
    from provisioner.deploy.scope import Scope
    from provisioner.deploy.targets import declared_targets
    from provisioner.reports.host_status import RENDERERS

    session = RunSession("status", options, ReportOptions(output_format=report_format))
    reading = RunOptions(prepare=declared_targets)
    with session.unlocked(), session.run(Scope(limit=limit), reading) as run:
        for result in run.ask("status", run.targets.all_hosts):
            run.record.add(HostFinished(result=result))
    people = report_format is OutputFormat.TEXT
    print_data(RENDERERS[report_format](run.record), people=people)
    return run.record.exit_code


def _state(
    server: EmailServer,
    opened: OpenProject,
    noted: LastProof | None,
    within: float | None,
    *,
    check: bool,
) -> SignInState:
    from provisioner.credentials.expiry import REFUSED, sign_in_state

    secrets, now = opened.secrets, time.time()
    state = sign_in_state(server, secrets, noted, now=now, within=within)
    # What was refused before is tried anew.
    if not check or any(p.blocks and p.standing != REFUSED for p in state.problems):
        return state
    noted, problems = _checked(server, opened, noted)
    state = sign_in_state(server, secrets, noted, now=now, within=within)
    accepted_now = bool(noted and noted.mail is None and noted.at and noted.at >= int(now))
    return replace(state, checked=accepted_now, problems=(*state.problems, *problems))


def _checked(
    server: EmailServer, opened: OpenProject, noted: LastProof | None
) -> tuple[LastProof | None, list[Problem]]:
    """What is known once the mail server was asked, and what says nothing of the sign-in.

    A token that still lives is not refreshed.
    """
    from provisioner.credentials.expiry import Problem
    from provisioner.credentials.proofs import note_mail, read_proofs
    from provisioner.oauth.checks import last_proof, mail_server_proof
    from provisioner.oauth.refreshing import RefreshRefused, fresh_tokens

    name, root, now = server.server_name, opened.project.root, int(time.time())
    check_login = mail_server_proof(server, opened.project)
    try:
        tokens = fresh_tokens(opened.secrets, server, margin_seconds=0, now=now)
        result = check_login(tokens)
        if result.expired:  # whatever its own time says; a new one is tried once
            tokens = fresh_tokens(opened.secrets, server, margin_seconds=math.inf, now=now)
            result = check_login(tokens)
    except RefreshRefused as error:
        known = read_proofs(root).get(name)
        return known, [] if known and known.refresh else [Problem.of(error)]
    except ProvisionerError as error:
        return noted, [Problem.of(error)]
    proof = last_proof(result, tokens, at=now)
    if proof is None:
        said = f"not verified: {result.detail}"
        return noted, [
            Problem(said, result.remedy, ExitCode.FAILURE, blocks=False, standing="unclear")
        ]
    try:
        note_mail(root, {name: proof})
    except ProvisionerError as error:
        said = f"the result could not be saved: {error.message}"
        return proof, [Problem(said, error.remedy, error.exit_code, blocks=False)]
    return read_proofs(root).get(name), []
