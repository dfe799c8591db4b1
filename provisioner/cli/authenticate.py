"""`provisioner authenticate`: one sign-in in the browser for each server."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.options import AllowCommands, ProjectFolder, RequiredServers
from provisioner.errors import ExitCode, Interrupted, UsageError

if TYPE_CHECKING:
    from provisioner.cli.vaults import Vaults
    from provisioner.model.email_server import EmailServer, OAuth2Settings
    from provisioner.model.project import Project
    from provisioner.oauth.gates import Prove
    from provisioner.tokens.token_set import TokenSet

Port = Annotated[
    int,
    typer.Option(
        "--port", min=0, max=65535, help="The callback's port.", show_default="a free one"
    ),
]
Timeout = Annotated[
    int, typer.Option("--timeout", min=1, max=86400, help="Seconds to wait for the browser.")
]
NoSmtpCheck = Annotated[
    bool, typer.Option("--no-smtp-check", help="Save without asking the mail server first.")
]
Card = Annotated[
    bool, typer.Option("--card", help="Print what to register at the provider; do not sign in.")
]


def authenticate(
    servers: RequiredServers,
    port: Port = 0,
    timeout: Timeout = 300,
    no_smtp_check: NoSmtpCheck = False,
    card: Card = False,
    project: ProjectFolder = Path(),
    allow_commands: AllowCommands = False,
) -> int:
    """Sign in to a server's OAuth2 provider, in the browser, and keep the tokens encrypted.

    Saves only tokens that will serve: with a refresh token, the scope asked for, of the right
    account, and not refused by the mail server. A sign-in that fails leaves the earlier tokens.

    Examples:

      provisioner authenticate Reports

      provisioner authenticate Reports Alerts --port 8400 --timeout 600

      provisioner authenticate Reports --card
    """
    from provisioner.cli.mail_server_proof import mail_server_proof
    from provisioner.cli.vaults import open_vaults
    from provisioner.model.reading import read_project

    declared = read_project(project)
    chosen = [_with_settings(declared.server(name)) for name in servers]
    if card:
        return _print_cards(chosen, declared)
    vaults = open_vaults(declared, allow_commands=allow_commands, create_key=True)
    vaults.store.prepare()
    for server, settings in chosen:
        prove = None if no_smtp_check else mail_server_proof(server, vaults)
        try:
            saved = _signed_in(server, settings, vaults, prove, port=port, timeout=timeout)
        except KeyboardInterrupt:
            raise Interrupted(
                f"{server.server_name}: the sign-in was interrupted; nothing was saved",
                remedy=f"start again: provisioner authenticate '{server.server_name}'",
            ) from None
        print(_outcome(saved, vaults.store.path(saved.server_name)), flush=True)
    return ExitCode.DONE


def _with_settings(server: EmailServer) -> tuple[EmailServer, OAuth2Settings]:
    if server.oauth2 is None:
        raise UsageError(
            f"{server.server_name} does not use OAuth2 but {server.smtp_security_level}: "
            "there is nothing to sign in to",
            remedy="name a server with smtp_security_level: oauth2",
        )
    return server, server.oauth2


def _signed_in(
    server: EmailServer,
    settings: OAuth2Settings,
    vaults: Vaults,
    prove: Prove | None,
    *,
    port: int,
    timeout: int,
) -> TokenSet:
    from provisioner.oauth.sign_in import SignIn
    from provisioner.providers.catalogue import provider_for

    _tell_of_card(server, vaults)
    _tell_of_new_destinations(server, vaults)
    return SignIn(
        server=server,
        settings=settings,
        provider=provider_for(settings.authorization_url, vaults.project.providers),
        client_secret=vaults.client_secret(server),
        store=vaults.store,
        prove=prove,
        announce=_announce,
        port=port,
        timeout=timeout,
        ca_file=vaults.project.ca_file,
    ).run()


def _print_cards(chosen: list[tuple[EmailServer, OAuth2Settings]], project: Project) -> ExitCode:
    from provisioner.cli.registration_cards import registration_card

    print("\n".join(registration_card(*one, project) for one in chosen), end="")
    return ExitCode.DONE


def _tell_of_card(server: EmailServer, vaults: Vaults) -> None:
    if not vaults.store.exists(server.server_name):
        name = shlex.quote(server.server_name)
        _announce(f"What to register at the provider first: provisioner authenticate {name} --card")


def _tell_of_new_destinations(server: EmailServer, vaults: Vaults) -> None:
    from provisioner.tokens.destinations import changed_destinations

    earlier = vaults.store.load(server.server_name)
    for change in changed_destinations(earlier, server) if earlier else ():
        _announce(f"Note: {server.server_name}: {change}. By signing in you agree.")


def _outcome(saved: TokenSet, path: Path) -> str:
    who = f" as {saved.identity}" if saved.identity else ""
    proof = "not yet proven" if saved.unproven else "the mail server accepts the token"
    return f"{saved.server_name}: signed in{who}, {proof}; saved in {path}"


def _announce(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
