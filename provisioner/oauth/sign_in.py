"""One sign-in of one server: browser, answer, exchange, gates, save. All of it, or nothing."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from provisioner.errors import ProvisionerError, SignInFailed
from provisioner.model.email_server import EmailServer, OAuth2Settings
from provisioner.oauth.authorization import authorization_request, new_state
from provisioner.oauth.browser import open_browser
from provisioner.oauth.callback_page import failed_page, signed_in_page
from provisioner.oauth.callback_request import Callback
from provisioner.oauth.endpoint_url import checked_endpoint
from provisioner.oauth.failures import Stage, refusal_from
from provisioner.oauth.gates import (
    Proof,
    ProofResult,
    Prove,
    check_identity,
    check_issuer,
    check_token_issuer,
    granted_refresh_token,
    granted_scope,
)
from provisioner.oauth.identity import identity_from
from provisioner.oauth.listener import CallbackListener
from provisioner.oauth.time_out import nobody_came
from provisioner.oauth.token_answer import TokenAnswer
from provisioner.oauth.token_endpoint import TokenEndpoint
from provisioner.oauth.token_faults import NoTokenAnswer, TokenRefused
from provisioner.providers.provider import Provider
from provisioner.secret import Secret
from provisioner.tokens.store import TokenStore
from provisioner.tokens.token_set import TokenSet


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """What a sign-in needs. `prove` None leaves the SMTP check out; times are seconds.

    `announce` gets lines for the person who waits; none of them holds a secret.
    """

    server: EmailServer
    settings: OAuth2Settings
    provider: Provider
    client_secret: Secret
    store: TokenStore
    prove: Prove | None
    announce: Callable[[str], None]
    port: int = 0
    timeout: float = 300
    ca_file: Path | None = None
    now: Callable[[], float] = field(default=time.time)

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
                saved = self._saved(self._granted(callback, request.verifier, listener))
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
            raise SignInFailed(self._named(refusal.message()), remedy=refusal.remedy())
        check_issuer(callback.issuer, self.provider, self.settings)
        return callback

    def _granted(
        self, callback: Callback, verifier: Secret, listener: CallbackListener
    ) -> TokenSet:
        """Exchange, then every gate."""
        assert callback.code is not None  # noqa: S101  without an error there is one
        answer = self._exchanged(callback.code, verifier, listener.redirect_uri)
        refresh_token = granted_refresh_token(answer, self.server, self.provider)
        scope = granted_scope(answer, self.server, self.settings)
        now = int(self.now())
        identity = identity_from(
            answer.id_token,
            self.provider.identity_claims,
            client_id=self.settings.client_id,
            now=now,
        )
        check_token_issuer(identity, callback.issuer, self.provider)
        check_identity(identity, self.server, self.settings)
        return self._proven(
            TokenSet(
                server_name=self.server.server_name,
                grant_id=str(uuid.uuid4()),
                access_token=answer.access_token,
                refresh_token=refresh_token,
                expires_at=answer.expires_at(now),
                scope=scope,
                identity=identity.name,
                issuer=identity.issuer or callback.issuer,
                client_id=self.settings.client_id,
                token_endpoint=self.settings.access_token_url,
                refresh_endpoint=self.settings.refresh_token_url,
                smtp_host=self.server.host,
                token_endpoint_auth_method=answer.auth_method,
                obtained_at=now,
                refreshed_at=now,
                refresh_token_expires_at=answer.refresh_token_expires_at(now),
            )
        )

    def _exchanged(self, code: Secret, verifier: Secret, redirect_uri: str) -> TokenAnswer:
        endpoint = TokenEndpoint(
            url=self.settings.access_token_url,
            field="access_token_url",
            client_id=self.settings.client_id,
            client_secret=self.client_secret,
            auth_method=self.provider.first_auth_method,
            ca_file=self.ca_file,
        )
        try:
            return endpoint.exchange(
                code,
                verifier=verifier,
                redirect_uri=redirect_uri,
                scope=self.settings.scope_for_token,
            )
        except TokenRefused as error:
            refusal = error.refusal
            raise SignInFailed(self._named(refusal.message()), remedy=refusal.remedy()) from None
        except NoTokenAnswer as error:
            raise SignInFailed(self._named(error.message), remedy=error.remedy) from None

    def _proven(self, token_set: TokenSet) -> TokenSet:
        """The last gate: the mail server. Only its plain refusal fails."""
        if self.prove is None:
            return replace(token_set, unproven="the SMTP check was left out")
        result = self.prove(token_set)
        if result.proof is Proof.REFUSED:
            raise SignInFailed(self._named(result.detail), remedy=self._remedy(token_set, result))
        if result.proof is Proof.UNPROVEN:
            self.announce(f"Warning: {self.server.server_name}: not yet proven: {result.detail}")
            self.announce(f"  {result.remedy}")
            return replace(token_set, unproven=result.detail)
        return replace(token_set, proven_at=int(self.now()))

    def _remedy(self, token_set: TokenSet, refused: ProofResult) -> str:
        account = self.server.mailbox
        if token_set.identity is not None or account is None:
            return refused.remedy
        return (
            f"did somebody else than {account} sign in? The provider does not say who it was: try "
            f"a private window, or prompt: select_account. Else: {refused.remedy}"
        )

    def _saved(self, token_set: TokenSet) -> TokenSet:
        with self.store.locked(self.server.server_name) as entry:
            entry.save(token_set)
        return token_set

    def _named(self, message: str) -> str:
        origin = self.server.origin
        return f"{origin.file}:{origin.line}: {self.server.server_name}: {message}"
