"""Sign in with a browser: the authorization code grant of RFC 6749 section 4.1, as RFC 8252."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from provisioner.advice.pages import page_error_lines, shown_error
from provisioner.advice.refusal import Stage, refusal_from
from provisioner.errors import ProvisionerError, SignInFailed
from provisioner.oauth.authorization import (
    authorization_url,
    checked_endpoint,
    new_state,
    new_verifier,
)
from provisioner.oauth.callback_page import failed_page, signed_in_page
from provisioner.oauth.callback_server import OTHER_STATE, Callback, CallbackServer
from provisioner.oauth.callback_tls import CallbackCertificate, new_certificate
from provisioner.oauth.checks import check_issuer
from provisioner.oauth.paste import first_answer
from provisioner.oauth.sign_in import Grant, SignInContext
from provisioner.providers.credential_forms import has_form
from provisioner.providers.provider import Provider
from provisioner.providers.registrations import registration_of
from provisioner.secret import Secret
from provisioner.text import redact


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserOptions:
    """`timeout` in seconds. `certificate` is the user's own for a callback with https.

    `terminal` is the descriptor of one where the redirect URL may be pasted. `check` is called
    twice a second during the wait, and may end it by an exception.
    """

    port: int = 0
    timeout: float = 300
    opens_browser: bool = True
    certificate: CallbackCertificate | None = None
    terminal: int | None = None
    check: Callable[[], None] = lambda: None


@contextmanager
def browser_flow(context: SignInContext, options: BrowserOptions) -> Iterator[Grant]:
    """Have a person sign in; the browser waits for the end of `with` and shows how it ended."""
    settings, name = context.settings, context.server.server_name
    checked_endpoint(settings.access_token_url, "access_token_url")
    state, verifier = new_state(), new_verifier()
    certificate = None
    if settings.use_https_on_callback:
        certificate = options.certificate or new_certificate()
    with CallbackServer(
        state, port=options.port, certificate=certificate, announce=context.announce
    ) as callback_server:
        redirect_uri = callback_server.redirect_uri
        url = authorization_url(
            settings,
            context.provider,
            redirect_uri=redirect_uri,
            state=state,
            verifier=verifier,
            account=context.server.user_name,
        )
        for line in _instructions(context, options, url, callback_server):
            context.announce(line)
        if options.opens_browser:
            open_browser(url, context.announce)
        try:
            callback = first_answer(
                callback_server,
                options.timeout,
                terminal=options.terminal,
                announce=context.announce,
                explain=lambda text: shown_error(text, settings, redirect_uri),
                check=options.check,
            )
            if callback is None:
                raise callback_timeout(context, callback_server, options.timeout)
            answer = _exchanged(callback, context, redirect_uri, verifier)
            yield answer
        except ProvisionerError as error:
            callback_server.tell(failed_page(name, error.message, error.remedy))
            raise
        if answer.saved is not None:
            saved = answer.saved
            callback_server.tell(signed_in_page(name, saved.identity, saved.unproven))


def _exchanged(
    callback: Callback, context: SignInContext, redirect_uri: str, verifier: Secret
) -> Grant:
    """Tokens for the code. SignInFailed for an error, or if another issuer names itself."""
    if callback.code is None:
        host = checked_endpoint(context.settings.authorization_url, "authorization_url")
        raise context.refused(refusal_from(callback.error, stage=Stage.CALLBACK, host=host))
    code, scope = callback.code, context.settings.scope_for_token
    issuer = callback.issuer and redact(callback.issuer, pieces=False)
    check_issuer(issuer, context.server, context.provider)
    with context.failures_in_words():
        response = context.token_endpoint().exchange(
            code, verifier=verifier, redirect_uri=redirect_uri, scope=scope
        )
    return Grant(response, issuer)


def _instructions(
    context: SignInContext, options: BrowserOptions, url: str, callback_server: CallbackServer
) -> Iterator[str]:
    """Lines for the terminal; the address holds the state and the challenge, and no secret."""
    account = context.settings.login_hint or context.server.user_name
    who = f" as {account}" if account else ""
    if has_form(context.client_secret.reveal(), context.provider.client_secret_id_form):
        yield (
            f"Warning: {context.server.where('oauth2.client_secret')}: this looks like the ID of "
            "the client secret, not like its value, which is shown only once"
        )
    yield f"{context.server.server_name}: sign in{who} in the browser:"
    yield f"  {url}"
    certificate = callback_server.certificate
    if certificate and certificate.is_own:
        yield f"The callback uses your certificate (SHA-256 fingerprint {certificate.fingerprint})."
    elif certificate:
        yield (
            "The browser will warn about the certificate of the callback, which was made for this "
            "sign-in. "
            f"Accept it if its SHA-256 fingerprint is {certificate.fingerprint}"
        )
    if not options.opens_browser:
        yield "If that browser runs on another machine, run this there first:"
        yield f"  {tunnel(callback_server.port)}"
    if options.terminal is not None:
        yield (
            "Or paste the final address of the browser here, even if the page did not load, and "
            "press Enter. The input is hidden. An error that the page shows can be pasted, too."
        )
    redirect_uri = callback_server.redirect_uri
    yield f"Waiting at {redirect_uri} for up to {options.timeout:g} s; press Ctrl-C to cancel."


def tunnel(port: int) -> str:
    return f"ssh -L {port}:localhost:{port} {socket.gethostname()}"


def open_browser(url: str, announce: Callable[[str], None]) -> None:
    """Open the URL as `webbrowser` does, so that BROWSER works; `announce` why none opened.

    In a thread: a browser on a terminal, or a script in BROWSER, comes back only when it has
    shown the page - and that waits for us.
    """

    def run() -> None:
        why = _no_browser(url)
        if why:
            announce(f"No browser was opened ({why}): open the address by hand.")

    threading.Thread(target=run, daemon=True).start()


def _no_browser(url: str) -> str:
    """Open the URL; why that failed, if it did.

    Without a display `webbrowser` takes a browser of the terminal, which would fight us for the
    terminal, and in which no provider's page works.
    """
    import webbrowser

    is_desktop = sys.platform in ("darwin", "win32", "cygwin")
    if not is_desktop and not any(
        os.environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")
    ):
        return "there is no desktop here and BROWSER is not set"
    try:
        if webbrowser.open(url):
            return ""
    except (webbrowser.Error, OSError):
        pass
    return "the program in BROWSER failed" if os.environ.get("BROWSER") else "none was found"


def callback_timeout(
    context: SignInContext, callback_server: CallbackServer, seconds: float
) -> SignInFailed:
    """Why no answer may have come. Several errors of providers never leave the browser."""
    provider, redirect_uri = context.provider, callback_server.redirect_uri
    lines = [
        *_ignored_lines(callback_server),
        _redirect_uri_to_register(provider, callback_server),
        *([f"  {provider.console_url}"] if provider.console_url else []),
        "If the browser runs on another machine, its localhost is not this one. Run there first, "
        f"with --port {callback_server.port} here:",
        f"  {tunnel(callback_server.port)}",
        "or paste the final address of the browser into the terminal of the sign-in.",
        f"If the browser shows an error of {provider.label}, look for its words here:",
        *page_error_lines(provider, context.settings, redirect_uri),
    ]
    return SignInFailed(
        f"{context.server.where()}: no response at {redirect_uri} within {seconds:g} s",
        remedy="\n".join(lines),
    )


def _redirect_uri_to_register(provider: Provider, callback_server: CallbackServer) -> str:
    registration = registration_of(provider)
    if registration.any_port:
        without_port = callback_server.redirect_uri.rpartition(":")[0]
        return f"The redirect URI to register is {without_port}, {registration.redirect_note}."
    return (
        f"The redirect URI to register is exactly {callback_server.redirect_uri}; if the provider "
        "accepts any port of localhost, without the port; else keep it with --port "
        f"{callback_server.port}."
    )


def _ignored_lines(callback_server: CallbackServer) -> Iterator[str]:
    ignored = callback_server.ignored_requests
    if not ignored:
        yield "No request was received."
        return
    counts = ", ".join(f"{count} x {reason}" for reason, count in ignored.most_common())
    yield f"Only other requests were received: {counts}."
    if ignored[callback_server.wrong_scheme]:
        yield (
            f"- a browser connected with {callback_server.wrong_scheme}: use_https_on_callback "
            "and the registered address must match"
        )
    if ignored[OTHER_STATE]:
        yield "- the callback of another sign-in was ignored (an old browser tab?)"
