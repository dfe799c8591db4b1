"""`provisioner authenticate`: one sign-in in the browser for each server."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.ansible.signals import raise_if_ended
from provisioner.cli.app import print_error
from provisioner.cli.options import ProjectOptions, RequiredServers
from provisioner.cli.output import print_note, print_text
from provisioner.errors import ExitCode, Interrupted, ProvisionerError, UsageError, gravest
from provisioner.git import checkout_of
from provisioner.text import COMMIT_HINT, proposed_command

if TYPE_CHECKING:
    from provisioner.credentials.project_secrets import OpenProject
    from provisioner.credentials.store import TokenSet
    from provisioner.model.email_server import EmailServer
    from provisioner.model.project import Project
    from provisioner.oauth.callback_tls import CallbackCertificate
    from provisioner.oauth.sign_in import Grant, SignInContext

    Way = Callable[[SignInContext], AbstractContextManager[Grant]]

Port = Annotated[
    int,
    typer.Option(
        "--port", min=0, max=65535, help="The callback's port.", show_default="a free one"
    ),
]
Timeout = Annotated[
    int, typer.Option("--timeout", min=1, max=86400, help="Seconds to wait for the browser.")
]
NoBrowser = Annotated[
    bool, typer.Option("--no-browser", help="Print the address only; open it where you like.")
]
CallbackCert = Annotated[
    Path | None,
    typer.Option(
        "--callback-cert",
        metavar="FILE",
        help="Your own certificate (PEM, for localhost) for a callback with https.",
        show_default="one made for the sign-in",
    ),
]
CallbackKey = Annotated[
    Path | None,
    typer.Option(
        "--callback-key",
        metavar="FILE",
        help="The private key of --callback-cert (PEM).",
        show_default=False,
    ),
]
NoSmtpCheck = Annotated[
    bool,
    typer.Option(
        "--no-smtp-check", help="Save the tokens without a test sign-in at the mail server."
    ),
]
SelectAccount = Annotated[
    bool,
    typer.Option("--select-account", help="Let the provider offer a choice of accounts."),
]
Device = Annotated[
    bool,
    typer.Option("--device", help="Print a code to enter in a browser on any machine (RFC 8628)."),
]
Card = Annotated[
    bool, typer.Option("--card", help="Print what to register at the provider; do not sign in.")
]


def authenticate(
    options: ProjectOptions,
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
) -> int:
    """Sign in to a server's OAuth2 provider in the browser, and save the tokens encrypted.

    Saves tokens only if they include a refresh token and the requested scope, belong to the right
    account, and are not rejected by the mail server. A failed sign-in keeps the earlier tokens.

    Examples:

      provisioner authenticate Reports

      provisioner authenticate Reports Alerts --no-browser --port 8400 --timeout 600

      provisioner authenticate Reports --card
    """
    declared = options.read()
    chosen = declared.oauth2_servers(servers)
    if card:
        return _print_cards(chosen, declared, port)
    own = _callback_certificate(callback_cert, callback_key, chosen)
    if device:
        _refuse_with_device(
            port=port, no_browser=no_browser, callback_cert=own, select_account=select_account
        )

    def way(context: SignInContext) -> AbstractContextManager[Grant]:
        if device:
            from provisioner.oauth.device_flow import device_flow

            return device_flow(context, timeout)
        from provisioner.oauth.browser_flow import BrowserOptions, browser_flow

        options = BrowserOptions(
            port=port,
            timeout=timeout,
            opens_browser=not no_browser,
            certificate=own,
            terminal=_answering_terminal(),
            check=raise_if_ended,
        )
        return browser_flow(context, options)

    opened = options.open(declared)
    opened.secrets.making_key()
    opened.store.prepare()
    sign_in = partial(
        _signed_in, opened=opened, way=way, asks_account=select_account, no_smtp_check=no_smtp_check
    )
    return gravest(_code(server, opened, sign_in) for server in chosen)


def _callback_certificate(
    certificate: Path | None, key: Path | None, servers: Iterable[EmailServer]
) -> CallbackCertificate | None:
    """The user's own certificate, if it was given and is of use."""
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        raise UsageError(
            "--callback-cert and --callback-key go together", remedy="give both, or neither"
        )
    if not any(s.oauth2 and s.oauth2.use_https_on_callback for s in servers):
        raise UsageError(
            "a certificate was given, but the callback has no https",
            remedy="set use_https_on_callback: true, or leave --callback-cert out",
        )
    from provisioner.oauth.callback_tls import own_certificate

    return own_certificate(certificate, key)


