"""One sign-in of one server in the browser: invitation, answer, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from provisioner.advice.refusal import Stage, refusal_from
from provisioner.credentials.store import TokenSet
from provisioner.errors import ProvisionerError
from provisioner.oauth.acceptance import Acceptance, Ask
from provisioner.oauth.answer_race import first_answer, stray_line
from provisioner.oauth.authorization import (
    authorization_request,
    checked_endpoint,
    new_state,
)
from provisioner.oauth.browser import open_browser
from provisioner.oauth.callback_certificate import CallbackCertificate, new_certificate
from provisioner.oauth.callback_page import failed_page, signed_in_page
from provisioner.oauth.callback_request import Callback
from provisioner.oauth.checks import check_issuer
from provisioner.oauth.invitation import Invitation
from provisioner.oauth.listener import CallbackListener
from provisioner.oauth.time_out import nobody_came
from provisioner.secret import Secret
from provisioner.text import redact


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn(Acceptance):
    """A sign-in with an authorization code that comes to the loopback, or is pasted.

    `timeout` in seconds. `certificate` is the user's own for a callback with https. `terminal` is
    the descriptor of one where the redirect URL may be pasted. `check` is called twice a second
    while it waits, and may end that by an exception.
    """

    port: int = 0
    timeout: float = 300
    opens_browser: bool = True
    certificate: CallbackCertificate | None = None
    terminal: int | None = None
    check: Callable[[], None] = lambda: None

    def run(self) -> TokenSet:
        """Sign in and save. SignInFailed leaves the old tokens as they were."""
        checked_endpoint(self.settings.access_token_url, "access_token_url")
        state = new_state()
        with self._listener(state) as listener:
            request = authorization_request(
                self.settings,
                self.provider,
                redirect_uri=listener.redirect_uri,
                state=state,
                account=self.server.user_name,
            )
            self._invite(request.url, listener)
            try:
                callback = self._answered(listener, state)
                exchange = self._exchange(callback, request.verifier, listener.redirect_uri)
                saved = self.accepted(exchange, issuer=callback.issuer)
            except ProvisionerError as error:
                name = self.server.server_name
                listener.tell(failed_page(name, error.message, error.remedy))
                raise
            name = self.server.server_name
            listener.tell(signed_in_page(name, saved.identity, saved.unproven))
            return saved

    def _listener(self, state: Secret) -> CallbackListener:
        https = self.settings.use_https_on_callback
        certificate = (self.certificate or new_certificate()) if https else None
        return CallbackListener(
            state, port=self.port, certificate=certificate, noticed=self._notice
        )

    def _invite(self, url: str, listener: CallbackListener) -> None:
        invitation = Invitation(
            server=self.server,
            settings=self.settings,
            url=url,
            redirect_uri=listener.redirect_uri,
            certificate=listener.certificate,
            seconds=self.timeout,
            opens_browser=self.opens_browser,
            takes_paste=self.terminal is not None,
        )
        for line in invitation.lines():
            self.announce(line)
        if self.opens_browser:
            open_browser(url, self._no_browser)

    def _no_browser(self, why: str) -> None:
        self.announce(f"No browser opened, {why}: open the address by hand.")

    def _notice(self, reason: str, redirect_uri: str) -> None:
        line = stray_line(reason, redirect_uri)
        if line:
            self.announce(line)

    def _answered(self, listener: CallbackListener, state: Secret) -> Callback:
        callback = first_answer(
            listener,
            seconds=self.timeout,
            state=state,
            settings=self.settings,
            terminal=self.terminal,
            announce=self.announce,
            check=self.check,
        )
        if callback is None:
            raise nobody_came(
                listener,
                self.timeout,
                where=self._named(""),
                provider=self.provider,
                settings=self.settings,
            )
        if callback.error:
            host = checked_endpoint(self.settings.authorization_url, "authorization_url")
            raise self._refused(refusal_from(callback.error, stage=Stage.CALLBACK, host=host))
        issuer = callback.issuer and redact(callback.issuer, pieces=False)
        check_issuer(issuer, self.server, self.provider)
        return callback

    def _exchange(self, callback: Callback, verifier: Secret, redirect_uri: str) -> Ask:
        code = callback.code
        assert code is not None  # noqa: S101  without an error there is one
        scope = self.settings.scope_for_token
        return lambda endpoint: endpoint.exchange(
            code, verifier=verifier, redirect_uri=redirect_uri, scope=scope
        )
