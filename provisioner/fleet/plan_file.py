"""The file, or standard input, that a saved plan is read from."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from provisioner.fleet.saved_plan import ANOTHER, PlanRefused, SavedPlan, parsed_plan

_MOST_BYTES = 64 * 1024 * 1024
_STDIN = Path("-")


def read_plan(path: Path) -> SavedPlan:
    """A plan file, or `-` for standard input; PlanRefused if it is none."""
    if path == _STDIN:
        return parsed_plan(sys.stdin.buffer.read(_MOST_BYTES + 1), "standard input")
    try:
        data = _content(path)
    except OSError as error:
        raise PlanRefused(f"{path} cannot be read: {error.strerror}", remedy=ANOTHER) from None
    return parsed_plan(data, str(path))


def _content(path: Path) -> bytes:
    # O_NONBLOCK: a named pipe must not make us wait for a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise PlanRefused(
                f"{path} is no regular file, so no plan is read from it",
                remedy="name the file that `plan --out FILE` wrote, or - for standard input",
            )
        return file.read(_MOST_BYTES + 1)
