"""`provisioner authenticate`: one sign-in in the browser for each server."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.callback_options import (
    CallbackCert,
    CallbackKey,
    NoBrowser,
    answering_terminal,
    callback_certificate,
)
from provisioner.cli.ending_signals import ending_signals
from provisioner.cli.options import AllowCommands, ProjectFolder
from provisioner.errors import ExitCode, Interrupted, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from provisioner.cli.vaults import Vaults
    from provisioner.model.email_server import EmailServer, OAuth2Settings
    from provisioner.oauth.callback_certificate import CallbackCertificate
    from provisioner.oauth.gates import Prove
    from provisioner.tokens.token_set import TokenSet

Servers = Annotated[
    list[str], typer.Argument(metavar="SERVER...", help="The server_names.", show_default=False)
]
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


def authenticate(
    servers: Servers,
    port: Port = 0,
    timeout: Timeout = 300,
    no_browser: NoBrowser = False,
    callback_cert: CallbackCert = None,
    callback_key: CallbackKey = None,
    no_smtp_check: NoSmtpCheck = False,
    project: ProjectFolder = Path(),
    allow_commands: AllowCommands = False,
) -> int:
    """Sign in to a server's OAuth2 provider, in the browser, and keep the tokens encrypted.

    Saves only tokens that will serve: with a refresh token, the scope asked for, of the right
    account, and not refused by the mail server. A sign-in that fails leaves the earlier tokens.

    Examples:

      provisioner authenticate Reports

      provisioner authenticate Reports Alerts --no-browser --port 8400 --timeout 600
    """
    from provisioner.cli.vaults import open_vaults
    from provisioner.model.reading import read_project

    declared = read_project(project)
    chosen = [_with_settings(declared.server(name)) for name in servers]
    certificate = callback_certificate(
        callback_cert, callback_key, (settings for _, settings in chosen)
    )
    vaults = open_vaults(declared, allow_commands=allow_commands, create_key=True)
    vaults.store.prepare()
    for server, settings in chosen:
        prove = None if no_smtp_check else _mail_server_proof(server, vaults)
        path = vaults.store.path(server.server_name)
        before = _version(path)
        try:
            with ending_signals() as signals:
                saved = _signed_in(
                    server,
                    settings,
                    vaults,
                    prove,
                    port=port,
                    timeout=timeout,
                    opens_browser=not no_browser,
                    certificate=certificate,
                    check=signals.check,
                )
        except KeyboardInterrupt:
            raise _interrupted(server.server_name, was_saved=_version(path) != before) from None
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
        remedy=f"start again: provisioner authenticate {shlex.quote(name)}",
    )


def _signed_in(
    server: EmailServer,
    settings: OAuth2Settings,
    vaults: Vaults,
    prove: Prove | None,
    *,
    port: int,
    timeout: int,
    opens_browser: bool,
    certificate: CallbackCertificate | None,
    check: Callable[[], None],
) -> TokenSet:
    from provisioner.oauth.sign_in import SignIn
    from provisioner.providers.catalogue import provider_for

    field = f"{server.origin.file}:{server.origin.line}: {server.server_name}: client_secret"
    _tell_of_new_destinations(server, vaults)
    return SignIn(
        server=server,
        settings=settings,
        provider=provider_for(settings.authorization_url, vaults.project.providers),
        client_secret=vaults.resolver.resolve(settings.client_secret, field),
        store=vaults.store,
        prove=prove,
        announce=_announce,
        port=port,
        timeout=timeout,
        opens_browser=opens_browser,
        certificate=certificate,
        terminal=answering_terminal(),
        check=check,
        ca_file=vaults.project.ca_file,
    ).run()


def _tell_of_new_destinations(server: EmailServer, vaults: Vaults) -> None:
    from provisioner.tokens.destinations import changed_destinations

    earlier = vaults.store.load(server.server_name)
    for change in changed_destinations(earlier, server) if earlier else ():
        _announce(f"Note: {server.server_name}: {change}. By signing in you agree.")


def _mail_server_proof(server: EmailServer, vaults: Vaults) -> Prove:
    from provisioner.hosts.account import smtp_account
    from provisioner.hosts.entry import ServerEntry
    from provisioner.mail.session import check_login
    from provisioner.oauth.gates import ProofResult
    from provisioner.oauth.proof import proof_from
    from provisioner.providers.catalogue import provider_for

    provider = provider_for(server.host, vaults.project.providers)

    def prove(tokens: TokenSet) -> ProofResult:
        entry = ServerEntry(server=server, token_set=tokens)
        result = check_login(smtp_account(entry, vaults.project.ca_file))
        return proof_from(result, server.host, provider.name)

    return prove


def _outcome(saved: TokenSet, path: Path) -> str:
    who = f" as {saved.identity}" if saved.identity else ""
    proof = "not yet proven" if saved.unproven else "the mail server accepts the token"
    return f"{saved.server_name}: signed in{who}, {proof}; saved in {path}"


def _announce(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
