"""`{file: PATH}`."""

from __future__ import annotations

from provisioner.errors import SecretUnavailable
from provisioner.secret import Secret
from provisioner.secret_sources.context import SourceContext
from provisioner.secret_sources.raw_bytes import MOST_BYTES, secret_from
from provisioner.secret_sources.reference import SecretFile


def read(reference: SecretFile, context: SourceContext) -> Secret:
    """The file's text. A relative path is relative to the project folder."""
    path = context.project_root / reference.path
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise SecretUnavailable(
            f"the file {path} cannot be read: {error.strerror}",
            remedy="paths are relative to the project folder; check the path and who may read it",
        ) from None
    return secret_from(raw, origin=f"the file {path}")
