"""Which files below a folder are declared ones."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from provisioner.documents.defect import Defect

Found = str | tuple[str, Defect]

_SUFFIXES = (".yml", ".yaml", ".json")


def declared_files(path: str | Path) -> Iterator[Found]:
    """A path that is no folder: itself. A folder: all *.yml, *.yaml, *.json below it, sorted.

    Hidden files and folders are left out. A folder that cannot be read is (path, defect).
    """
    if not os.path.isdir(path):  # noqa: PTH112
        yield str(path)
        return
    count = 0
    for found in _below(str(path)):
        count += 1
        yield found
    if count == 0:
        yield (
            str(path),
            Defect(
                rule="no-files",
                message="there is no *.yml, *.yaml or *.json file below this folder",
                remedy="name the folder that holds the email servers",
            ),
        )


def _below(folder: str) -> Iterator[Found]:
    """Depth first, without recursion: folders may lie deeper than Python's stack."""
    waiting = [(folder, True)]
    seen: set[tuple[int, int]] = set()
    while waiting:
        path, is_folder = waiting.pop()
        if not is_folder:
            yield path
            continue
        try:
            identity = os.stat(path)  # noqa: PTH116
            children = _children(path)
        except OSError as error:
            yield path, _unreadable(f"the folder cannot be read: {error.strerror}")
            continue
        if (identity.st_dev, identity.st_ino) in seen:
            yield path, _unreadable("this link leads to a folder that is read already")
            continue
        seen.add((identity.st_dev, identity.st_ino))
        waiting.extend(reversed(children))


def _children(folder: str) -> list[tuple[str, bool]]:
    with os.scandir(folder) as entries:
        visible = [entry for entry in entries if not entry.name.startswith(".")]
    children = [(entry.path.removeprefix("./"), _kind(entry)) for entry in visible]
    return sorted((path, kind == "folder") for path, kind in children if kind != "other")


def _kind(entry: os.DirEntry[str]) -> Literal["folder", "file", "other"]:
    try:
        if entry.is_dir():
            return "folder"
    except OSError:  # a link that leads nowhere else: reading it says what is wrong
        return "file"
    return "file" if entry.name.casefold().endswith(_SUFFIXES) else "other"


def _unreadable(message: str) -> Defect:
    remedy = "check the path, and who may read it"
    return Defect(rule="unreadable-file", message=message, remedy=remedy)
