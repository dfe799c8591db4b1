"""A declared file's document: its value, and where everything in it stands."""

from __future__ import annotations

from typing import Any, NamedTuple

from provisioner.documents.built import NOTHING
from provisioner.documents.defect import Defect
from provisioner.documents.place import Mark, Place, Span
from provisioner.documents.pointer import parent
from provisioner.documents.source import Places, Source


class Document(NamedTuple):
    """One document of one file. `value` is what JSON could hold too, or NOTHING."""

    source: Source
    position: int = 0
    value: Any = NOTHING
    line: int = 1
    defects: tuple[Defect, ...] = ()

    @property
    def path(self) -> str:
        """The file, as the user knows it."""
        return self.source.shown

    @property
    def places(self) -> Places:
        """JSON pointer -> place. The first call reads the file's text a second time."""
        all_places = self.source.places
        return all_places[self.position] if self.position < len(all_places) else {}

    def line_of(self, pointer: str) -> int:
        """The line of a value's key; if it has no place of its own, that of what holds it."""
        place = self.place(pointer)
        return (place.key or place.value).start.line

    def place(self, pointer: str) -> Place:
        """Where a value stands; if it has no place of its own, where what holds it stands."""
        places = self.places
        while pointer and pointer not in places:
            pointer = parent(pointer)
        start = Mark(self.line, 1)
        return places.get(pointer, Place(None, Span(start, start)))
