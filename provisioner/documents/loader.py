"""A path -> Documents. Nothing raises: what is wrong with a file is a defect of its document."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from yaml.error import YAMLError

from provisioner.documents.builder import Built, build_documents
from provisioner.documents.defect import Defect, DefectFound
from provisioner.documents.document import Document
from provisioner.documents.events import events_of
from provisioner.documents.files import declared_files
from provisioner.documents.reading import file_text, shown_path, stdin_text
from provisioner.documents.source import Source
from provisioner.documents.yaml_problems import defect_of

STDIN = "-"


def load(path: str | Path) -> Iterator[Document]:
    """The documents of a file, of all files below a folder, or of standard input (`-`)."""
    if str(path) == STDIN:
        yield from _documents("<stdin>", stdin_text)
        return
    for found in declared_files(path):
        if isinstance(found, str):
            yield from load_file(found)
        else:
            yield Document(source=Source(shown_path(found[0])), defects=(found[1],))


def load_file(path: str | Path) -> list[Document]:
    """The documents of one file: at least one, if only to carry a defect."""
    return _documents(shown_path(path), partial(file_text, path))


def _documents(shown: str, read: Callable[[], str]) -> list[Document]:
    try:
        source = Source(shown, read())
    except DefectFound as found:
        return [Document(source=Source(shown), defects=(found.defect,))]
    documents = [
        Document(source=source, index=index, value=b.value, line=b.line, defects=b.defects)
        for index, b in enumerate(_built(source))
    ]
    return [_with_first_places(document) for document in documents] or [_empty(source)]


def _built(source: Source) -> Iterator[Built]:
    next_event = events_of(source.text, is_json=source.is_json)
    return build_documents(next_event, partial(_explained, source))


def _explained(source: Source, error: YAMLError) -> Defect:
    return defect_of(error, source.lines)


def _with_first_places(document: Document) -> Document:
    """A key that stands twice is marked where it does so; its message names the first line."""
    if not any(defect.rule == "duplicate-key" for defect in document.defects):
        return document
    defects = tuple(_with_first_place(defect, document) for defect in document.defects)
    return replace(document, defects=defects)


def _with_first_place(defect: Defect, document: Document) -> Defect:
    first = document.place(defect.pointer).key
    if defect.rule != "duplicate-key" or first is None:
        return defect
    return replace(defect, message=f"{defect.message}, first on line {first.start.line}")


def _empty(source: Source) -> Document:
    defect = Defect(
        rule="empty-document",
        message="nothing is declared in this file",
        remedy="declare an email server, or delete the file",
    )
    return Document(source=source, defects=(defect,))
