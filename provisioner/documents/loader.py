"""A path -> Documents. Nothing raises: what is wrong with a file is a defect of its document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.documents.built import Built
from provisioner.documents.defect import Defect, DefectFound
from provisioner.documents.document import Document
from provisioner.documents.files import FoundFile, declared_files
from provisioner.documents.reading import (
    file_bytes,
    oddities_of,
    shown_path,
    stdin_bytes,
    text_of,
)
from provisioner.documents.source import Source

if TYPE_CHECKING:
    from yaml.error import YAMLError

STDIN = "-"
_EMPTY = Defect(
    rule="empty-document",
    message="nothing is declared in this file",
    remedy="declare an email server, or delete the file",
)


def load(path: str | Path) -> Iterator[Document]:
    """The documents of a file, of all files below a folder, or of standard input (`-`)."""
    if str(path) == STDIN:
        yield from load_found(FoundFile(STDIN))
        return
    for found in declared_files(path):
        yield from load_found(found)


def load_file(path: str | Path) -> list[Document]:
    """The documents of one file: at least one, if only to carry a defect."""
    return load_found(FoundFile(str(path)))


def load_text(text: str, path: str, *, project: str = "") -> list[Document]:
    """The documents of a text as if it lay in a file of that path; like those of standard input
    they cannot be read again.
    """
    source = Source(STDIN, shown=shown_path(path), project=project)
    return _documents(source, text.encode)


def load_found(found: FoundFile) -> list[Document]:
    """The documents of one file that was found, or the one that says why it could not be."""
    if found.path == STDIN:
        return _documents(Source(STDIN, shown="<stdin>", project=found.project), stdin_bytes)
    source = Source(found.path, shown=shown_path(found.path), project=found.project)
    if found.defect is not None:
        return [Document(source=source, defects=(found.defect,))]
    return _documents(source, partial(file_bytes, found.path))


def _documents(source: Source, read: Callable[[], bytes]) -> list[Document]:
    try:
        raw = read()
        source.text = text_of(raw)
    except DefectFound as found:
        return [Document(source=source, defects=(found.defect,))]
    documents = [
        _document(source, position, built) for position, built in enumerate(_built(source))
    ] or [Document(source=source, defects=(_EMPTY,))]
    oddities = oddities_of(raw)
    if oddities:
        documents[0] = documents[0]._replace(defects=(*oddities, *documents[0].defects))
    return documents


def _built(source: Source) -> Iterable[Built]:
    plain = source.plain_document()
    return _built_from_events(source) if plain is None else (plain,)


def _built_from_events(source: Source) -> Iterator[Built]:
    """Imports PyYAML, which many a run need not."""
    from provisioner.documents.builder import build_documents
    from provisioner.documents.events import events_of

    def explained(error: YAMLError) -> Defect:
        from provisioner.documents.yaml_problems import defect_of

        return defect_of(error, source.lines)

    return build_documents(events_of(source.text, is_json=source.is_json), explained)


def _document(source: Source, position: int, built: Built) -> Document:
    document = Document(source, position, *built)
    return _with_first_places(document) if built.defects else document


def _with_first_places(document: Document) -> Document:
    """A key that stands twice is marked where it does so; its message names the first line."""
    defects = tuple(_with_first_place(defect, document) for defect in document.defects)
    return document._replace(defects=defects)


def _with_first_place(defect: Defect, document: Document) -> Defect:
    first = document.place(defect.pointer).key if defect.rule == "duplicate-key" else None
    if first is None:
        return defect
    return defect._replace(message=f"{defect.message}, first on line {first.start.line}")
