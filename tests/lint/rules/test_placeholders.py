"""placeholder-left: the quick look overlooks none that the close one finds."""

from __future__ import annotations

import random

from provisioner.lint.checks.text import placeholder_in
from tests.lint.oauth2_servers import UNKNOWN, found

PIECES = (
    *("YOUR_NAME", "your-tenant", "INSERT-HERE", "REPLACE_ME", "changeme", "Change Me"),
    *("replace-me", "<name>", "{name}", "{{ name }}", "TENANT", "TENANT_ID", "CLIENT-ID"),
    *("TODO", "FIXME", "xxxx", "XxXx", "00000000-0000-0000-0000-000000000000"),
    *("00001111-AAAA-2222-bbbb-3333CCCC4444", "12345678-1234-1234-1234-123456789ABC"),
    *("MAPS_CLIENT_SECRET", "exchange", "a", " ", "-", "@", "reports@example.edu", "tenant"),
    *("5f2c8a1e-0b7d-4c57-9a53-2d1f6e0c9b84", "https://x.example/"),
)


def test_what_the_close_look_finds_is_told() -> None:
    chance, count = random.Random(1), 0
    for _ in range(2000):
        name = "".join(chance.choices(PIECES, k=chance.randint(1, 3)))
        is_told = ("placeholder-left", "/user_name") in found(UNKNOWN, user_name=name)
        assert is_told == (placeholder_in("/user_name", name) is not None), name
        count += is_told
    assert 500 < count < 1900
