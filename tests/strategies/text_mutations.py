"""Texts after a few blind edits: a hundred times as many a second as hypothesis makes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from tests.strategies.yaml_edits import PIECES

_PIECES = (
    *PIECES, "{a: b}", "{env: X}", "{ env: X }", "'x'", '"x"', "'a''b'", ": ", " :", " #", "#",
    "  ", "\n  a: b\n", "\na: 1\n", "$", "\xa0", "\u3000", "\u0301", "---", "\n---\n", "%",
    "\n...\n", "null", "-1", "1e999", ".nan", "- ", ":\n", "a:", "a: ", "1:2",
    "a::b", "a#b", " # c", ":#", "::",
)  # fmt: skip


def _insert(text: str, random: Random) -> str:
    at = random.randrange(len(text) + 1)
    return text[:at] + random.choice(_PIECES) + text[at:]


def _insert_as_value(text: str, random: Random) -> str:
    at = random.choice([at for at, sign in enumerate(text, 1) if sign == ":"] or [0])
    return text[:at] + random.choice(("", " ", "  ")) + random.choice(_PIECES) + text[at:]


def _delete(text: str, random: Random) -> str:
    at = random.randrange(len(text) + 1)
    return text[:at] + text[at + random.choice((1, 1, 2, 5)) :]


def _swap_lines(text: str, random: Random) -> str:
    lines = text.splitlines(keepends=True) or [""]
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return "".join(lines)


def _indent_line(text: str, random: Random) -> str:
    lines = text.splitlines(keepends=True) or [""]
    at = random.randrange(len(lines))
    lines[at] = " " * random.choice((0, 1, 2, 3, 4, 6)) + lines[at].lstrip(" ")
    return "".join(lines)


def _repeat_line(text: str, random: Random) -> str:
    lines = text.splitlines(keepends=True) or [""]
    lines.insert(random.randrange(len(lines)), random.choice(lines))
    return "".join(lines)


_EDITS: tuple[Callable[[str, Random], str], ...] = (
    _insert, _insert, _insert_as_value, _delete, _swap_lines, _indent_line, _repeat_line,
)  # fmt: skip


def mutations(texts: list[str], count: int, seed: int) -> Iterator[str]:
    """So many texts, each after one to three edits."""
    random = Random(seed)
    for _ in range(count):
        text = random.choice(texts)
        for _ in range(random.choice((1, 1, 2, 3))):
            text = random.choice(_EDITS)(text, random)
        yield text
