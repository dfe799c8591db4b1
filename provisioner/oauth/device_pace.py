"""How often a device sign-in may ask whether the person has agreed: RFC 8628 section 3.5."""

from __future__ import annotations

from dataclasses import dataclass, replace

_SLOW_DOWN_SECONDS = 5
_SLOWEST_SECONDS = 60

PENDING = "authorization_pending"
SLOW_DOWN = "slow_down"


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between two questions."""

    seconds: float

    def after_refusal(self, error: str) -> Pace | None:
        """The pace for the next question; None if the refusal is the last word."""
        if error == SLOW_DOWN:
            return replace(self, seconds=self.seconds + _SLOW_DOWN_SECONDS)
        return self if error == PENDING else None

    def after_fault(self, pause: float | None) -> Pace:
        """Twice as slow, or as slow as it asks: nobody answered, or nobody who is at leisure."""
        slower = min(self.seconds * 2, max(self.seconds, _SLOWEST_SECONDS))
        return replace(self, seconds=max(slower, pause or 0))
