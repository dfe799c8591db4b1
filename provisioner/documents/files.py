"""Which files below a folder are declared ones."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from provisioner.documents.checkout import leads_outside, stray_link
from provisioner.documents.defect import Defect

_SUFFIXES = (".yml", ".yaml", ".json")
_Kind = Literal["folder", "file", "stray", "other"]


class FoundFile(NamedTuple):
    """A file to be read, or why that cannot be. `project`: the folder it belongs to; "" if none."""

    path: str
    project: str = ""
    defect: Defect | None = None


Inside = Callable[[str], "Iterable[FoundFile] | None"]


def declared_files(
    path: str | Path, inside: Inside = lambda _: None, project: str | Path | None = None
) -> Iterator[FoundFile]:
    """A path that is no folder: itself. A folder: all *.yml, *.yaml, *.json below it, sorted.

    Hidden files and folders are left out. A folder that cannot be read has a defect, and so has
    a link out of the checkout of `project`. `inside` may tell what counts in a folder below;
    None: what this function finds there.
    """
    if project is not None and leads_outside(path, project):
        yield FoundFile(str(path), defect=stray_link(path))
        return
    if not os.path.isdir(path):  # noqa: PTH112
        yield FoundFile(str(path))
        return
    count = 0
    for count, found in enumerate(_below(str(path), inside, project), 1):  # noqa: B007
        yield found
    if count == 0:
        yield FoundFile(str(path), defect=_NO_FILES)


_NO_FILES = Defect(
    rule="no-files",
    message="there is no *.yml, *.yaml or *.json file below this folder",
    remedy="name the folder that holds the email servers",
)


def _below(folder: str, inside: Inside, project: str | Path | None) -> Iterator[FoundFile]:
    """Depth first, without recursion: folders may lie deeper than Python's stack."""
    waiting: list[tuple[str, _Kind]] = [(folder, "folder")]
    seen: set[tuple[int, int]] = set()
    while waiting:
        path, kind = waiting.pop()
        if kind != "folder":
            yield FoundFile(path, defect=stray_link(path) if kind == "stray" else None)
            continue
        try:
            identity = os.stat(path)  # noqa: PTH116
            told = inside(path) if seen else None
            children = _children(path, project) if told is None else []
        except OSError as error:
            yield _unreadable(path, f"the folder cannot be read: {error.strerror}")
            continue
        if (identity.st_dev, identity.st_ino) in seen:
            yield _unreadable(path, "this link leads to a folder that is read already")
            continue
        seen.add((identity.st_dev, identity.st_ino))
        yield from told or ()
        waiting.extend(reversed(children))


def _children(folder: str, project: str | Path | None) -> list[tuple[str, _Kind]]:
    with os.scandir(folder) as entries:
        visible = [entry for entry in entries if not entry.name.startswith(".")]
    children = ((entry.path.removeprefix("./"), _kind(entry, project)) for entry in visible)
    return sorted((path, kind) for path, kind in children if kind != "other")


def _kind(entry: os.DirEntry[str], project: str | Path | None) -> _Kind:
    kind = _kind_behind(entry)
    if kind != "other" and project is not None and entry.is_symlink():
        return "stray" if leads_outside(entry.path, project) else kind
    return kind


def _kind_behind(entry: os.DirEntry[str]) -> _Kind:
    try:
        if entry.is_dir():
            return "folder"
    except OSError:  # a link that leads nowhere else: reading it says what is wrong
        return "file"
    return "file" if entry.name.casefold().endswith(_SUFFIXES) else "other"


def _unreadable(path: str, message: str) -> FoundFile:
    remedy = "check the path, and who may read it"
    return FoundFile(path, defect=Defect(rule="unreadable-file", message=message, remedy=remedy))
