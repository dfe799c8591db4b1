"""The core schema of YAML 1.2, word by word."""

from __future__ import annotations

import math

import pytest

from provisioner.config.yaml_scalars import plain_value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("Yes", "Yes"),
        ("on", "on"),
        ("true", True),
        ("FALSE", False),
        ("tRUE", "tRUE"),
        ("", None),
        ("~", None),
        ("Null", None),
        ("587", 587),
        ("0644", 644),
        ("0o644", 420),
        ("0O644", "0O644"),
        ("0x1F", 31),
        ("-7", -7),
        ("+7", 7),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("2028-06-30", "2028-06-30"),
        ("1.5", 1.5),
        (".5", 0.5),
        ("6.", 6.0),
        ("1e3", 1000.0),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("1e999", math.inf),
        ("9" * 5000, math.inf),
        ("0x" + "f" * 5000, math.inf),
        ("9" * 5000 + "x", "9" * 5000 + "x"),
        (".", "."),
        ("-", "-"),
        ("+e1", "+e1"),
        ("٣", "٣"),
        ("192.0.2.25", "192.0.2.25"),
        ("0815-abc.apps.example", "0815-abc.apps.example"),
    ],
)
def test_plain_words(text: str, value: object) -> None:
    found = plain_value(text)
    assert found == value
    assert type(found) is type(value)


def test_not_a_number() -> None:
    found = plain_value(".NaN")
    assert isinstance(found, float)
    assert math.isnan(found)
