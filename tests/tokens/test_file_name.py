"""Names of token files."""

from __future__ import annotations

import re

import pytest

from provisioner.tokens.file_name import token_file_name

_WILD_NAMES = [
    "../x", "..", "/etc/passwd", "CON", "con.yml", "a" * 300, "📮", "", " ", "Reports", "reports",
    "REPORTS", "Straße", "a\x00b", "a\nb", "-rf", ".hidden", "~root", "\ud800", "İ",
    "R\u0435ports", "\uff32eports", "Reports\u200b", "../Reports", "aux.yml", "a/../../b", "\\x",
]  # fmt: skip


@pytest.mark.parametrize("name", _WILD_NAMES)
def test_every_name_makes_a_safe_file_name(name: str) -> None:
    assert re.fullmatch(
        r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?-[0-9a-f]{8}\.yml", token_file_name(name)
    )


def test_no_two_share_a_file_even_where_case_does_not_count() -> None:
    made = {token_file_name(name).lower() for name in _WILD_NAMES}
    assert len(made) == len(_WILD_NAMES)


def test_the_name_is_published() -> None:
    assert token_file_name("Reports") == "reports-dacca3cb.yml"
