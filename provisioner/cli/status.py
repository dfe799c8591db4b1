"""`provisioner status`: who is signed in, and until when."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.options import (
    AllowCommands,
    Format,
    InventoryPath,
    OutputFormat,
    ProjectFolder,
    ServerNames,
)
from provisioner.errors import ExitCode, ProvisionerError, UsageError, gravest

if TYPE_CHECKING:
    from provisioner.credentials.expiry import LastProof, SignInState
    from provisioner.credentials.project_secrets import OpenProject
    from provisioner.credentials.store import TokenSet
    from provisioner.model.email_server import EmailServer

Check = Annotated[
    bool,
    typer.Option(
        "--check", help="Sign in at each mail server (no mail is sent); refreshes what expired."
    ),
]
Hosts = Annotated[
    bool, typer.Option("--hosts", help="Ask the hosts what they have, since when and from whom.")
]


def status(
    servers: ServerNames = None,
    check: Check = False,
    hosts: Hosts = False,
    inventory: InventoryPath = None,
    report_format: Format = OutputFormat.TEXT,
    project: ProjectFolder = Path(),
    allow_commands: AllowCommands = False,
) -> int:
    """Show each server's sign-in, as it is stored here; `--check` and `--hosts` ask others.

    Exit code 6: somebody must sign in, now or within a week. 1: a client secret has expired, a
    token file cannot be read, or `--check` found a mail server that does not take the token.

    Examples:

      provisioner status

      provisioner status Reports --check --format json

      provisioner status --hosts
    """
    if hosts:
        return _host_status(servers, project, inventory, report_format, check=check)
    from provisioner.cli.chosen_servers import oauth2_servers
    from provisioner.cli.opening import open_declared
    from provisioner.cli.output import print_text
    from provisioner.cli.progress import progress
    from provisioner.deploy.proofs import read_proofs
    from provisioner.model.reading import read_project
    from provisioner.reports.sign_in_states import states_as_json, states_as_text

    declared = read_project(project)
    opened = open_declared(declared, allow_commands)
    proofs, states = read_proofs(declared.root), []
    with progress(quiet=not check, plain=False) as tell:
        for server in oauth2_servers(declared, servers):
            tell(f"asking {server.host} about {server.server_name}")
            states.append(_state(server, opened, proofs.get(server.server_name), check=check))
    render = states_as_json if report_format is OutputFormat.JSON else states_as_text
    print_text(render(states, now=time.time()), end="")
    return gravest(problem.exit_code for state in states for problem in state.problems)


def _host_status(
    servers: list[str] | None,
    project: Path,
    inventory: Path | None,
    report_format: OutputFormat,
    *,
    check: bool,
) -> int:
    from provisioner.cli.host_status import host_status

    if servers or check:
        raise UsageError(
            f"--hosts and {'--check' if check else 'names of servers'} do not go together",
            remedy="ask for the hosts alone: provisioner status --hosts",
        )
    return host_status(project, inventory, report_format)


def _state(
    server: EmailServer, opened: OpenProject, proof: LastProof | None, *, check: bool
) -> SignInState:
    from provisioner.credentials.expiry import Problem, sign_in_state

    state = sign_in_state(server, opened.secrets, proof, now=time.time())
    if not check or not state.usable or state.tokens is None:
        return state
    try:
        return _checked(server, state, opened)
    except ProvisionerError as error:
        return state.with_problem(Problem.of(error))


def _checked(server: EmailServer, state: SignInState, opened: OpenProject) -> SignInState:
    """The state after the mail server was asked. A token that still lives is not refreshed."""
    from provisioner.cli.mail_server_proof import mail_server_proof
    from provisioner.credentials.expiry import Problem, predict_expiry
    from provisioner.oauth.gates import Proof
    from provisioner.oauth.refreshing import fresh_tokens

    tokens = fresh_tokens(opened.secrets, server, margin_seconds=0, now=time.time())
    provider = opened.secrets.provider(server)
    state = replace(state, tokens=tokens, end=predict_expiry(tokens, provider))
    result = mail_server_proof(server, opened.project)(tokens)
    if result.proof is Proof.ACCEPTED:
        return _noted(state, tokens, opened)
    refused = result.proof is Proof.REFUSED
    said = result.detail if refused else f"not proven: {result.detail}"
    return state.with_problem(Problem(said, result.remedy, ExitCode.FAILURE, blocks=refused))


def _noted(state: SignInState, tokens: TokenSet, opened: OpenProject) -> SignInState:
    """That it cannot be written down makes the proof no worse."""
    from provisioner.credentials.expiry import LastProof, Problem
    from provisioner.deploy.proofs import note_proofs

    proof = LastProof(grant_id=tokens.grant_id, at=int(time.time()))
    proven = replace(state, proof=proof, checked=True)
    try:
        note_proofs(opened.project.root, {state.server_name: proof})
    except ProvisionerError as error:
        said = f"the proof could not be noted: {error.message}"
        return proven.with_problem(Problem(said, error.remedy, error.exit_code, blocks=False))
    return proven
