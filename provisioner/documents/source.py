"""One file's text, and where in it everything stands."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from provisioner.documents.plain_files import plain_document

if TYPE_CHECKING:
    from provisioner.documents.places import Places


class Source:
    """A file as read, under the path that the user knows it by.

    `project`: the folder of the project that it belongs to; empty if that is not known.
    """

    def __init__(self, path: str, text: str = "", *, shown: str = "", project: str = "") -> None:
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

    @cached_property
    def lines(self) -> list[str]:
        """The lines without their ends. Characters that only some take for ends are refused."""
        return self.text.splitlines()

    @cached_property
    def places(self) -> list[Places]:
        """One map of places a document."""
        # Only now that something is wrong.
        if not self.is_json and plain_document(self.text) is not None:
            from provisioner.documents.plain_places import plain_places

            return [plain_places(self.text)]
        from provisioner.documents.events import events_of
        from provisioner.documents.places import places_of

        return places_of(events_of(self.text, is_json=self.is_json), self.lines)
