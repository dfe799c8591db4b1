"""The folder one Ansible run lives in: 0700, in memory where there is tmpfs, gone at the end."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_MEMORY = Path("/dev/shm")  # noqa: S108  the kernel's tmpfs: secrets never reach a disk


@contextmanager
def run_folder() -> Iterator[Path]:
    """A fresh private folder; removed whatever happens."""
    parent = _MEMORY if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK | os.X_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="maps-provisioner-", dir=parent))  # mkdtemp: 0700
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_private_json(path: Path, content: dict[str, Any]) -> None:
    """Write a new file that only its owner can read, from its first byte on."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False)
