"""A declared file -> its documents: their values, and where everything in them stands.

Nothing raises: what is wrong with a file is an issue of its document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from provisioner.config.file_text import file_bytes, oddities_of, shown_path, stdin_bytes, text_of
from provisioner.config.issue import Issue, Place, Position, Range, Unreadable
from provisioner.config.yaml_text import (
    MISSING,
    Built,
    NextEvent,
    Node,
    build_documents,
    find,
    yaml_events,
)

if TYPE_CHECKING:
    from yaml.error import YAMLError

STDIN = "-"
SHOWN_STDIN = "<stdin>"
_EMPTY = Issue(
    pointer="",
    rule="empty-document",
    message="nothing is declared in this file",
    remedy="declare an email server, or delete the file",
)


class FoundFile(NamedTuple):
    """A file to be read, or why that cannot be. `project`: the folder it belongs to; "" if none."""

    path: str
    project: str = ""
    issue: Issue | None = None


class Source:
    """A file as read, under the path that the user knows it by.

    `project`: the folder of the project that it belongs to; empty if that is not known.
    """

    __slots__ = ("_lines", "_trees", "path", "project", "shown", "text")

    def __init__(self, path: str, *, shown: str = "", project: str = "") -> None:
        self._lines: list[str] | None = None
        self._trees: tuple[int, Node | None, Iterator[Built]] = 0, None, iter(())
        self.path = path
        self.text = ""
        self.shown = shown or path
        self.project = project

    @property
    def name(self) -> str:
        return self.shown.rpartition("/")[2]

    @property
    def is_json(self) -> bool:
        """By the name: a file *.json must be JSON, which is less than YAML allows."""
        return self.shown[-5:].casefold() == ".json"

    @property
    def lines(self) -> list[str]:
        """The lines without their ends. Characters that only some take for ends are refused."""
        if self._lines is None:
            self._lines = self.text.splitlines()
        return self._lines

    def built(self) -> Iterator[Built]:
        """The documents of the text, one after the other."""
        return build_documents(self.events(), partial(_explained, self.text))

    def events(self) -> NextEvent:
        """A function that gives one event of its YAML or JSON a call."""
        if not self.is_json:
            return yaml_events(self.text)
        from provisioner.config.json_text import json_events  # few files are

        return json_events(self.text)

    def tree(self, position: int) -> Node | None:
        """Of a document, the tree of places: read anew, and only the last one that was asked for
        is kept, since few are asked for and they are large.
        """
        at, root, rest = self._trees
        if root is None or at > position:
            at, rest = -1, self.built()
        while at < position:
            built = next(rest, None)
            at, root = at + 1, built.root if built else None
        self._trees = at, root, rest
        return root


class Document(NamedTuple):
    """One document of one file. `value` is what JSON could hold too, or MISSING."""

    source: Source
    position: int = 0
    value: Any = MISSING
    line: int = 1
    issues: tuple[Issue, ...] = ()

    @property
    def path(self) -> str:
        """The file, as the user knows it."""
        return self.source.shown

    @property
    def root(self) -> Node | None:
        """The tree of places; None if the document could not be built."""
        return None if self.value is MISSING else self.source.tree(self.position)

    def line_of(self, pointer: str) -> int:
        """The line of a value's key; if it has no place of its own, that of what holds it."""
        place = self.locate(pointer)
        return (place.key or place.value).start.line

    def locate(self, pointer: str) -> Place:
        """Where a value stands; if it has no place of its own, where what holds it stands."""
        root = self.root
        if root is None:
            start = Position(self.line, 1)
            return Place(None, Range(start, start))
        return find(root, pointer, self.source.lines)[0]

    def place_of(self, pointer: str) -> Place | None:
        """Where a value stands itself; None if it has no place of its own."""
        root = self.root
        place, is_there = find(root, pointer, self.source.lines) if root else (None, False)
        return place if is_there else None


def load_text(text: str, path: str, *, project: str = "") -> list[Document]:
    """The documents of a text as if it lay in a file of that path; like those of standard input
    they cannot be read again.
    """
    source = Source(STDIN, shown=shown_path(path), project=project)
    return _documents(source, text.encode)


def load_found(found: FoundFile) -> list[Document]:
    """The documents of one file that was found, or the one that says why it could not be."""
    if found.path == STDIN:
        return _documents(Source(STDIN, shown=SHOWN_STDIN, project=found.project), stdin_bytes)
    source = Source(found.path, shown=shown_path(found.path), project=found.project)
    if found.issue is not None:
        return [Document(source=source, issues=(found.issue,))]
    return _documents(source, partial(file_bytes, found.path))


def syntax_issue(path: Path) -> Issue | None:
    """What keeps any parser from reading a file as YAML or JSON, whatever the file is for.

    In words that quote nothing of the file; None if it can be read.
    """
    from yaml import YAMLError

    source = Source(str(path))
    try:
        source.text = text_of(file_bytes(path))
        next_event = source.events()
        while next_event() is not None:
            pass
    except Unreadable as found:
        return found.issue
    except YAMLError as error:
        return _explained(source.text, error)
    return None


def _documents(source: Source, read: Callable[[], bytes]) -> list[Document]:
    try:
        raw = read()
        source.text = text_of(raw)
    except Unreadable as found:
        return [Document(source=source, issues=(found.issue,))]
    documents = [
        _as_meant(Document(source, position, built.value, built.line, built.issues))
        for position, built in enumerate(source.built())
    ]
    if not documents:
        documents = [Document(source=source, issues=(_EMPTY,))]
    oddities = oddities_of(raw)
    if oddities:
        documents[0] = documents[0]._replace(issues=(*oddities, *documents[0].issues))
    return documents


def _as_meant(document: Document) -> Document:
    """The document; broken if it is YAML only by chance, such as lines of `key = value`."""
    value = document.value
    if type(value) is dict:
        first = next(iter(value), "server_name")
        if first.isidentifier() or first == "$schema":
            return document
    elif type(value) is not str:
        return document
    from provisioner.config.yaml_errors import unlike_yaml

    issue = unlike_yaml(value, document.source.lines, document.line)
    if issue is None:
        return document
    return document._replace(value=MISSING, issues=(*document.issues, issue))


def _explained(text: str, error: YAMLError) -> Issue:
    """What libyaml stumbled over. Of the text alone: a source that held itself would stay."""
    from provisioner.config.yaml_errors import issue_of

    return issue_of(error, text)
