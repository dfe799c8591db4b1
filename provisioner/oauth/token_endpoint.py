"""A client's requests to a token endpoint: exchange, refresh, revoke."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provisioner.oauth.endpoint_url import checked_endpoint, is_loopback
from provisioner.oauth.failures import TRANSIENT_ERRORS, Stage, refusal_from
from provisioner.oauth.http_answer import read_answer
from provisioner.oauth.token_answer import TokenAnswer, token_answer
from provisioner.oauth.token_faults import NoTokenAnswer, TokenRefused, Transient, Unusable
from provisioner.oauth.token_session import REQUEST_OPTIONS, Judge, token_session
from provisioner.secret import Secret

if TYPE_CHECKING:
    import requests
    from authlib.integrations.requests_client import OAuth2Session

_LONGEST_PAUSE_SECONDS = 10.0
_OTHER_METHOD = {
    "client_secret_basic": "client_secret_post",
    "client_secret_post": "client_secret_basic",
}

Members = Mapping[str, Any]
_Send = Callable[["OAuth2Session", Judge], Members]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenEndpoint:
    """One client at one endpoint. `field` names its URL in the declared file.

    `auth_method` is tried first and, if the client is not recognized, the other one once.
    Every method raises TokenRefused for the provider's no and NoTokenAnswer for anything else.
    """

    url: str
    field: str
    client_id: str
    client_secret: Secret
    auth_method: str = "client_secret_basic"
    ca_file: Path | None = None
    pauses: tuple[float, ...] = (0.5, 2.0)

    def exchange(
        self, code: Secret, *, verifier: Secret, redirect_uri: str, scope: str | None
    ) -> TokenAnswer:
        """Tokens for a code."""

        def send(session: OAuth2Session, _judge: Judge) -> Members:
            members: Members = session.fetch_token(
                self.url,
                grant_type="authorization_code",
                code=code.reveal(),
                code_verifier=verifier.reveal(),
                redirect_uri=redirect_uri,
                **_only_if_set(scope=scope),
                **REQUEST_OPTIONS,
            )
            return members

        with self._faults_in_words(Stage.EXCHANGE):
            return token_answer(*self._asked(Stage.EXCHANGE, (code, verifier), send))

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

        with self._faults_in_words(Stage.REFRESH):
            return token_answer(*self._asked(Stage.REFRESH, (refresh_token,), send))

    def revoke(self, token: Secret, *, kind: str = "refresh_token") -> None:
        """End a token, of this kind, at a revocation endpoint (RFC 7009)."""

        def send(session: OAuth2Session, judge: Judge) -> Members:
            return judge(
                session.revoke_token(
                    self.url, token=token.reveal(), token_type_hint=kind, **REQUEST_OPTIONS
                )
            )

        with self._faults_in_words(Stage.REVOCATION):
            self._asked(Stage.REVOCATION, (token,), send)

    @contextmanager
    def _faults_in_words(self, stage: Stage) -> Iterator[None]:
        host = checked_endpoint(self.url, self.field)
        try:
            yield
        except Transient as fault:
            raise NoTokenAnswer(
                f"{stage}: {host} {fault.reason}",
                remedy=f"is {self.field} right, and does this machine reach it? Then try again "
                "later; tokens that were stored before are untouched",
            ) from None
        except Unusable as fault:
            raise NoTokenAnswer(
                f"{stage}: {host} {fault.reason}",
                remedy=f"check {self.field} in the declared file; for a private CA set ca_file "
                "in provisioner.yml",
            ) from None

    def _asked(self, stage: Stage, secrets: tuple[Secret, ...], send: _Send) -> tuple[Members, str]:
        """The answer's members, and the way in which the client was recognized."""
        judge = partial(self._judged, stage, secrets)
        try:
            return self._patiently(send, judge, self.auth_method), self.auth_method
        except TokenRefused as first:
            # invalid_request: a server that looks for client_id in the body misses it.
            if first.refusal.error not in ("invalid_client", "invalid_request"):
                raise
            other = _OTHER_METHOD[self.auth_method]
            try:
                return self._patiently(send, judge, other), other
            except TokenRefused:
                raise first from None

    def _patiently(self, send: _Send, judge: Judge, auth_method: str) -> Members:
        for pause in self.pauses:
            try:
                return self._once(send, judge, auth_method)
            except Transient as fault:
                asked = pause if fault.pause is None else fault.pause
                time.sleep(min(asked, _LONGEST_PAUSE_SECONDS))
        return self._once(send, judge, auth_method)

    def _once(self, send: _Send, judge: Judge, auth_method: str) -> Members:
        with token_session(
            self.client_id,
            self.client_secret,
            auth_method=auth_method,
            ca_file=self.ca_file,
            on_this_machine=is_loopback(checked_endpoint(self.url, self.field)),
            judge=judge,
        ) as session:
            return send(session, judge)

    def _judged(
        self, stage: Stage, secrets: tuple[Secret, ...], response: requests.Response
    ) -> Members:
        answer = read_answer(response)
        if "error" in answer.members:
            host = checked_endpoint(self.url, self.field)
            hidden = (self.client_secret, *secrets)
            refusal = refusal_from(answer.members, stage=stage, host=host, secrets=hidden)
            if refusal.error in TRANSIENT_ERRORS:
                raise Transient(f"answered {refusal.error}")
            raise TokenRefused(refusal)
        if not 200 <= answer.status < 300:
            raise Unusable(f"answered HTTP {answer.status} with {answer.content_type}")
        if not answer.members and stage is not Stage.REVOCATION:
            raise Unusable(f"answered with {answer.content_type}, not with tokens in JSON")
        return answer.members


def _only_if_set(**parameters: str | None) -> dict[str, str]:
    return {name: value for name, value in parameters.items() if value}
