"""Where every key and value of a plain file stands, as `places.py` finds it by libyaml."""

from __future__ import annotations

import re

from provisioner.documents.place import FILE_START, Mark, Place, Span
from provisioner.documents.plain_files import LINE, REFERENCE, plain_lines

Places = dict[str, Place]


def plain_places(text: str) -> Places:
    """JSON pointer -> place, of a text of which `plain_document` knows the value."""
    places: Places = {}
    holders: list[tuple[int, str]] = []  # of the line: their indentation and pointer
    for line, found in enumerate(map(LINE.fullmatch, plain_lines(text)), 1):
        if found is not None and found[2]:
            indent = len(found[1])
            while holders and holders[-1][0] >= indent:
                holders.pop()
            pointer = f"{holders[-1][1] if holders else ''}/{found[2]}"
            places[pointer] = _place(found, line)
            _widen(places, ["", *(holder for _, holder in holders)], places[pointer])
            _note_reference(places, pointer, found, line)
            holders.append((indent, pointer))
    return places


def _place(found: re.Match[str], line: int) -> Place:
    """What is not there stands behind the colon."""
    key = found.span(2)
    value = (key[1] + 1, key[1] + 1)
    if found[3]:
        value = found.start(3), found.start(3) + len(found[3].rstrip(" "))
    return Place(_span(key, line), _span(value, line))


def _widen(places: Places, holders: list[str], inner: Place) -> None:
    """What holds a value reaches from its own first key to the value's end."""
    for pointer in holders:
        key, value = places.get(pointer, Place(inner.key, FILE_START))
        start = inner.key.start if value.is_empty and inner.key else value.start
        places[pointer] = Place(key, Span(start, inner.value.end))


def _note_reference(places: Places, pointer: str, found: re.Match[str], line: int) -> None:
    inside = REFERENCE.match(found[3] or "")
    if inside is not None:
        start = found.start(3)
        key, value = (_span(inside.span(part), line, start) for part in (1, 2))
        places[f"{pointer}/{inside[1]}"] = Place(key, value)


def _span(offsets: tuple[int, int], line: int, start: int = 0) -> Span:
    first, end = offsets
    return Span(Mark(line, start + first + 1), Mark(line, start + end + 1))
