"""What a client asks of a token endpoint: exchange, refresh, revoke, and the device flow."""

from __future__ import annotations

import math
import time
from base64 import b64encode
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from provisioner.advice.refusal import TRANSIENT_ERRORS, Refusal, Stage, refusal_from
from provisioner.errors import ProvisionerError
from provisioner.oauth.authorization import checked_endpoint
from provisioner.secret import Secret
from provisioner.text import foreign, json_object, redact

if TYPE_CHECKING:
    from provisioner.advice.explain import Advice
    from provisioner.oauth.https_post import HttpAnswer

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"

# What is asked under a server's lock is over by then: others wait 60 s for it.
SECONDS_UNDER_LOCK = 45.0

# Encrypted, an answer takes four times as much, and a file has 1 MiB at most.
MOST_RESPONSE_BYTES = 192 * 1024

# Where the provider does not say how long an access token lives, it is taken for short-lived.
ASSUMED_LIFE_SECONDS = 600

_LONGEST_LIFE_SECONDS = 10 * 365 * 86400
_LONGEST_WAIT_SECONDS = 10.0
_SHORTEST_REQUEST_SECONDS = 10.0  # a refresh that is cut short may cost the refresh token
_BASIC, _POST = "client_secret_basic", "client_secret_post"

Members = Mapping[str, Any]
_Field = str | Secret | None


