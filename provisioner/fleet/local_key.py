"""The fingerprint key of a project that delivers no tokens, and so needs no vault key."""

from __future__ import annotations

import os
import re
import secrets
import stat
from pathlib import Path

from provisioner.deploy.state_dir import refuse_unexpected as refuse_strange
from provisioner.deploy.state_dir import state_dir as state_folder
from provisioner.errors import FleetError

_KEY = re.compile(r"[0-9a-f]{64}")


def local_fingerprint_key(root: Path, *, keep: bool) -> str:
    """The key in `.provisioner/`; made there if `keep`, else one that nobody will have again."""
    path = root / ".provisioner" / "fingerprint-key"
    refuse_strange(path.parent, stat.S_ISDIR)
    refuse_strange(path, stat.S_ISREG)
    if path.exists():
        return _read(path)
    key = secrets.token_hex(32)
    if keep:
        state_folder(root)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(key + "\n")
    return key


def _read(path: Path) -> str:
    text = path.read_text(encoding="ascii", errors="replace").strip()
    if path.stat().st_uid != os.geteuid() or not _KEY.fullmatch(text):
        raise FleetError(
            f"{path} is not a key of yours",
            remedy="remove it; saved plans and unfinished pushes of it hold no longer then",
        )
    return text
