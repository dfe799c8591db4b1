"""What the project's own certificate authorities are known by."""

from __future__ import annotations

import hashlib
from pathlib import Path

_MOST_BYTES = 4 * 1024 * 1024
_NONE = "none"


def ca_file_digest(path: Path | None) -> str:
    """SHA-256 of the file's content. One that cannot be read is told by what wants to use it."""
    if path is None:
        return _NONE
    try:
        if not path.is_file():
            return "no file"
        with path.open("rb") as file:
            return "SHA-256 " + hashlib.sha256(file.read(_MOST_BYTES)).hexdigest()
    except OSError:
        return "unreadable"
