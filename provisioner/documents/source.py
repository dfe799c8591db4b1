"""One file's text, and where in it everything stands."""

from __future__ import annotations

from collections.abc import Mapping

from provisioner.documents.built import Built
from provisioner.documents.place import Place
from provisioner.documents.plain_files import plain_document

Places = Mapping[str, Place]


class Source:
    """A file as read, under the path that the user knows it by.

    `project`: the folder of the project that it belongs to; empty if that is not known.
    """

    __slots__ = ("_is_plain", "_lines", "_places", "path", "project", "shown", "text")

    def __init__(self, path: str, text: str = "", *, shown: str = "", project: str = "") -> None:
        self._is_plain: bool | None = None
        self._lines: list[str] | None = None
        self._places: list[Places] | None = None
        self.path = path
        self.text = text
        self.shown = shown or path
        self.project = project

    @property
    def name(self) -> str:
        """The file's name without its folder."""
        return self.shown.rpartition("/")[2]

    @property
    def is_json(self) -> bool:
        """By the name: a file *.json must be JSON, which is less than YAML allows."""
        return self.shown[-5:].casefold() == ".json"

    def plain_document(self) -> Built | None:
        """The one document of a plain text; None: libyaml has to read it."""
        built = None if self.is_json else plain_document(self.text)
        self._is_plain = built is not None
        return built

    @property
    def lines(self) -> list[str]:
        """The lines without their ends. Characters that only some take for ends are refused."""
        if self._lines is None:
            self._lines = self.text.splitlines()
        return self._lines

    @property
    def places(self) -> list[Places]:
        """One map of places a document, made only now that something is wrong."""
        if self._places is None:
            self._places = self._all_places()
        return self._places

    def _all_places(self) -> list[Places]:
        if self._is_plain is None:
            self.plain_document()
        if self._is_plain:
            from provisioner.documents.plain_places import PlainPlaces

            return [PlainPlaces(self.text)]
        from provisioner.documents.events import events_of
        from provisioner.documents.places import places_of

        return list(places_of(events_of(self.text, is_json=self.is_json), self.lines))
