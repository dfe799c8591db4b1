"""What `validate` was asked to look at -> the files to be read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from provisioner.documents.document import Document
from provisioner.documents.files import FoundFile, declared_files
from provisioner.documents.loader import STDIN
from provisioner.documents.project_files import (
    files_of_project,
    is_project,
    load_declared,
    project_around,
)


def files_at(paths: Iterable[str]) -> Iterator[FoundFile]:
    """Files, folders, projects' folders, standard input; what is named twice is read once."""
    asked = tuple(paths)
    if len(asked) == 1:
        yield from _files_at(asked[0])
        return
    seen: set[str] = set()
    for path in asked:
        for found in _files_at(path):
            identity = os.path.realpath(found.path)  # ./a.yml is a.yml
            if identity not in seen:
                seen.add(identity)
                yield found


def documents_of(files: Iterable[FoundFile]) -> Iterator[Document]:
    """The documents of all files, one file after the other."""
    for found in files:
        yield from load_declared(found)


def documents_at(paths: Iterable[str]) -> Iterator[Document]:
    """The documents of everything that was named."""
    return documents_of(files_at(paths))


def _files_at(path: str) -> Iterator[FoundFile]:
    if path == STDIN:
        yield FoundFile(path)
        return
    if is_project(Path(path)):
        yield from files_of_project(Path(path))
        return
    folder = Path(path) if os.path.isdir(path) else Path(path).parent  # noqa: PTH112
    project = _project_around(folder)
    around: dict[str, str] = {}
    for found in declared_files(path, _inside, project):
        folder_of_file = os.path.dirname(found.path)  # noqa: PTH120
        if folder_of_file not in around:
            around[folder_of_file] = str(_project_around(folder_of_file) or "")
        yield found if found.project else found._replace(project=around[folder_of_file])


def _project_around(folder: str | Path) -> Path | None:
    return project_around(Path(os.path.abspath(folder)))  # noqa: PTH100  # no `..` in its parents


def _inside(folder: str) -> Iterator[FoundFile] | None:
    """Of a project that lies deeper, what is the project's: its inventory, say, is not ours."""
    return files_of_project(Path(folder)) if is_project(Path(folder)) else None