class TokenErrorResponse(Exception):
    """The provider said no, in OAuth2's own words (RFC 6749 section 5.2)."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.error)
        self.refusal = refusal


class TokenRequestError(ProvisionerError):
    """No usable response: network, TLS, a fault of the provider, another kind of page.

    `retryable`: asked again it may be answered better; after `retry_after` seconds where the
    provider says so. `sent`: the request may have arrived, so that what it used up may be gone.
    `status`: of the HTTP answer, if one came. `advice`: where the cause is known. Until
    `TokenEndpoint.in_words` the message is what the host did; it quotes nothing of what was sent
    or came.
    """

    def __init__(
        self,
        message: str,
        *,
        remedy: str = "",
        retryable: bool = False,
        retry_after: float | None = None,
        sent: bool = True,
        status: int | None = None,
        advice: Advice | None = None,
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.retryable = retryable
        self.retry_after = retry_after
        self.sent = sent
        self.status = status
        self.advice = advice


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenResponse:
    """RFC 6749 section 5.1. `expires_in` in seconds; None where the provider does not say."""

    access_token: Secret
    refresh_token: Secret | None
    expires_in: int | None
    scope: str | None
    id_token: Secret | None
    auth_method: str
    refresh_token_expires_in: int | None = None

    def expires_at(self, now: float) -> int:
        """When the access token ends, in Unix seconds by our own clock."""
        lives = ASSUMED_LIFE_SECONDS if self.expires_in is None else self.expires_in
        return int(now) + lives

    def refresh_token_expires_at(self, now: float) -> int | None:
        """When the refresh token ends, where the provider says it. No standard has this member.

        Google gives it where access is limited in time, such as in Testing:
        https://developers.google.com/identity/protocols/oauth2/web-server#exchange-authorization-code
        """
        lives = self.refresh_token_expires_in
        return int(now) + lives if lives else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenEndpoint:
    """One client at one endpoint. Each method raises TokenErrorResponse and TokenRequestError.

    `field` names its URL in the declared file. `auth_method` is tried first and, if the client is
    not recognized, the other one once. `seconds` bound a request from the name lookup to its
    answer's last byte; `pauses` lie between the attempts, of which none begins too late for
    `deadline` on the monotonic clock. `announce` gets a line for the person who has to wait.
    """

    url: str
    field: str
    client_id: str
    client_secret: Secret
    auth_method: str = _BASIC
    ca_file: Path | None = None
    announce: Callable[[str], None] = lambda _line: None
    deadline: float = math.inf
    seconds: float = 30.0
    pauses: tuple[float, ...] = (0.5, 2.0)
    sleep: Callable[[float], None] = time.sleep

    @property
    def host(self) -> str:
        """Where secrets go; InvalidProject unless it is https or this machine."""
        return checked_endpoint(self.url, self.field)

    def exchange(
        self, code: Secret, *, verifier: Secret, redirect_uri: str, scope: str | None
    ) -> TokenResponse:
        """Tokens for a code, which is good for one use: RFC 6749 section 4.1.3, RFC 7636."""
        return self._tokens(
            Stage.EXCHANGE,
            grant_type="authorization_code",
            code=code,
            code_verifier=verifier,
            redirect_uri=redirect_uri,
            scope=scope,
        )

    def refresh(self, refresh_token: Secret, *, scope: str | None) -> TokenResponse:
        """New tokens for a refresh token; without one in the response the old one stays."""
        return self._tokens(
            Stage.REFRESH, grant_type="refresh_token", refresh_token=refresh_token, scope=scope
        )

    def revoke(self, token: Secret, *, kind: str = "refresh_token") -> None:
        """End a token, of this kind, at a revocation endpoint (RFC 7009)."""
        with self.in_words(Stage.REVOCATION):
            self._request(Stage.REVOCATION, token=token, token_type_hint=kind)

    def device_codes(self, *, scope: str) -> tuple[Members, str]:
        """The response of a device authorization endpoint, and how the client was recognized.

        RFC 8628 section 3.1: the client proves itself here as at the token endpoint.
        """
        with self.in_words(Stage.DEVICE):
            return self._request(Stage.DEVICE, client_id=self.client_id, scope=scope)

    def device_tokens(self, device_code: Secret) -> TokenResponse:
        """Tokens for a device code, once a person has agreed: RFC 8628 section 3.4."""
        return self._tokens(Stage.DEVICE, grant_type=DEVICE_GRANT, device_code=device_code)

    @contextmanager
    def in_words(self, stage: Stage) -> Iterator[None]:
        """A TokenRequestError says from here on at which stage and host, and what to do."""
        host = self.host
        try:
            yield
        except TokenRequestError as fault:
            if not fault.remedy:
                fault.message = f"{stage}: {host} {fault.message}"
                fault.args = (fault.message,)
                fault.remedy = self._remedy(fault)
            raise

    def _remedy(self, fault: TokenRequestError) -> str:
        if fault.advice is not None:
            advice = fault.advice.with_facts(url_field=self.field)
            return f"{advice.remedy}\n  Who must act: {advice.actor}."
        if not fault.retryable:
            return f"check {self.field} in the server file"
        later = f"in {fault.retry_after:.0f} s, as it asks" if fault.retry_after else "later"
        return (
            f"check {self.field}, and that this machine can reach it; then try again {later}; "
            "stored tokens are unchanged"
        )

    def _tokens(self, stage: Stage, **fields: _Field) -> TokenResponse:
        with self.in_words(stage):
            return _token_response(*self._request(stage, **fields), stage)

    def _request(self, stage: Stage, **fields: _Field) -> tuple[Members, str]:
        """The response's members, and the way in which the client was recognized."""
        try:
            return self._attempts(stage, fields, self.auth_method), self.auth_method
        except TokenErrorResponse as first:
            if first.refusal.error != "invalid_client":
                raise
            # The client is judged before everything else (RFC 6749 section 4.1.3), so that even a
            # code may go out again.
            other = _BASIC if self.auth_method == _POST else _POST
            try:
                return self._attempts(stage, fields, other), other
            except TokenErrorResponse as second:
                # And yet the first attempt may have spoilt a code; a refresh token it did not.
                recognized = second.refusal.error != "invalid_client"
                raise (second if recognized and stage is not Stage.EXCHANGE else first) from None

    def _attempts(self, stage: Stage, fields: Mapping[str, _Field], auth_method: str) -> Members:
        seen: set[int | None] = set()
        for pause in self.pauses:
            try:
                return self._attempt(stage, fields, auth_method)
            except TokenRequestError as fault:
                wait = max(pause, fault.retry_after or 0)
                if not fault.retryable or wait > _LONGEST_WAIT_SECONDS or not self._has_time(wait):
                    raise
                if stage is Stage.EXCHANGE and not _leaves_the_code(fault, seen):
                    raise
                if fault.status is not None:
                    said = f"{stage}: {self.host} answered HTTP {fault.status}"
                    self.announce(f"{said}; trying again in {wait:g} s")
                seen.add(fault.status)
                self.sleep(wait)
        return self._attempt(stage, fields, auth_method)

    def _has_time(self, wait: float = 0) -> bool:
        needed = min(self.seconds, _SHORTEST_REQUEST_SECONDS)
        return time.monotonic() + wait + needed <= self.deadline

    def _attempt(self, stage: Stage, fields: Mapping[str, _Field], auth_method: str) -> Members:
        """One POST, in which the client proves itself by a header or by fields."""
        if not self._has_time():
            raise TokenRequestError("did not answer in time", retryable=True, sent=False)
        form = {name: _revealed(value) for name, value in fields.items() if value}
        secret, headers = self.client_secret.reveal(), {}
        if auth_method == _POST:
            form |= {"client_id": self.client_id, "client_secret": secret}
        else:  # RFC 6749 section 2.3.1: both parts are form-encoded first
            pair = f"{quote_plus(self.client_id)}:{quote_plus(secret)}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        from provisioner.oauth.https_post import send

        seconds = min(self.seconds, self.deadline - time.monotonic())
        answer = send(self.url, form, headers, seconds=seconds, ca_file=self.ca_file)
        return self._judged(stage, answer)

    def _judged(self, stage: Stage, answer: HttpAnswer) -> Members:
        """The members of a good answer."""
        status, kind = answer.status, foreign(answer.content_type, longest=80)
        if 300 <= status < 400:
            raise TokenRequestError(f"answered with a redirect (HTTP {status}), not followed")
        members = json_object(answer.body)  # whatever the content type says
        for token in map(members.get, ("access_token", "refresh_token", "id_token")):
            if isinstance(token, str):
                Secret(token)  # what is told of the answer, such as an error, may quote it
        busy = status in (408, 429) or status >= 500  # RFC 6585 section 4: it passes
        refusal = None
        if members.get("error"):
            busy_status = status if busy else None
            refusal = refusal_from(members, stage=stage, host=self.host, busy_status=busy_status)
        if busy or (refusal and refusal.error in TRANSIENT_ERRORS):
            raise _busy(stage, answer, refusal)
        if refusal:
            raise TokenErrorResponse(refusal)
        if not 200 <= status < 300:
            raise TokenRequestError(f"answered HTTP {status} with {kind}")
        if answer.body is None:
            raise TokenRequestError(f"answered with more than {MOST_RESPONSE_BYTES // 1024} KiB")
        if not members and stage is not Stage.REVOCATION:
            raise TokenRequestError(f"sent an invalid response: {kind} without tokens in JSON")
        return members


