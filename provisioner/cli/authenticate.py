"""`provisioner authenticate`: one sign-in in the browser for each server."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.ansible.signals import raise_if_ended
from provisioner.cli.app import print_error
from provisioner.cli.callback_options import (
    CallbackCert,
    CallbackKey,
    NoBrowser,
    callback_certificate,
)
from provisioner.cli.options import (
    AcceptDestination,
    AllowCommands,
    ProjectFolder,
    RequiredServers,
)
from provisioner.cli.output import print_text
from provisioner.cli.sign_in_way import SignInWay
from provisioner.errors import ExitCode, Interrupted, ProvisionerError, UsageError, gravest
from provisioner.git import checkout_of
from provisioner.text import COMMIT_HINT, proposed_command

if TYPE_CHECKING:
    from provisioner.credentials.project_secrets import OpenProject
    from provisioner.credentials.store import TokenSet
    from provisioner.model.email_server import EmailServer, OAuth2Settings
    from provisioner.model.project import Project
    from provisioner.oauth.checks import CheckLogin

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
SelectAccount = Annotated[
    bool,
    typer.Option("--select-account", help="Let the browser offer a choice of accounts this time."),
]
Device = Annotated[
    bool,
    typer.Option("--device", help="Print a code to enter in a browser on any machine (RFC 8628)."),
]
Card = Annotated[
    bool, typer.Option("--card", help="Print what to register at the provider; do not sign in.")
]


def authenticate(
    servers: RequiredServers,
    port: Port = 0,
    timeout: Timeout = 300,
    no_browser: NoBrowser = False,
    callback_cert: CallbackCert = None,
    callback_key: CallbackKey = None,
    no_smtp_check: NoSmtpCheck = False,
    select_account: SelectAccount = False,
    device: Device = False,
    card: Card = False,
    project: ProjectFolder = Path(),
    allow_commands: AllowCommands = False,
    accept_destination: AcceptDestination = None,
) -> int:
    """Sign in to a server's OAuth2 provider, in the browser, and keep the tokens encrypted.

    Saves only tokens that will serve: with a refresh token, the scope asked for, of the right
    account, and not refused by the mail server. A sign-in that fails leaves the earlier tokens.

    Examples:

      provisioner authenticate Reports

      provisioner authenticate Reports Alerts --no-browser --port 8400 --timeout 600

      provisioner authenticate Reports --card
    """
    from provisioner.cli.opening import open_declared
    from provisioner.model.reading import read_project

    declared = read_project(project)
    chosen = [_with_settings(declared.server(name)) for name in servers]
    if card:
        return _print_cards(chosen, declared, port)
    way = SignInWay(
        port=port,
        timeout=timeout,
        opens_browser=not no_browser,
        certificate=callback_certificate(
            callback_cert, callback_key, (settings for _, settings in chosen)
        ),
        select_account=select_account,
        device=device,
    )
    opened = open_declared(declared, allow_commands, accept_destination)
    opened.secrets.making_key()
    opened.store.prepare()
    return gravest(_code(one, opened, way, no_smtp_check=no_smtp_check) for one in chosen)


def _code(
    one: tuple[EmailServer, OAuth2Settings],
    opened: OpenProject,
    way: SignInWay,
    *,
    no_smtp_check: bool,
) -> ExitCode:
    """What became of one server; its errors are printed here, so that the next gets its turn."""
    from provisioner.cli.mail_server_proof import mail_server_proof

    server, settings = one
    check_login = None if no_smtp_check else mail_server_proof(server, opened.project)
    path = opened.store.path(server.server_name)
    before = _version(path)
    try:
        saved = _signed_in(server, settings, opened, check_login, way)
    except KeyboardInterrupt:
        raise _interrupted(server.server_name, was_saved=_version(path) != before) from None
    except Interrupted:
        raise
    except ProvisionerError as error:
        print_error(error.message, error.remedy)
        return error.exit_code
    hint = COMMIT_HINT if checkout_of(opened.project.root) else ""
    print_text(_outcome(server.server_name, saved, path) + hint)
    return ExitCode.DONE


def _with_settings(server: EmailServer) -> tuple[EmailServer, OAuth2Settings]:
    if server.oauth2 is None:
        raise UsageError(
            f"{server.server_name} does not use OAuth2 but {server.smtp_security_level}: "
            "there is nothing to sign in to",
            remedy="name a server with smtp_security_level: oauth2",
        )
    return server, server.oauth2


def _version(path: Path) -> tuple[int, int] | None:
    """Changes when the file is replaced."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns


def _interrupted(name: str, *, was_saved: bool) -> Interrupted:
    if was_saved:
        return Interrupted(
            f"{name}: interrupted when the tokens were saved already",
            remedy="see what is there: provisioner status",
        )
    return Interrupted(
        f"{name}: the sign-in was interrupted; nothing was saved",
        remedy=f"start again: {proposed_command('authenticate', name)}",
    )


def _signed_in(
    server: EmailServer,
    settings: OAuth2Settings,
    opened: OpenProject,
    check_login: CheckLogin | None,
    way: SignInWay,
) -> TokenSet:
    from provisioner.providers.catalogue import provider_for

    secrets = opened.secrets
    client_secret = secrets.sign_in_secret(server, _announce)
    holder = _holder(server, opened)
    _tell_of_card(server, opened)
    saved = way.signed_in(
        server=server,
        settings=settings,
        provider=provider_for(settings.authorization_url, opened.project.providers),
        client_secret=client_secret,
        secrets=secrets,
        check_login=check_login,
        announce=_announce,
        check=raise_if_ended,
        ca_file=opened.project.ca_file,
    )
    if holder is not None:
        _announce(
            f"{holder} still holds the token that was handed over before; "
            f"the next push gives it this one: {proposed_command('push', server.server_name)}"
        )
    return saved


def _holder(server: EmailServer, opened: OpenProject) -> str | None:
    """The host that has the tokens which a new sign-in replaces here. Those may be unreadable."""
    with suppress(ProvisionerError):
        return opened.secrets.stored_tokens(server).handed_over_to
    return None


def _print_cards(
    chosen: list[tuple[EmailServer, OAuth2Settings]], project: Project, port: int
) -> ExitCode:
    from provisioner.cli.registration_cards import registration_card

    cards = [registration_card(*one, project, port=port) for one in chosen]
    print_text("\n".join(cards), end="")
    return ExitCode.DONE


def _tell_of_card(server: EmailServer, opened: OpenProject) -> None:
    if not opened.store.exists(server.server_name):
        card = proposed_command("authenticate", server.server_name, "--card")
        _announce(f"What to register at the provider first: {card}")


def _outcome(name: str, saved: TokenSet, path: Path) -> str:
    who = f" as {saved.identity}" if saved.identity else ""
    proof = "not yet proven" if saved.unproven else "the mail server accepts the token"
    return f"{name}: signed in{who}, {proof}; saved in {path}"


def _announce(line: str) -> None:
    print_text(line, file=sys.stderr)
