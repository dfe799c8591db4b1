"""Where every key and value of a plain file stands, as `places.py` finds it by libyaml."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from provisioner.documents.place import Mark, Place, Span
from provisioner.documents.plain_files import LINE, REFERENCE, entries_of, plain_lines


class _Lines(NamedTuple):
    """Of a value: the line of its key, the first and the last one below it; 0 if there is none."""

    own: int
    below: int
    last: int
    is_referred: bool = False  # NAME in {env: NAME}


class PlainPlaces(Mapping[str, Place]):
    """JSON pointer -> place, of a text of which `plain_document` knows the value.

    Of most files one place is asked for: the others are not looked up.
    """

    def __init__(self, text: str) -> None:
        self._text = plain_lines(text)
        self._lines = _lines_by_pointer(self._text)

    def __getitem__(self, pointer: str) -> Place:
        own, below, last, is_referred = self._lines[pointer]
        if is_referred:
            return self._referred(own)
        key, value = self._key_and_value(own)
        if below:
            first, _ = self._key_and_value(below)
            _, end = self._key_and_value(last)
            value = Span(first.start, end.end)
        return Place(key, value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)

    def _key_and_value(self, line: int) -> tuple[Span, Span]:
        """What is not there stands behind the colon."""
        found = _required(LINE.fullmatch(self._text[line - 1]))
        key = found.span(2)
        value = (key[1] + 1, key[1] + 1)
        if found[3]:
            value = found.start(3), found.start(3) + len(found[3].rstrip(" "))
        return _span(key, line), _span(value, line)

    def _referred(self, line: int) -> Place:
        text = self._text[line - 1]
        found = _required(REFERENCE.search(text, text.index(": ")))
        return Place(_span(found.span(1), line), _span(found.span(2), line))


def _required(found: re.Match[str] | None) -> re.Match[str]:
    if found is None:
        raise AssertionError("a line that was plain is no longer")
    return found


def _lines_by_pointer(text: list[str]) -> dict[str, _Lines]:
    found: dict[str, _Lines] = {}
    holders: list[tuple[int, str]] = [(-1, "")]  # of the line: their indentation and pointer
    for line, entry in enumerate(entries_of(text), 1):
        if entry is None:
            continue
        indent, key, value, _ = entry
        while holders[-1][0] >= indent:
            holders.pop()
        pointer = f"{holders[-1][1]}/{key}"
        for _, holder in holders:
            own, below, _, _ = found.get(holder) or _Lines(line, 0, 0)
            found[holder] = _Lines(own, below or line, line)
        found[pointer] = _Lines(line, 0, 0)
        if type(value) is dict:
            for inner in value:
                found[f"{pointer}/{inner}"] = _Lines(line, 0, 0, is_referred=True)
        holders.append((indent, pointer))
    return found


def _span(offsets: tuple[int, int], line: int) -> Span:
    first, end = offsets
    return Span(Mark(line, first + 1), Mark(line, end + 1))
