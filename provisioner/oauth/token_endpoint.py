"""What a client asks of a token endpoint: exchange, refresh, revoke, and the device flow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.advice.refusal import Stage
from provisioner.oauth.token_answer import TokenAnswer, token_answer, without_what_may_lack
from provisioner.oauth.token_client import Members, Send, TokenClient
from provisioner.oauth.token_session import REQUEST_OPTIONS, Judge
from provisioner.secret import Secret

if TYPE_CHECKING:
    from authlib.integrations.requests_client import OAuth2Session

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenEndpoint(TokenClient):
    """Every method raises TokenRefused for the provider's no and NoTokenAnswer for what is none."""

    def exchange(
        self, code: Secret, *, verifier: Secret, redirect_uri: str, scope: str | None
    ) -> TokenAnswer:
        """Tokens for a code, which is good for one use: RFC 6749 section 4.1.3, RFC 7636."""
        send = self._fetching(
            "authorization_code",
            lambda: {
                "code": code.reveal(),
                "code_verifier": verifier.reveal(),
                "redirect_uri": redirect_uri,
                **_only_if_set(scope=scope),
            },
        )
        with self.faults_in_words(Stage.EXCHANGE):
            found = self.asked(Stage.EXCHANGE, send, repeatable=False)
            return token_answer(*found)

    def refresh(self, refresh_token: Secret, *, scope: str | None) -> TokenAnswer:
        """New tokens for a refresh token; the old refresh token where the answer has none."""

        def send(session: OAuth2Session, _judge: Judge) -> Members:
            members: Members = session.refresh_token(
                self.url,
                refresh_token=refresh_token.reveal(),
                **_only_if_set(scope=scope),
                **REQUEST_OPTIONS,
            )
            return members

        with self.faults_in_words(Stage.REFRESH):
            members, auth_method = self.asked(Stage.REFRESH, send)
            return token_answer(without_what_may_lack(members), auth_method)

    def revoke(self, token: Secret, *, kind: str = "refresh_token") -> None:
        """End a token, of this kind, at a revocation endpoint (RFC 7009)."""

        def send(session: OAuth2Session, judge: Judge) -> Members:
            return judge(
                session.revoke_token(
                    self.url, token=token.reveal(), token_type_hint=kind, **REQUEST_OPTIONS
                )
            )

        with self.faults_in_words(Stage.REVOCATION):
            self.asked(Stage.REVOCATION, send)

    def device_codes(self, *, scope: str) -> tuple[Members, str]:
        """The answer of a device authorization endpoint, and how the client was recognized.

        RFC 8628 section 3.1: the client proves itself here as at the token endpoint.
        """

        def send(session: OAuth2Session, judge: Judge) -> Members:
            form = {"client_id": self.client_id, "scope": scope}
            auth = session.client_auth(session.token_endpoint_auth_method)
            return judge(session.post(self.url, data=form, auth=auth, **REQUEST_OPTIONS))

        with self.faults_in_words(Stage.DEVICE):
            return self.asked(Stage.DEVICE, send)

    def device_tokens(self, device_code: Secret) -> TokenAnswer:
        """Tokens for a device code, once a person has agreed; before that it is refused.

        RFC 8628 section 3.4. Transient passes through: how often to ask is the caller's affair.
        """
        send = self._fetching(DEVICE_GRANT, lambda: {"device_code": device_code.reveal()})
        return token_answer(*self.asked(Stage.DEVICE, send))

    def _fetching(self, grant_type: str, parameters: Callable[[], dict[str, str]]) -> Send:
        def send(session: OAuth2Session, _judge: Judge) -> Members:
            members: Members = session.fetch_token(
                self.url, grant_type=grant_type, **parameters(), **REQUEST_OPTIONS
            )
            return members

        return send


def _only_if_set(**parameters: str | None) -> dict[str, str]:
    return {name: value for name, value in parameters.items() if value}
