"""JSON (RFC 8259) as the events that libyaml gives, so that one builder serves both.

libyaml itself is no reader of JSON: it takes comments and trailing commas, and refuses
the surrogate pairs by which JSON writes characters beyond U+FFFF.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NoReturn

from yaml.error import Mark
from yaml.events import (
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from provisioner.documents.defect import Defect, DefectFound
from provisioner.documents.place import Span, mark_at

_BLANKS = re.compile(r"[ \t\r\n]*")
_TEXT = re.compile(r'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+"')
_WORD = re.compile(r"(?:-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|true|false|null)\b")
_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


class JsonEvents:
    """The events of one JSON text; `next` gives one at a time, as libyaml's parser does."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line_starts = [0, *(found.end() for found in _LINE_BREAK.finditer(text))]
        self._events = self._document()

    def next(self) -> Event | None:
        """The next event; None after the last."""
        return next(self._events, None)

    def _document(self) -> Iterator[Event]:
        if self._peek() == "":
            return
        yield DocumentStartEvent(self._mark(), self._mark())
        yield from self._value()
        if self._peek() != "":
            self._fail("something follows after the end of the JSON value")
        yield DocumentEndEvent(self._mark(), self._mark())

    def _value(self) -> Iterator[Event]:
        sign = self._peek()
        if sign == "{":
            yield from self._mapping()
        elif sign == "[":
            yield from self._sequence()
        elif sign == '"':
            yield self._quoted()
        else:
            yield self._unquoted()

    def _mapping(self) -> Iterator[Event]:
        yield MappingStartEvent(None, None, True, *self._step())
        if self._peek() != "}":
            yield from self._member()
            while self._more("}"):
                yield from self._member()
        yield MappingEndEvent(*self._step())

    def _member(self) -> Iterator[Event]:
        if self._peek() != '"':
            self._fail("a key in double quotes is missing here")
        yield self._quoted()
        if self._peek() != ":":
            self._fail("a colon is missing here, between a key and its value")
        self._step()
        yield from self._value()

    def _sequence(self) -> Iterator[Event]:
        yield SequenceStartEvent(None, None, True, *self._step())
        if self._peek() != "]":
            yield from self._value()
            while self._more("]"):
                yield from self._value()
        yield SequenceEndEvent(*self._step())

    def _more(self, end: str) -> bool:
        sign = self._peek()
        if sign == ",":
            self._step()
            if self._peek() == end:
                self._fail("JSON has no comma after the last entry")
        elif sign != end:
            self._fail(f"a comma or {end} is missing here")
        return sign == ","

    def _quoted(self) -> ScalarEvent:
        found = _TEXT.match(self._text, self._at)
        if found is None:
            self._fail(
                "this text in double quotes does not end, or has a sign that must be escaped"
            )
        value = json.loads(found.group())
        if _SURROGATE.search(value):
            self._fail(r"half of a surrogate pair (\ud800 to \udfff) stands alone here")
        return ScalarEvent(None, None, (False, True), value, *self._step(found.end()))

    def _unquoted(self) -> ScalarEvent:
        found = _WORD.match(self._text, self._at)
        if found is None:
            self._fail("a value is missing here, or is not written as JSON writes it")
        return ScalarEvent(None, None, (True, False), found.group(), *self._step(found.end()))

    def _peek(self) -> str:
        blanks = _BLANKS.match(self._text, self._at)
        self._at = blanks.end() if blanks else self._at
        return self._text[self._at : self._at + 1]

    def _step(self, end: int | None = None) -> tuple[Mark, Mark]:
        """Go on to `end`, or over one sign: the marks of what was passed."""
        start = self._mark()
        self._at = self._at + 1 if end is None else end
        return start, self._mark()

    def _mark(self) -> Mark:
        line = bisect_right(self._line_starts, self._at) - 1
        return Mark("", self._at, line, self._at - self._line_starts[line], None, 0)

    def _fail(self, message: str) -> NoReturn:
        start, end = mark_at(self._text, self._at), mark_at(self._text, self._at + 1)
        if self._at >= len(self._text):
            message, end = "the file ends before its JSON does", start
        remedy = "compare with https://www.json.org, or write the file as YAML (*.yml)"
        raise DefectFound(
            Defect(rule="syntax", message=message, remedy=remedy, span=Span(start, end))
        )