def _answering_terminal() -> int | None:
    """The descriptor of a terminal on standard input where somebody can paste; None without."""
    from provisioner.oauth.paste import is_promptable

    try:
        descriptor = sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):  # there is no standard input
        return None
    return descriptor if is_promptable(descriptor) else None


def _refuse_with_device(**browsers: object) -> None:
    """With a code to enter no browser is opened from here, and nothing listens."""
    for name, given in browsers.items():
        if given:
            raise UsageError(
                f"--device and --{name.replace('_', '-')} do not go together: with a code to enter "
                "no browser is opened from here",
                remedy="leave one of them out",
            )


def _code(
    server: EmailServer, opened: OpenProject, sign_in: Callable[[EmailServer], TokenSet]
) -> ExitCode:
    """What became of one server; its errors are printed here, so that the next gets its turn."""
    name, path = server.server_name, opened.store.path(server.server_name)
    before = _version(path)
    try:
        saved = sign_in(server)
    except KeyboardInterrupt:
        raise _interrupted(name, was_saved=_version(path) != before) from None
    except Interrupted:
        raise
    except ProvisionerError as error:
        print_error(error.message, error.remedy)
        return error.exit_code
    hint = COMMIT_HINT if checkout_of(opened.project.root) else ""
    print_text(_outcome(name, saved, path) + hint)
    return ExitCode.DONE


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
    server: EmailServer, *, opened: OpenProject, way: Way, asks_account: bool, no_smtp_check: bool
) -> TokenSet:
    from provisioner.oauth.authorization import select_account
    from provisioner.oauth.checks import mail_server_proof
    from provisioner.oauth.sign_in import SignInContext, sign_in
    from provisioner.providers.catalogue import provider_for

    assert server.oauth2 is not None  # noqa: S101  `oauth2_servers` chose it
    secrets = opened.secrets
    client_secret = secrets.sign_in_secret(server, print_note)
    holder = _holder(server, opened)
    _tell_of_card(server, opened)
    provider = provider_for(server.oauth2.authorization_url, opened.project.providers)
    if asks_account:
        server = replace(server, oauth2=select_account(server.oauth2, provider))
    context = SignInContext(
        server=server,
        provider=provider,
        client_secret=client_secret,
        secrets=secrets,
        check_login=None if no_smtp_check else mail_server_proof(server, opened.project),
        announce=print_note,
    )
    saved = sign_in(way(context), context)
    if holder is not None:
        print_note(
            f"{holder} still holds the token that was handed over before; "
            f"the next push gives it this one: {proposed_command('push', server.server_name)}"
        )
    return saved


def _holder(server: EmailServer, opened: OpenProject) -> str | None:
    """The host that has the tokens which a new sign-in replaces here. Those may be unreadable."""
    with suppress(ProvisionerError):
        return opened.secrets.stored_tokens(server).handed_over_to
    return None


def _print_cards(chosen: list[EmailServer], project: Project, port: int) -> ExitCode:
    from provisioner.reports.registration_card import registration_card

    cards = [registration_card(server, project, port=port) for server in chosen]
    print_text("\n".join(cards), end="")
    return ExitCode.DONE


def _tell_of_card(server: EmailServer, opened: OpenProject) -> None:
    if not opened.store.exists(server.server_name):
        card = proposed_command("authenticate", server.server_name, "--card")
        print_note(f"To print the values to register at the provider first: {card}")


def _outcome(name: str, saved: TokenSet, path: Path) -> str:
    who = f" as {saved.identity}" if saved.identity else ""
    proof = "not verified yet" if saved.unproven else "the mail server accepts the token"
    return f"{name}: signed in{who}, {proof}; saved in {path}"
