"""One sign-in of one server in the browser: invitation, answer, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.errors import ProvisionerError
from provisioner.oauth.acceptance import Acceptance, Ask
from provisioner.oauth.authorization import authorization_request, new_state
from provisioner.oauth.browser import open_browser
from provisioner.oauth.callback_page import failed_page, signed_in_page
from provisioner.oauth.callback_request import Callback
from provisioner.oauth.endpoint_url import checked_endpoint
from provisioner.oauth.failures import Stage, refusal_from
from provisioner.oauth.issuer import check_issuer
from provisioner.oauth.listener import CallbackListener
from provisioner.oauth.time_out import nobody_came
from provisioner.secret import Secret
from provisioner.tokens.token_set import TokenSet


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn(Acceptance):
    """A sign-in with an authorization code that comes to the loopback. `timeout` in seconds."""

    port: int = 0
    timeout: float = 300

    def run(self) -> TokenSet:
        """Sign in and save. SignInFailed leaves the old tokens as they were."""
        checked_endpoint(self.settings.access_token_url, "access_token_url")
        state = new_state()
        https = self.settings.use_https_on_callback
        with CallbackListener(state, port=self.port, https=https) as listener:
            request = authorization_request(
                self.settings,
                self.provider,
                redirect_uri=listener.redirect_uri,
                state=state,
                account=self.server.user_name,
            )
            self._invite(request.url, listener)
            try:
                callback = self._answered(listener)
                exchange = self._exchange(callback, request.verifier, listener.redirect_uri)
                saved = self.accepted(exchange, issuer=callback.issuer)
            except ProvisionerError as error:
                name = self.server.server_name
                listener.tell(failed_page(name, error.message, error.remedy))
                raise
            listener.tell(signed_in_page(saved.server_name, saved.identity, saved.unproven))
            return saved

    def _invite(self, url: str, listener: CallbackListener) -> None:
        account = self.settings.login_hint or self.server.user_name
        name = self.server.server_name
        self.announce(f"{name}: sign in{f' as {account}' if account else ''} in the browser:")
        self.announce(f"  {url}")
        if listener.fingerprint:
            self.announce(
                "The browser will warn of the callback's certificate, which was made for this "
                f"sign-in. Accept it if its SHA-256 fingerprint is {listener.fingerprint}"
            )
        self.announce(
            f"Waiting at {listener.redirect_uri} for up to {self.timeout:g} s; Ctrl-C ends it."
        )
        open_browser(url, lambda: self.announce("No browser opened: open the address by hand."))

    def _answered(self, listener: CallbackListener) -> Callback:
        callback = listener.wait(self.timeout)
        if callback is None:
            raise nobody_came(listener, self.timeout, where=self._named(""))
        if callback.error:
            host = checked_endpoint(self.settings.authorization_url, "authorization_url")
            secrets = (self.client_secret,)
            refusal = refusal_from(callback.error, stage=Stage.CALLBACK, host=host, secrets=secrets)
            raise self._refused(refusal)
        check_issuer(callback.issuer, self.provider, self.server, self.settings)
        return callback

    def _exchange(self, callback: Callback, verifier: Secret, redirect_uri: str) -> Ask:
        code = callback.code
        assert code is not None  # noqa: S101  without an error there is one
        scope = self.settings.scope_for_token
        return lambda endpoint: endpoint.exchange(
            code, verifier=verifier, redirect_uri=redirect_uri, scope=scope
        )
