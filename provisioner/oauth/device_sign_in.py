"""One sign-in of one server without a browser here: a code to enter on any other machine.

The device authorization grant, RFC 8628.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from provisioner.advice.refusal import Stage
from provisioner.credentials.store import TokenSet
from provisioner.errors import SignInFailed
from provisioner.oauth.acceptance import Acceptance
from provisioner.oauth.device_codes import DeviceCodes, device_codes
from provisioner.oauth.device_endpoint import device_endpoint
from provisioner.oauth.device_pace import Pace
from provisioner.oauth.token_answer import TokenAnswer
from provisioner.oauth.token_endpoint import TokenEndpoint
from provisioner.oauth.token_faults import TokenRefused, Transient


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSignIn(Acceptance):
    """`timeout` in seconds; the code may end earlier. `clock` and `sleep` are the wait's."""

    timeout: float = 300
    clock: Callable[[], float] = field(default=time.monotonic)
    sleep: Callable[[float], None] = field(default=time.sleep)

    def run(self) -> TokenSet:
        """Sign in and save. SignInFailed leaves the old tokens as they were."""
        return self.accepted(self._ask)

    def _ask(self, endpoint: TokenEndpoint) -> TokenAnswer:
        asked_at = replace(
            endpoint,
            url=device_endpoint(self.provider, self.server, self.settings),
            field="device_authorization_url",
        )
        members, auth_method = asked_at.device_codes(scope=self.settings.scope_for_authorize)
        with asked_at.faults_in_words(Stage.DEVICE):
            codes = device_codes(members)
        self._invite(codes)
        polled = replace(endpoint, auth_method=auth_method, pauses=())
        with polled.faults_in_words(Stage.DEVICE):
            return self._agreed(codes, polled)

    def _invite(self, codes: DeviceCodes) -> None:
        account = self.settings.login_hint or self.server.user_name
        self.announce(
            f"{self.server.server_name}: on any machine with a browser open\n"
            f"  {codes.verification_uri}\n"
            f"enter the code {codes.user_code} and sign in{f' as {account}' if account else ''}."
        )
        if codes.verification_uri_complete:
            # RFC 8628 section 3.3.1: the person compares, against a code of somebody else.
            self.announce(
                f"Or open {codes.verification_uri_complete} and see that it shows the same code."
            )
        self.announce(f"Waiting for up to {self._seconds(codes):g} s; Ctrl-C ends it.")

    def _seconds(self, codes: DeviceCodes) -> float:
        return self.timeout if codes.expires_in is None else min(self.timeout, codes.expires_in)

    def _agreed(self, codes: DeviceCodes, endpoint: TokenEndpoint) -> TokenAnswer:
        """Ask, at the pace that is allowed, until the person has agreed or time is up."""
        pace, ends = Pace(codes.interval), self.clock() + self._seconds(codes)
        fault = ""
        while self.clock() + pace.seconds < ends:
            self.sleep(pace.seconds)
            try:
                return endpoint.device_tokens(codes.device_code)
            except TokenRefused as refused:
                slower = pace.after_refusal(refused.refusal.error)
                if slower is None:
                    raise
                pace, fault = slower, ""
            except Transient as silence:
                pace, fault = pace.after_fault(silence.pause), silence.reason
        raise self._too_late(codes, fault)

    def _too_late(self, codes: DeviceCodes, fault: str) -> SignInFailed:
        last = f"; the last time the token endpoint {fault}" if fault else ""
        lives = codes.expires_in
        longer = lives is not None and self.timeout < lives
        more = f"; --timeout {lives} waits as long as the code lives" if longer else ""
        return SignInFailed(
            self._named(f"nobody signed in with the code within {self._seconds(codes):g} s{last}"),
            remedy=f"start the sign-in again: each has a code of its own{more}",
        )
