"""`{file: PATH}`."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

from provisioner.errors import SecretUnavailable
from provisioner.secret import Secret
from provisioner.secret_sources.context import SourceContext
from provisioner.secret_sources.raw_bytes import read_bounded, secret_from
from provisioner.secret_sources.reference import SecretFile

LONGEST_SECONDS = 10


def read(reference: SecretFile, context: SourceContext) -> Secret:
    """The file's text. A relative path is relative to the project folder."""
    path = context.project_root / reference.path
    try:
        raw = _read(path)
    except OSError as error:
        raise SecretUnavailable(
            f"the file {path} cannot be read: {error.strerror}",
            remedy="paths are relative to the project folder; check the path and who may read it",
        ) from None
    return secret_from(raw, origin=f"the file {path}")


def _read(path: Path) -> bytes:
    """A pipe may hold a secret, as of bash's <(...), or have no writer; a device never ends."""
    # O_NONBLOCK: the opening itself must not wait for a writer.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISREG(mode) or stat.S_ISFIFO(mode):
            return read_bounded(descriptor, time.monotonic() + LONGEST_SECONDS)
    finally:
        os.close(descriptor)
    raise OSError(0, "Is a directory" if stat.S_ISDIR(mode) else "it is a device")
