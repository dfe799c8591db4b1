"""Where every key and value of a file stands: a second pass, made only when something is wrong."""

from __future__ import annotations

import contextlib
from typing import Any

from yaml.error import YAMLError
from yaml.events import (
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from provisioner.documents.builder import NextEvent
from provisioner.documents.defect import DefectFound
from provisioner.documents.limits import MOST_LEVELS, MOST_VALUES
from provisioner.documents.place import Mark, Place, Span, mark_of
from provisioner.documents.pointer import escaped

Places = dict[str, Place]


def places_of(next_event: NextEvent, lines: list[str]) -> list[Places]:
    """For each document: JSON pointer -> place, as far as the file can be read.

    Of a key that stands twice, the first place counts, as its value does.
    """
    found: list[Places] = []
    with contextlib.suppress(YAMLError, DefectFound, _Unbuilt):
        while (event := next_event()) is not None:
            if type(event) is DocumentStartEvent:
                found.append({})
                _Surveyor(next_event, lines, found[-1]).survey(_required(next_event()))
    return found


class _Unbuilt(Exception):
    """The builder has stopped here, or earlier: what follows has no value."""


class _Surveyor:
    """Notes the places of one document."""

    def __init__(self, next_event: NextEvent, lines: list[str], places: Places) -> None:
        self._next_event = next_event
        self._lines = lines
        self._places = places
        self._last_end = Mark(1, 1)
        self._values_left = MOST_VALUES

    def survey(self, root: Event) -> None:
        self._value(root, "", None, 0)

    def _value(self, event: Any, pointer: str, key: Span | None, level: int) -> None:
        self._values_left -= 1
        if level > MOST_LEVELS or self._values_left < 0:
            raise _Unbuilt
        start = mark_of(event.start_mark)
        self._places.setdefault(pointer, Place(key, Span(start, start)))
        noted = self._places[pointer]
        if type(event) is MappingStartEvent:
            self._mapping(pointer, level + 1)
        elif type(event) is SequenceStartEvent:
            self._sequence(pointer, level + 1)
        else:
            self._last_end = self._end(event)
        if noted.value.start == start:
            first_key = self._places[pointer].key  # of the whole document
            self._places[pointer] = Place(key or first_key, Span(start, self._last_end))

    def _mapping(self, pointer: str, level: int) -> None:
        while type(event := _required(self._next_event())) is not MappingEndEvent:
            if type(event) is not ScalarEvent:
                raise _Unbuilt
            key = Span(mark_of(event.start_mark), self._end(event))
            self._last_end = key.end
            if pointer == "" and self._places[""].key is None:
                self._places[""] = Place(key, self._places[""].value)
            below = f"{pointer}/{escaped(event.value)}"
            self._value(_required(self._next_event()), below, key, level)
        self._close(event)

    def _sequence(self, pointer: str, level: int) -> None:
        index = 0
        while type(event := _required(self._next_event())) is not SequenceEndEvent:
            self._value(event, f"{pointer}/{index}", None, level)
            index += 1
        self._close(event)

    def _close(self, event: Any) -> None:
        """A bracket ends what it closes; in block style the last value does."""
        if event.start_mark.column != event.end_mark.column:
            self._last_end = mark_of(event.end_mark)

    def _end(self, event: Event) -> Mark:
        """libyaml ends a block scalar on the line below it; here its last line ends it."""
        start, end = mark_of(event.start_mark), mark_of(event.end_mark)
        if end.column > 1 or end.line == start.line:
            return end
        line = end.line - 1
        while line > start.line and not self._lines[line - 1].strip():
            line -= 1
        return Mark(line, len(self._lines[line - 1]) + 1)


def _required(event: Event | None) -> Event:
    if event is None:
        raise _Unbuilt
    return event