def _busy(stage: Stage, answer: HttpAnswer, refusal: Refusal | None) -> TokenRequestError:
    """A fault that passes; but what it says of a code is final."""
    message, remedy, final = f"answered HTTP {answer.status}", "", False
    if refusal is not None:
        message = refusal.message()
        remedy = f"{refusal.remedy()}\n  Stored tokens are unchanged."
        final = stage is Stage.EXCHANGE and refusal.error not in TRANSIENT_ERRORS
    return TokenRequestError(
        message,
        remedy=remedy,
        retryable=not final,
        retry_after=answer.retry_after,
        status=answer.status,
    )


def _leaves_the_code(fault: TokenRequestError, seen: Container[int | None]) -> bool:
    """Whether a code is still good after this fault, as far as one can tell."""
    refused_unread = fault.status in (429, 503) and fault.retry_after is not None
    return not fault.sent or refused_unread or (fault.status == 500 and 500 not in seen)


def lifetime(value: object) -> int | None:
    """Seconds in 3599, "3599" and 3599.0 alike; None for what says nothing."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return None
    return int(min(max(seconds, 0), _LONGEST_LIFE_SECONDS)) if math.isfinite(seconds) else None


def _token_response(members: Members, auth_method: str, stage: Stage) -> TokenResponse:
    """The tokens in a good response, read strictly."""
    token_type = members.get("token_type")
    # RFC 6749 section 7.1: a client must not use a type that it does not know.
    if token_type is not None and str(token_type).casefold() != "bearer":
        raise TokenRequestError("returned a token of another type than Bearer")
    access_token = _token(members, "access_token")
    if access_token is None:
        raise TokenRequestError("returned no access_token")
    refresh_token = _token(members, "refresh_token")
    scope, id_token = members.get("scope"), members.get("id_token")
    if stage is Stage.REFRESH:  # a new refresh token must not be lost for these
        scope, id_token = scope if _is_printable(scope) else None, None
    elif scope is not None and not _is_printable(scope):
        raise TokenRequestError("returned a scope that is not printable text")
    return TokenResponse(
        access_token=access_token,
        refresh_token=refresh_token,
        expires_in=lifetime(members.get("expires_in")),
        id_token=_id_token(id_token),
        auth_method=auth_method,
        refresh_token_expires_in=lifetime(members.get("refresh_token_expires_in")),
        # It is shown, and kept in clear: none of the secrets above may be in it.
        scope=scope and redact(" ".join(scope.split()), pieces=False),
    )


def _id_token(value: Any) -> Secret | None:
    """One that is not even text is one that cannot be read: whoever looks into it will say so."""
    return None if value in (None, "") else Secret(value if _is_printable(value) else "")


def _token(members: Members, name: str) -> Secret | None:
    value = members.get(name)
    if value is None or value == "":
        return None
    if not _is_printable(value):
        raise TokenRequestError(f"returned a {name} that is not printable text")
    return Secret(value)


def _is_printable(value: object) -> bool:
    """RFC 6749 appendix A: tokens and scopes are printable ASCII."""
    return isinstance(value, str) and value.isascii() and value.isprintable()


def _revealed(value: str | Secret | None) -> str:
    return value.reveal() if isinstance(value, Secret) else value or ""
