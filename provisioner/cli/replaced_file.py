"""Text into a file: whoever reads it sees the old or the new content, whole."""

from __future__ import annotations

import os
import secrets
from functools import partial
from pathlib import Path


def replace_text(path: Path, text: str, *, mode: int = 0o666) -> None:
    """Write UTF-8; OSError if that cannot be done, and then the old content is still there.

    What a link leads to is replaced, not the link. A device or a pipe is written to.
    `mode`: who may read and write the file from its birth on, less the umask.
    """
    content = text.encode("utf-8", "backslashreplace")
    if path.exists() and not path.is_file():
        path.write_bytes(content)  # of a folder, this says what is wrong
        return
    target = Path(os.path.realpath(path))
    # A name of its own length: one that is appended to could become too long.
    temporary = target.with_name(f".provisioner-{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "xb", opener=partial(os.open, mode=mode)) as file:
            file.write(content)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
