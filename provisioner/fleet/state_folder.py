"""`.provisioner/` of a project: its lock and its journals. Never in git, readable by its owner."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Callable
from pathlib import Path

from provisioner.errors import FleetError


def state_folder(root: Path) -> Path:
    """The folder, made if it is not there. FleetError for what a checkout may have put there."""
    folder = root / ".provisioner"
    ignored = folder / ".gitignore"
    refuse_strange(folder, stat.S_ISDIR)
    refuse_strange(ignored, stat.S_ISREG)
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        if not ignored.exists():
            ignored.write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise not_writable(folder, error) from None
    _refuse_open(folder)
    return folder


def not_writable(path: Path, error: OSError) -> FleetError:
    """The error for what a push cannot write in there: read-only, no place, not allowed."""
    return FleetError(
        f"{path} cannot be written: {error.strerror}",
        remedy="a push keeps its lock and its journal there: make the project folder writable, "
        "and make room on its disk",
    )


def _refuse_open(folder: Path) -> None:
    """FleetError where others could write a journal, and so what --resume goes on with."""
    if folder.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise FleetError(
            f"other users can write to {folder}, where the journals lie",
            remedy=f"make it yours alone: chmod 700 {shlex.quote(str(folder))}",
        )


def refuse_strange(path: Path, is_right: Callable[[int], bool]) -> None:
    """FleetError unless it is absent or of the right kind: links may lead anywhere."""
    if os.path.lexists(path) and not is_right(path.lstat().st_mode):
        raise FleetError(f"{path} is not what a push makes there", remedy="look at it, remove it")
