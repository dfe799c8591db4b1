"""A client's requests to one endpoint: how it proves itself, its patience, its judgement."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provisioner.oauth.authorization import checked_endpoint
from provisioner.oauth.failures import TRANSIENT_ERRORS, Refusal, Stage, refusal_from
from provisioner.oauth.http_answer import HttpAnswer, read_answer
from provisioner.oauth.token_faults import NoTokenAnswer, TokenRefused, Transient, Unusable
from provisioner.oauth.token_session import Judge, token_session
from provisioner.oauth.wire import Wire
from provisioner.providers.catalogue import is_loopback
from provisioner.secret import Secret
from provisioner.text import foreign

if TYPE_CHECKING:
    import requests
    from authlib.integrations.requests_client import OAuth2Session

_LONGEST_PAUSE_SECONDS = 10.0
_OTHER_METHOD = {
    "client_secret_basic": "client_secret_post",
    "client_secret_post": "client_secret_basic",
}

Members = Mapping[str, Any]
Send = Callable[["OAuth2Session", Judge], Members]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenClient:
    """One client at one endpoint. `field` names its URL in the declared file.

    `auth_method` is tried first and, if the client is not recognized, the other one once.
    `seconds` bound a request from the name lookup to its answer's last byte; `pauses` lie between
    the attempts.
    """

    url: str
    field: str
    client_id: str
    client_secret: Secret
    auth_method: str = "client_secret_basic"
    ca_file: Path | None = None
    pauses: tuple[float, ...] = (0.5, 2.0)
    seconds: float = 30.0

    @contextmanager
    def faults_in_words(self, stage: Stage) -> Iterator[None]:
        """Whatever is no answer becomes NoTokenAnswer."""
        host = checked_endpoint(self.url, self.field)
        try:
            yield
        except Transient as fault:
            if fault.refusal is not None:
                said = fault.refusal
                kept = "Tokens that were stored before are untouched."
                raise NoTokenAnswer(said.message(), remedy=f"{said.remedy()}\n  {kept}") from None
            later = f"in {fault.pause:.0f} s, as it asks" if fault.pause else "later"
            raise NoTokenAnswer(
                f"{stage}: {host} {fault.reason}",
                remedy=f"is {self.field} right, and does this machine reach it? Then try again "
                f"{later}; tokens that were stored before are untouched",
            ) from None
        except Unusable as fault:
            raise NoTokenAnswer(
                f"{stage}: {host} {fault.reason}",
                remedy=f"check {self.field} in the declared file; for a private CA set ca_file "
                "in provisioner.yml",
            ) from None

    def asked(self, stage: Stage, send: Send, *, repeatable: bool = True) -> tuple[Members, str]:
        """The answer's members, and the way in which the client was recognized.

        What is not `repeatable` is sent again only if it surely did not arrive, or if the client
        was not recognized, which comes before everything else (RFC 6749 section 4.1.3).
        """
        judge = partial(self._judged, stage)
        try:
            return self._patiently(send, judge, self.auth_method, repeatable), self.auth_method
        except TokenRefused as first:
            if first.refusal.error != "invalid_client":
                raise
            other = _OTHER_METHOD[self.auth_method]
            try:
                return self._patiently(send, judge, other, repeatable), other
            except TokenRefused as second:
                # A code may have been spoilt by the first attempt; a refresh token was not.
                recognized = repeatable and second.refusal.error != "invalid_client"
                raise (second if recognized else first) from None

    def _patiently(self, send: Send, judge: Judge, auth_method: str, repeatable: bool) -> Members:
        for pause in self.pauses:
            try:
                return self._once(send, judge, auth_method)
            except Transient as fault:
                asked = max(pause, fault.pause or 0)
                if asked > _LONGEST_PAUSE_SECONDS or (fault.arrived and not repeatable):
                    raise
                time.sleep(asked)
        return self._once(send, judge, auth_method)

    def _once(self, send: Send, judge: Judge, auth_method: str) -> Members:
        wire = Wire()

        def converse() -> Members:
            with token_session(
                self.client_id,
                self.client_secret,
                auth_method=auth_method,
                ca_file=self.ca_file,
                on_this_machine=is_loopback(checked_endpoint(self.url, self.field)),
                judge=judge,
                wire=wire,
            ) as session:
                return send(session, judge)

        return wire.within(self.seconds, converse)

    def _judged(self, stage: Stage, response: requests.Response) -> Members:
        answer = read_answer(response)
        refusal = self._refusal(answer, stage)
        if answer.passes or (refusal and refusal.error in TRANSIENT_ERRORS):
            raise Transient(f"answered HTTP {answer.status}", answer.pause, refusal=refusal)
        if refusal:
            raise TokenRefused(refusal)
        kind = foreign(answer.content_type, longest=80)
        if not 200 <= answer.status < 300:
            raise Unusable(f"answered HTTP {answer.status} with {kind}")
        if not answer.members and stage is not Stage.REVOCATION:
            raise Unusable(f"sent an invalid response: {kind} without tokens in JSON")
        return answer.members

    def _refusal(self, answer: HttpAnswer, stage: Stage) -> Refusal | None:
        if not answer.members.get("error"):
            return None
        return refusal_from(
            answer.members,
            stage=stage,
            host=checked_endpoint(self.url, self.field),
            busy_status=answer.status if answer.passes else None,
        )
