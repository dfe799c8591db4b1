"""Places in a file. Lines and columns count characters and start at 1; an end is exclusive."""

from __future__ import annotations

from typing import Any, NamedTuple


class Mark(NamedTuple):
    """One point between two characters."""

    line: int
    column: int


class Span(NamedTuple):
    """From one point to another."""

    start: Mark
    end: Mark

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands there, as behind `key:` without a value."""
        return self.start == self.end


class Place(NamedTuple):
    """Where a value stands, and the key that holds it (for a whole document: its first key)."""

    key: Span | None
    value: Span


FILE_START = Span(Mark(1, 1), Mark(1, 1))


def mark_of(mark: Any) -> Mark:
    """A mark of libyaml, which counts from 0."""
    return Mark(mark.line + 1, mark.column + 1)


def mark_at(text: str, offset: int) -> Mark:
    """The line and column of a character."""
    before = text[:offset]
    breaks = before.count("\n") + before.count("\r") - before.count("\r\n")
    column = offset - max(before.rfind("\n"), before.rfind("\r"))
    return Mark(breaks + 1, column)
