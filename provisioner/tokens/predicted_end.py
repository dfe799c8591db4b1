"""When a refresh token will end, and why, by the provider's facts: nobody is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from provisioner.providers.provider import Provider
from provisioner.tokens.token_set import TokenSet

_DAY = 86400

# Where nothing is known of idleness a refresh a week does no harm and may save a sign-in.
_ASSUMED_IDLE_DAYS = 14

# How long before an end that no refresh puts off a person should know of it.
_WARNING_SECONDS = 7 * _DAY


@dataclass(frozen=True, slots=True)
class PredictedEnd:
    """`at` in Unix seconds, None if unknown. `refresh_helps`: a refresh puts the end off."""

    at: int | None
    reason: str
    refresh_helps: bool = False

    def has_come(self, now: float) -> bool:
        """Whether, by what is known, the refresh token is dead."""
        return self.at is not None and self.at <= now


def predicted_end(tokens: TokenSet, provider: Provider) -> PredictedEnd:
    """The first of all ends that are known; it may come earlier (`Provider.early_ends`)."""
    unknown = PredictedEnd(None, f"{provider.label}: not known how long one lives unused")
    return min(_ends(tokens, provider), key=lambda end: end.at or 0, default=unknown)


def refresh_is_due(tokens: TokenSet, provider: Provider, *, now: float) -> bool:
    """Whether half of the time is over after which a refresh token ends that is not used.

    Half: a scheduled run may fail for weeks before a token is lost.
    """
    if tokens.handed_over_to is not None:
        return False  # another machine's to refresh
    ends = [end.at for end in _ends(tokens, provider) if end.refresh_helps and end.at is not None]
    assumed = tokens.refreshed_at + _ASSUMED_IDLE_DAYS * _DAY
    end = min(ends, default=assumed)
    return end - now <= (end - tokens.refreshed_at) / 2


def sign_in_due(tokens: TokenSet, provider: Provider, *, now: float) -> PredictedEnd | None:
    """The end that only a new sign-in puts off, once it is near: in 7 days, or half of its time."""
    ends = (end for end in _ends(tokens, provider) if not end.refresh_helps)
    end = min(ends, key=lambda end: end.at or 0, default=None)
    if end is None or end.at is None:
        return None
    near = min(_WARNING_SECONDS, (end.at - tokens.obtained_at) / 2)
    return end if end.at - now <= near else None


def _ends(tokens: TokenSet, provider: Provider) -> Iterator[PredictedEnd]:
    if tokens.refresh_token_expires_at is not None:
        renewed = provider.refresh_token_rotation in ("old_stays_valid", "strict")
        reason = f"{provider.label} gave it until then"
        yield PredictedEnd(tokens.refresh_token_expires_at, reason, refresh_helps=renewed)
    if provider.idle_expiry_days is not None:
        at = tokens.refreshed_at + provider.idle_expiry_days * _DAY
        yield PredictedEnd(at, f"{provider.idle_expiry_days} days unused", refresh_helps=True)
    if provider.maximum_age_days is not None:
        at = tokens.obtained_at + provider.maximum_age_days * _DAY
        yield PredictedEnd(at, f"{provider.maximum_age_days} days after the sign-in")
