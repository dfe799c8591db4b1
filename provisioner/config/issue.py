"""What is wrong with a declared file, and places in it.

Lines and columns count characters and start at 1; an end is exclusive.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal, NamedTuple


class Position(NamedTuple):
    """One point between two characters."""

    line: int
    column: int


class Range(NamedTuple):
    """From one point to another."""

    start: Position
    end: Position

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands there, as behind `key:` without a value."""
        return self.start == self.end


class Place(NamedTuple):
    """Where a value stands, and the key that holds it (for a whole document: its first key)."""

    key: Range | None
    value: Range


FILE_START = Range(Position(1, 1), Position(1, 1))


def position_of(mark: Any) -> Position:
    """A mark of libyaml, which counts from 0."""
    return Position(mark.line + 1, mark.column + 1)


def position_at(text: str, offset: int) -> Position:
    """The line and column of a character."""
    before = text[:offset]
    breaks = before.count("\n") + before.count("\r") - before.count("\r\n")
    column = offset - max(before.rfind("\n"), before.rfind("\r"))
    return Position(breaks + 1, column)


# The rules of what reads files. Those of the schema and of `lint/checks/` have their own ids.
ReaderRule = Literal[
    "byte-order-mark",
    "control-character",
    "duplicate-key",
    "empty-document",
    "encoding",
    "line-ends",
    "no-files",
    "other-suffix",
    "outside-checkout",
    "second-settings",
    "syntax",
    "too-large",
    "unknown-tag",
    "unreadable-file",
]


class Severity(StrEnum):
    """Errors make a project unusable; warnings are advice."""

    ERROR = "error"
    WARNING = "warning"


class Issue(NamedTuple):
    """Our own words; never a key or a value of the file, since it may be a secret.

    `at`: what of the value is marked; `part`: between which characters of its text, if not all of
    it. `rule` and `severity` of a check's issue are filled in by
    whoever asked it. `range`: where it is, if what
    reads the file says it: there may be no document yet in which a pointer could lead there.
    `fix`: what should stand at the marked place, where that is certain.
    """

    pointer: str
    message: str
    remedy: str
    at: Literal["key", "value"] = "value"
    rule: str = ""
    severity: Severity = Severity.ERROR
    range: Range = FILE_START
    fix: str | int | bool | None = None
    part: tuple[int, int] | None = None


class Unreadable(Exception):
    """Reading cannot go on. Caught where files are read, and by whoever reads bytes."""

    def __init__(self, issue: Issue) -> None:
        super().__init__(issue.message)
        self.issue = issue
