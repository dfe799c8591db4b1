"""One sign-in of one server without a browser here: a code to enter on any other machine.

The device authorization grant, RFC 8628.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from provisioner.advice.refusal import PENDING, SLOW_DOWN, Stage
from provisioner.errors import InvalidProject, SignInFailed
from provisioner.model.email_server import EmailServer, OAuth2Settings
from provisioner.oauth.authorization import checked_endpoint
from provisioner.oauth.sign_in import Grant, SignInContext
from provisioner.oauth.token_endpoint import (
    TokenEndpoint,
    TokenErrorResponse,
    TokenRequestError,
    TokenResponse,
    lifetime,
)
from provisioner.providers.catalogue import provider_for
from provisioner.providers.endpoints import absolute_url
from provisioner.providers.provider import Provider
from provisioner.secret import Secret
from provisioner.text import redact

_DEFAULT_INTERVAL_SECONDS, _SLOW_DOWN_SECONDS, _LONGEST_INTERVAL_SECONDS = 5, 5, 60
_LONGEST_CODE, _LONGEST_URL = 64, 2000
_OTHER_WAYS = "sign in with a browser, which may run on another machine: omit --device"


@contextmanager
def device_flow(
    context: SignInContext,
    timeout: float = 300,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Grant]:
    """Have a person enter a code. `timeout` in seconds; the code may end earlier."""
    endpoint = context.token_endpoint()
    url = device_endpoint(context.provider, context.server, context.settings)
    asked_at = replace(endpoint, url=url, field="device_authorization_url")
    with context.failures_in_words():
        members, auth_method = asked_at.device_codes(scope=context.settings.scope_for_authorize)
        with asked_at.in_words(Stage.DEVICE):
            codes = device_codes(members)
        seconds = timeout if codes.expires_in is None else min(timeout, codes.expires_in)
        _invite(context, codes, seconds)
        polled = replace(endpoint, auth_method=auth_method, pauses=())
        response, fault = _poll(polled, codes, clock() + seconds, clock, sleep)
    if response is None:
        waits_less = codes.expires_in is not None and timeout < codes.expires_in
        longer = f"; --timeout {codes.expires_in} waits as long as the code is valid"
        raise SignInFailed(
            f"{context.server.where()}: the code was not used within {seconds:g} s{fault}",
            remedy="start the sign-in again: each has its own code"
            + (longer if waits_less else ""),
        )
    yield Grant(response)


def _invite(context: SignInContext, codes: DeviceCodes, seconds: float) -> None:
    account = context.settings.login_hint or context.server.user_name
    context.announce(
        f"{context.server.server_name}: on any machine with a browser open\n"
        f"  {codes.verification_uri}\n"
        f"enter the code {codes.user_code} and sign in{f' as {account}' if account else ''}."
    )
    if codes.verification_uri_complete:
        # RFC 8628 section 3.3.1: the person compares, against a code of somebody else.
        context.announce(
            f"Or open {codes.verification_uri_complete} and check that it shows the same code."
        )
    context.announce(f"Waiting for up to {seconds:g} s; press Ctrl-C to cancel.")


def _poll(
    endpoint: TokenEndpoint,
    codes: DeviceCodes,
    ends: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> tuple[TokenResponse | None, str]:
    """Ask, as often as RFC 8628 section 3.5 allows, until the person has agreed.

    None at the end of the time, and what was wrong with the last request.
    """
    interval, fault = float(codes.interval), ""
    while clock() + interval < ends:
        sleep(interval)
        try:
            return endpoint.device_tokens(codes.device_code), ""
        except TokenErrorResponse as refused:
            if refused.refusal.error not in (PENDING, SLOW_DOWN):
                raise
            interval += _SLOW_DOWN_SECONDS if refused.refusal.error == SLOW_DOWN else 0
            fault = ""
        except TokenRequestError as silence:
            if not silence.retryable:
                raise
            # Twice as slow, or as slow as it asks: nobody answered, or nobody at leisure.
            slower = min(interval * 2, max(interval, _LONGEST_INTERVAL_SECONDS))
            interval = max(slower, silence.retry_after or 0)
            fault = f". The last request failed: {silence.message}"
    return None, fault


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCodes:
    """`device_code` is for the client alone, `user_code` for the person. Times in seconds.

    `expires_in` None: the provider does not say. `verification_uri_complete` has the code in it.
    """

    device_code: Secret
    user_code: str
    verification_uri: str
    verification_uri_complete: str | None
    expires_in: int | None
    interval: int


def device_codes(members: Mapping[str, Any]) -> DeviceCodes:
    """The codes in a response, read strictly: RFC 8628 section 3.2.

    TokenRequestError where a person could do nothing with it.
    """
    device_code = members.get("device_code")
    if not isinstance(device_code, str) or not device_code.isascii() or not device_code:
        raise TokenRequestError("returned no device_code")
    device_code = Secret(device_code)  # before what is shown is read: it may hold it
    user_code = _line(members.get("user_code"), _LONGEST_CODE)
    # Google's own name for it is older than the standard.
    page = _page(members.get("verification_uri")) or _page(members.get("verification_url"))
    if user_code is None or page is None:
        raise TokenRequestError("returned no user_code, or no https page to enter it")
    interval = lifetime(members.get("interval"))
    return DeviceCodes(
        device_code=device_code,
        user_code=user_code,
        verification_uri=page,
        verification_uri_complete=_page(members.get("verification_uri_complete")),
        expires_in=lifetime(members.get("expires_in")),
        interval=_DEFAULT_INTERVAL_SECONDS if interval is None else max(interval, 1),
    )


def _line(value: object, longest: int) -> str | None:
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= longest:
        return None
    return redact(value, pieces=False)


def _page(value: object) -> str | None:
    """A page that a person is sent to, where they sign in: on https, as endpoints are."""
    url = _line(value, _LONGEST_URL)
    try:
        return url if url and checked_endpoint(url, "verification_uri") else None
    except InvalidProject:
        return None


def device_endpoint(provider: Provider, server: EmailServer, settings: OAuth2Settings) -> str:
    """The device authorization endpoint (RFC 8628 section 3.1).

    SignInFailed where there is none; InvalidProject where secrets would travel in the clear.
    """
    if not provider.device_flow_serves_mail:
        problem = "does not grant the scope of mail to a sign-in with --device"
        raise _impossible(server, f"{provider.label} {problem}", _OTHER_WAYS)
    if provider.device_authorization_url is None:
        raise _impossible(
            server,
            f"{provider.label} is not known to support a sign-in with --device",
            f"{_OTHER_WAYS}; if it has a device authorization endpoint, set in provisioner.yml: "
            f"providers: {{{provider.name}: {{device_authorization_url: URL}}}}",
        )
    url = absolute_url(settings.access_token_url, provider.device_authorization_url)
    checked_endpoint(url, "device_authorization_url")
    if not _lives_with(settings.access_token_url, url):
        raise _impossible(
            server,
            f"device_authorization_url is at {urlsplit(url).netloc}, which is not known to belong "
            "to the provider of the token endpoint: the client secret would be sent there",
            "declare one on the host of access_token_url; or omit --device",
        )
    return url


def _impossible(server: EmailServer, problem: str, remedy: str) -> SignInFailed:
    return SignInFailed(f"{server.where('oauth2.access_token_url')}: {problem}", remedy=remedy)


def _lives_with(token_url: str, url: str) -> bool:
    """The same host, or another that is known to be the provider's.

    Known here, not in the project: whoever may change its files must not get the client secret.
    """
    here, there = urlsplit(url), urlsplit(token_url)
    hosts = {place.partition("/")[0] for place in provider_for(token_url).endpoints}
    return here.netloc == there.netloc or {here.hostname, there.hostname} <= hosts
