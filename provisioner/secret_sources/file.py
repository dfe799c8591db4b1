"""`{file: PATH}`."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from provisioner.errors import SecretUnavailable
from provisioner.secret import Secret
from provisioner.secret_sources.context import SourceContext
from provisioner.secret_sources.raw_bytes import MOST_BYTES, secret_from
from provisioner.secret_sources.reference import SecretFile


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
    """At most a little more than a secret may have. A pipe would wait for a writer, a device
    might never end: neither is opened for real."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK)
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise OSError(0, "Is a directory" if stat.S_ISDIR(mode) else "it is a pipe or a device")
    with os.fdopen(descriptor, "rb") as file:
        return file.read(MOST_BYTES + 1)
