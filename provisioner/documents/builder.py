"""Parser events -> plain values, as JSON knows them, and the defects met on the way.

Iterating over events instead of libyaml's own composer keeps depth, aliases and size in
our hands: nothing is built that a limit forbids.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from yaml.error import YAMLError
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from provisioner.documents.built import NOTHING, Built
from provisioner.documents.core_schema import plain_value
from provisioner.documents.defect import Defect, DefectFound, DefectRule
from provisioner.documents.limits import MOST_DOCUMENTS, MOST_LEVELS, MOST_VALUES
from provisioner.documents.place import Span, mark_of
from provisioner.documents.pointer import pointer_to
from provisioner.documents.tags import key_tag_defect, tag_defect, tagged_value

NextEvent = Callable[[], Event | None]
_EMPTY = "declare an email server, or remove the line `---` that begins it"


def build_documents(
    next_event: NextEvent, explain: Callable[[YAMLError], Defect]
) -> Iterator[Built]:
    """All documents of a stream, up to the first defect that ends reading."""
    count = 0
    try:
        while (event := next_event()) is not None:
            if type(event) is DocumentStartEvent:
                count += 1
                built = _Builder(next_event, explain).document(count)
                yield built
                if built.value is NOTHING:
                    return
    except YAMLError as error:
        yield _broken(explain(error))
    except DefectFound as found:
        yield _broken(found.defect)


def _broken(defect: Defect, *earlier: Defect) -> Built:
    return Built(NOTHING, defect.span.start.line, (*earlier, defect))


class _Builder:
    """Builds one document. Scalars in mappings and lists, which most values are, go short ways."""

    def __init__(self, next_event: NextEvent, explain: Callable[[YAMLError], Defect]) -> None:
        self._next_event: Any = next_event
        self._explain = explain
        self._values_left = MOST_VALUES
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._path: list[str | int] = []
        self._defects: list[Defect] = []

    def document(self, number: int) -> Built:
        try:
            event = self._next_event()
            if number > MOST_DOCUMENTS:
                self._stop(event, f"more than {MOST_DOCUMENTS:,} documents in one file")
            value = self._value(event)
            if value is None:
                self._note("empty-document", event, "nothing is declared in this document", _EMPTY)
        except DefectFound as found:
            return _broken(found.defect, *self._defects)
        except YAMLError as error:
            return _broken(self._explain(error), *self._defects)
        return Built(value, event.start_mark.line + 1, tuple(self._defects))

    def _stop(self, event: Event, message: str) -> NoReturn:
        remedy = "an email server needs far less; split the file"
        raise DefectFound(self._defect("too-large", event, message, remedy))

    def _spend(self, event: Event) -> None:
        self._values_left -= 1
        if self._values_left < 0:
            self._stop(event, f"more than {MOST_VALUES:,} values, those of aliases counted")

    def _value(self, event: Any) -> Any:
        self._spend(event)
        left = self._values_left
        kind = type(event)
        if kind is AliasEvent:
            return self._alias(event)
        if kind is ScalarEvent:
            value = self._scalar(event)
        elif kind is MappingStartEvent:
            value = self._mapping(event)
        else:
            value = self._sequence(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = value, left + 1 - self._values_left
        return value

    def _scalar(self, event: ScalarEvent) -> Any:
        if event.tag is None:
            value = plain_value(event.value) if event.implicit[0] else event.value
        else:
            value = tagged_value(event)
            self._note_tag(event)
        if type(value) is float and not math.isfinite(value):
            self._note(
                "syntax", event, "this is no number that JSON knows", "put it into quotes if text"
            )
            return None
        return value

    def _mapping(self, start: Event) -> dict[str, Any]:
        self._open(start)
        next_event, path = self._next_event, self._path
        built: dict[str, Any] = {}
        while type(event := next_event()) is not MappingEndEvent:
            if type(event) is not ScalarEvent:
                self._refuse_key(event)
            key = event.value  # the text that stands there: `587: x` has the key "587", as in JSON
            path.append(key)
            if event.tag is not None:
                self._note_key_tag(event)
            if key in built:
                self._note_duplicate(event)
                self._value(next_event())
            else:
                built[key] = self._value(next_event())
            path.pop()
        return built

    def _refuse_key(self, event: Event) -> NoReturn:
        message = "a key must be plain text; here a list, a mapping or an alias stands"
        remedy = "put text that begins with { [ or * into quotes; templates are not rendered"
        raise DefectFound(self._defect("syntax", event, message, remedy))

    def _sequence(self, start: Event) -> list[Any]:
        self._open(start)
        built: list[Any] = []
        while type(event := self._next_event()) is not SequenceEndEvent:
            self._path.append(len(built))
            built.append(self._value(event))
            self._path.pop()
        return built

    def _open(self, start: Event) -> None:
        if len(self._path) >= MOST_LEVELS:
            self._stop(start, f"more than {MOST_LEVELS} levels of nesting")
        if isinstance(start, NodeEvent) and getattr(start, "tag", None) is not None:
            self._note_tag(start)

    def _alias(self, event: Any) -> Any:
        if event.anchor not in self._anchors:
            message = "no anchor of this name is complete before this place"
            self._note("syntax", event, message, "write `&name` at the value that is meant")
            return None
        value, size = self._anchors[event.anchor]
        self._values_left -= size - 1
        return value

    def _note_tag(self, event: Event) -> None:
        words = tag_defect(event)
        if words is not None:
            self._note("unknown-tag", event, *words)

    def _note_key_tag(self, event: Event) -> None:
        words = key_tag_defect(event)
        if words is not None:
            self._note("unknown-tag", event, *words)

    def _note_duplicate(self, event: Event) -> None:
        message = "this key stands here for the second time"
        self._note("duplicate-key", event, message, "keep one of the two")

    def _note(self, rule: DefectRule, event: Event, message: str, remedy: str) -> None:
        self._defects.append(self._defect(rule, event, message, remedy))

    def _defect(self, rule: DefectRule, event: Event, message: str, remedy: str) -> Defect:
        span = Span(mark_of(event.start_mark), mark_of(event.end_mark))
        pointer = pointer_to(self._path)
        return Defect(rule=rule, message=message, remedy=remedy, span=span, pointer=pointer)
