"""When a refresh token ends, by the facts of its provider."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.providers.catalogue import provider_for
from provisioner.providers.google import GOOGLE
from provisioner.providers.microsoft import MICROSOFT
from provisioner.providers.provider import Provider
from provisioner.tokens.predicted_end import predicted_end, refresh_is_due, sign_in_due
from provisioner.tokens.token_set import TokenSet
from tests.oauth_samples import token_set

NOW = 1_900_000_000
DAY = 86400
UNKNOWN = provider_for("sso.example.edu")
AGING = UNKNOWN._replace(maximum_age_days=365)


def tokens(signed_in: float = 0, refreshed: float = 0, **changes: Any) -> TokenSet:
    """Of a sign-in and a refresh so many days ago."""
    return token_set(
        obtained_at=int(NOW - signed_in * DAY), refreshed_at=int(NOW - refreshed * DAY), **changes
    )


@pytest.mark.parametrize(
    ("provider", "kept", "days", "reason"),
    [
        (MICROSOFT, tokens(300, 10), 80, "90 days unused"),
        (GOOGLE, tokens(300, 10), 170, "180 days unused"),
        (AGING, tokens(300, 10), 65, "365 days after the sign-in"),
        (AGING._replace(idle_expiry_days=30), tokens(300, 10), 20, "30 days unused"),
        (AGING._replace(idle_expiry_days=90), tokens(300, 10), 65, "365 days after the sign-in"),
        (
            GOOGLE,
            tokens(1, 0, refresh_token_expires_at=NOW + 6 * DAY),
            6,
            "Google gave it until then",
        ),
    ],
)
def test_the_first_known_end_is_told_with_its_reason(
    provider: Provider, kept: TokenSet, days: int, reason: str
) -> None:
    end = predicted_end(kept, provider)
    assert (end.at, end.reason) == (NOW + days * DAY, reason)
    assert not end.has_come(NOW + days * DAY - 1)
    assert end.has_come(NOW + days * DAY)


def test_of_an_unknown_provider_the_end_is_unknown() -> None:
    end = predicted_end(tokens(3000, 3000), UNKNOWN)
    assert end.at is None
    assert end.reason == "sso.example.edu: not known how long one lives unused"
    assert not end.has_come(NOW)


@pytest.mark.parametrize(
    ("provider", "refreshed", "due"),
    [
        (MICROSOFT, 44.9, False),
        (MICROSOFT, 45, True),
        (MICROSOFT, 400, True),
        (GOOGLE, 89, False),
        (GOOGLE, 90, True),
        (UNKNOWN, 6.9, False),
        (UNKNOWN, 7, True),
        (AGING, 6.9, False),
        (AGING, 7, True),
    ],
)
def test_a_refresh_is_due_at_half_of_the_idle_time(
    provider: Provider, refreshed: float, due: bool
) -> None:
    assert refresh_is_due(tokens(400, refreshed), provider, now=NOW) is due


def test_a_providers_own_word_makes_a_refresh_due_only_where_a_new_token_comes_with_it() -> None:
    kept = tokens(4, 4, refresh_token_expires_at=NOW + 3 * DAY)
    assert not refresh_is_due(kept, GOOGLE, now=NOW)
    assert sign_in_due(kept, GOOGLE, now=NOW)
    assert refresh_is_due(kept, MICROSOFT, now=NOW)
    assert not sign_in_due(kept, MICROSOFT, now=NOW)


def test_what_another_machine_refreshes_is_never_due_here() -> None:
    assert not refresh_is_due(tokens(400, 400, handed_over_to="maps1"), MICROSOFT, now=NOW)


@pytest.mark.parametrize(("signed_in", "due"), [(357.9, False), (358, True), (400, True)])
def test_a_sign_in_due_a_week_before_the_greatest_age(signed_in: float, due: bool) -> None:
    assert (sign_in_due(tokens(signed_in), AGING, now=NOW) is not None) is due
    assert not sign_in_due(tokens(signed_in), MICROSOFT, now=NOW)


def test_a_sign_in_for_seven_days_is_not_due_at_once() -> None:
    kept = tokens(0, 0, refresh_token_expires_at=NOW + 7 * DAY)
    assert not sign_in_due(kept, GOOGLE, now=NOW)
    assert sign_in_due(kept, GOOGLE, now=NOW + 3.5 * DAY)
