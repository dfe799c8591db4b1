"""How many examples a generated test takes: the same in each run, unless EFFORT asks for more."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

_FACTOR = int(os.environ.get("EFFORT", "1"))


def generated(examples: int) -> settings:
    """Settings for @given; with EFFORT=20 twenty times as many examples, others in each run."""
    return settings(
        max_examples=examples * _FACTOR,
        derandomize=_FACTOR == 1,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
