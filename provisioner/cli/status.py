"""`provisioner status`: who is signed in, and until when."""

from __future__ import annotations

import sys
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
    from provisioner.cli.vaults import Vaults
    from provisioner.model.email_server import EmailServer
    from provisioner.tokens.sign_in_state import SignInState
    from provisioner.tokens.token_set import TokenSet

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
    from provisioner.cli.progress import progress
    from provisioner.cli.vaults import open_vaults
    from provisioner.model.reading import read_project
    from provisioner.reports.sign_in_states import states_as_json, states_as_text

    declared = read_project(project)
    vaults = open_vaults(declared, allow_commands=allow_commands)
    states = []
    with progress(quiet=not check, plain=False) as tell:
        for server in oauth2_servers(declared, servers):
            tell(f"asking {server.host} about {server.server_name}")
            states.append(_state(server, vaults, check=check))
    render = states_as_json if report_format is OutputFormat.JSON else states_as_text
    sys.stdout.write(render(states, now=time.time()))
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


def _state(server: EmailServer, vaults: Vaults, *, check: bool) -> SignInState:
    from provisioner.tokens.sign_in_state import Problem, sign_in_state

    state = sign_in_state(server, vaults.store, vaults.provider(server), now=time.time())
    if not check or not state.usable or state.tokens is None:
        return state
    try:
        return _checked(server, state, vaults)
    except ProvisionerError as error:
        return state.with_problem(Problem(error.message, error.remedy, error.exit_code))


def _checked(server: EmailServer, state: SignInState, vaults: Vaults) -> SignInState:
    """The state after the mail server was asked. A token that still lives is not refreshed."""
    from provisioner.cli.mail_server_proof import mail_server_proof
    from provisioner.oauth.gates import Proof
    from provisioner.tokens.predicted_end import predicted_end
    from provisioner.tokens.sign_in_state import Problem

    tokens = vaults.live_tokens(server)
    state = replace(state, tokens=tokens, end=predicted_end(tokens, vaults.provider(server)))
    result = mail_server_proof(server, vaults)(tokens)
    if result.proof is Proof.ACCEPTED:
        return _noted(state, tokens, vaults)
    refused = result.proof is Proof.REFUSED
    said = result.detail if refused else f"not proven: {result.detail}"
    return state.with_problem(Problem(said, result.remedy, ExitCode.FAILURE, blocks=refused))


def _noted(state: SignInState, tokens: TokenSet, vaults: Vaults) -> SignInState:
    """That it cannot be written down makes the proof no worse."""
    from provisioner.tokens.proof_record import record_proof
    from provisioner.tokens.sign_in_state import Problem

    now = time.time()
    proven = replace(
        state,
        tokens=replace(tokens, proven_at=int(now), proven_by=None, unproven=None),
        checked=True,
    )
    try:
        record_proof(vaults.store, tokens, at=now)
    except ProvisionerError as error:
        said = f"the proof could not be noted: {error.message}"
        return proven.with_problem(Problem(said, error.remedy, error.exit_code, blocks=False))
    return proven
