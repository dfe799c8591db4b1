"""The quick look for placeholders overlooks none that the close one finds."""

from __future__ import annotations

import random

import pytest

from provisioner.lint.placeholders import may_be_in, placeholder_in

PIECES = (
    *(
        "YOUR_NAME",
        "your-tenant",
        "INSERT-HERE",
        "REPLACE_ME",
        "changeme",
        "Change Me",
        "replace-me",
    ),
    *(
        "<name>",
        "{name}",
        "{{ name }}",
        "TENANT",
        "TENANT_ID",
        "CLIENT-ID",
        "TODO",
        "FIXME",
        "xxxx",
    ),
    *("XxXx", "00000000-0000-0000-0000-000000000000", "00001111-AAAA-2222-bbbb-3333CCCC4444"),
    *("12345678-1234-1234-1234-123456789ABC", "MAPS_CLIENT_SECRET", "exchange", "a", " ", "-", "@"),
    *(
        "reports@example.edu",
        "5f2c8a1e-0b7d-4c57-9a53-2d1f6e0c9b84",
        "https://x.example/",
        "tenant",
    ),
)


@pytest.mark.parametrize("seed", range(20))
def test_what_the_close_look_finds_the_quick_one_suspects(seed: int) -> None:
    chance, found = random.Random(seed), 0
    for _ in range(200):
        texts = ["".join(chance.choices(PIECES, k=chance.randint(1, 3))) for _ in range(4)]
        if any(placeholder_in("/host", text) for text in texts):
            found += 1
            assert may_be_in(texts), texts
            assert may_be_in(texts), texts  # the second time it is not known as fine
    assert found > 50


def test_texts_without_any_are_cleared() -> None:
    fine = ["MAPS_CLIENT_SECRET", "exchange.example.edu", "reports@example.edu", "tenant 0000"]
    assert not may_be_in(fine)
    assert not may_be_in(reversed(fine))
    assert may_be_in([*fine, "TENANT"])
