"""A line that cannot be read is shown only if it is certain to show no secret."""

from __future__ import annotations

import pytest

from provisioner.config.place import Position, Range
from provisioner.lint.excerpt_of_line import excerpt_of_line
from provisioner.lint.schema import schema_named

CANARY = "hunter2CANARY"


def shown(text: str, line: int, column: int) -> tuple[str, str] | None:
    """The line as it is shown, and what is marked of it."""
    span = Range(Position(line, column), Position(line, column + 1))
    excerpt = excerpt_of_line(span, text.split("\n"), schema_named("email-server"))
    if excerpt is None:
        return None
    start = excerpt.mark_start
    return excerpt.text, excerpt.text[start : start + excerpt.mark_length]


@pytest.mark.parametrize(
    ("text", "line", "column", "expected"),
    [
        ("port: [25", 1, 7, ("port: [25", "[")),
        ("a: b\nhost: x: y", 2, 8, ("host: x: y", ":")),
        ("logging:\n  enabled: [", 2, 12, ("  enabled: [", "[")),
        ("oauth2:\n  client_id: [", 2, 14, ("  client_id: [", "[")),
        ("\tport: 25", 1, 1, ("→port: 25", "→")),
        (f"port: [25 # {CANARY}", 1, 7, ("port: [25", "[")),
        (' "port": 25,', 1, 10, (' "port": 25,', "2")),
        ("port: 25", 1, 40, ("port: 25", "")),
        (f'password: "{CANARY}', 1, 11, ("password: ***", "***")),
        (f'oauth2:\n  client_secret: "{CANARY}', 2, 18, ("client_secret: ***", "***")),
        ("- port: [25", 1, 9, ("- port: [25", "[")),
        ("port: 2\x1b[31m[", 1, 7, ("port: 2\ufffd[31m[", "2")),
    ],
)
def test_an_open_line_is_shown(
    text: str, line: int, column: int, expected: tuple[str, str]
) -> None:
    assert shown(text, line, column) == expected


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (CANARY, 1),
        (f"pasword: [{CANARY}", 1),
        (f"host: x, password: {CANARY}", 1),
        (f"user_name: x client-secret {CANARY}", 1),
        (f"host: $ANSIBLE_VAULT;{CANARY}", 1),
        (f"host: https://user:{CANARY}@example.edu", 1),
        (f'client_secret: "begins\n  host: {CANARY}', 2),
        (f"password: |\n\n    host: {CANARY}", 3),
        (f"oauth2:\n  client_secret:\n      host: {CANARY}", 3),
        (f"pasword: begins\n  host: {CANARY}", 2),
        (f"# a comment\n  host: {CANARY}", 2),
        ("oauth2:\n  client_id: [GOCSPX-CANARYS-EXAMPLE-EXAMPLE-EXAM]", 2),
        ("oauth2:\n  client_id: 'CAN8Q~CANARYCANARYCANARYCANARYCANARYCA", 2),
        ("port: 25", 7),
    ],
)
def test_what_may_be_a_secret_is_not(text: str, line: int) -> None:
    assert shown(text, line, 3) is None
