"""How many examples a generated test takes: the same in each run, unless EFFORT asks for more."""

import os

from hypothesis import HealthCheck, settings

FACTOR = int(os.environ.get("EFFORT", "1"))


def generated(examples):
    """Settings for @given; with EFFORT=20 twenty times as many examples, others in each run."""
    return settings(
        max_examples=examples * FACTOR,
        derandomize=FACTOR == 1,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
