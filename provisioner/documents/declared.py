"""What `validate` was asked to look at -> Documents."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from provisioner.documents.document import Document
from provisioner.documents.loader import STDIN, load
from provisioner.documents.project_files import is_project, server_documents, settings_documents


def documents_at(paths: Iterable[str]) -> Iterator[Document]:
    """Files, folders, projects' folders, standard input; what is named twice is read once."""
    asked = tuple(paths)
    if len(asked) == 1:
        yield from _documents_at(asked[0])
        return
    seen: set[tuple[str, int]] = set()
    for path in asked:
        for document in _documents_at(path):
            identity = (os.path.realpath(document.path), document.index)  # ./a.yml is a.yml
            if identity not in seen:
                seen.add(identity)
                yield document


def project_documents(root: Path) -> Iterator[Document]:
    """A project's settings and all its servers."""
    settings = settings_documents(root)
    yield from settings
    yield from server_documents(root, settings)


def _documents_at(path: str) -> Iterator[Document]:
    if path != STDIN and is_project(Path(path)):
        return project_documents(Path(path))
    return load(path)
