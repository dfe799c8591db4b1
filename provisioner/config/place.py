"""Places in a file. Lines and columns count characters and start at 1; an end is exclusive."""

from __future__ import annotations

from typing import Any, NamedTuple


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
