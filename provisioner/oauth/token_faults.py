"""The ways in which a token endpoint can fail us."""

from __future__ import annotations

from provisioner.advice.explain import Advice
from provisioner.advice.refusal import Refusal
from provisioner.errors import ProvisionerError


class TokenRefused(Exception):
    """The provider said no, in OAuth2's own words."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.error)
        self.refusal = refusal


class NoTokenAnswer(ProvisionerError):
    """No usable answer: network, TLS, a fault of the provider, another kind of page."""


class Transient(Exception):
    """Worth another try; after `pause` seconds where the provider says so.

    `arrived`: the request may have arrived, so that what it used up may be gone. `refusal`: the
    provider's own words, if it found some.
    """

    def __init__(
        self,
        reason: str,
        pause: float | None = None,
        *,
        arrived: bool = True,
        refusal: Refusal | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.pause = pause
        self.arrived = arrived
        self.refusal = refusal


class Unusable(Exception):
    """An answer that is none: trying again would not help. The reason quotes nothing of it."""

    def __init__(self, reason: str, advice: Advice | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.advice = advice
