"""unknown-mailbox, foreign-sender, over-limit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.lint.rules.mail_servers import said

HINT = {"login_hint": "reports@example.edu"}
NOBODY = ["unknown-mailbox /smtp_security_level"]
SENDER = ["foreign-sender /test_email/from"]
RATE = "maximum_emails_per_minute"


@pytest.mark.parametrize(
    ("base", "changes", "expected"),
    [
        ("microsoft", {"user_name": None}, NOBODY),
        ("microsoft", {"user_name": None, "oauth2": HINT}, []),
        ("microsoft", {"user_name": "reports"}, ["unknown-mailbox /user_name"]),
        ("microsoft", {"user_name": "reports", "oauth2": HINT}, ["unknown-mailbox /user_name"]),
        ("microsoft", {"user_name": None, "oauth2": {"login_hint": "reports"}},
         ["unknown-mailbox /oauth2/login_hint"]),
        ("microsoft", {"user_name": "reports", "host": "gateway.example.org"}, []),
        ("microsoft", {"user_name": "reports", "host": "localhost"}, []),
        ("microsoft", {"user_name": None, "host": "localhost"}, NOBODY),
        ("google", {"user_name": None}, NOBODY),
        ("microsoft", {"user_name": "EXAMPLE\\reports", "host": "gateway.example.org"},
         ["unknown-mailbox /user_name"]),
        ("login", {"user_name": "reports"}, []),
        ("login", {"user_name": "EXAMPLE\\reports"}, []),
        ("login", {"user_name": "a@b@example.edu"}, ["sender-form /user_name"]),
        ("login", {"user_name": "a b@example.edu", "test_email": {"from": "a@example.edu"}}, []),
        ("login", {"user_name": "<mailbox>@example.edu"}, ["placeholder-left /user_name"]),
    ],
)  # fmt: skip
def test_a_mailbox(base: str, changes: dict[str, Any], expected: list[str], tmp_path: Path) -> None:
    assert said(tmp_path, base, **changes) == expected


@pytest.mark.parametrize(
    ("base", "changes", "sender", "expected"),
    [
        ("microsoft", {}, "reports@example.edu", []),
        ("microsoft", {}, "Reports@EXAMPLE.edu", []),
        ("microsoft", {}, "maps@example.edu", SENDER),
        ("microsoft", {}, "reports+x@example.edu", SENDER),
        ("microsoft", {"user_name": None, "oauth2": HINT}, "reports@example.edu", []),
        ("microsoft", {"user_name": None, "oauth2": HINT}, "maps@example.edu", SENDER),
        ("microsoft", {"oauth2": {"login_hint": "delegate@example.edu"}},
         "delegate@example.edu", SENDER),
        ("microsoft", {"host": "gateway.example.org"}, "maps@example.edu", []),
        ("google", {}, "maps@example.edu", SENDER),
        ("login", {}, "maps@example.edu", []),
        ("login", {"user_name": "reports"}, "maps@example.edu", []),
        ("relay", {}, "maps@example.edu", []),
    ],
)  # fmt: skip
def test_a_sender(
    base: str, changes: dict[str, Any], sender: str, expected: list[str], tmp_path: Path
) -> None:
    assert said(tmp_path, base, **changes, test_email={"from": sender}) == expected


@pytest.mark.parametrize("sender", ["maps", "a b@example.edu"])
def test_a_sender_that_is_no_address_stays_an_error(sender: str, tmp_path: Path) -> None:
    found = said(tmp_path, "microsoft", test_email={"from": sender})
    assert "foreign-sender /test_email/from" not in found
    assert found


@pytest.mark.parametrize(
    ("base", "rate", "expected"),
    [
        ("microsoft", 30, []),
        ("microsoft", 31, [f"over-limit /{RATE}"]),
        ("microsoft", None, []),
        ("google", 10000, []),
        ("login", 10000, []),
    ],
)
def test_a_rate(base: str, rate: int | None, expected: list[str], tmp_path: Path) -> None:
    assert said(tmp_path, base, **{RATE: rate}) == expected
