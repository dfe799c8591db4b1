"""The names that a secret is recognized by: of the place it is read from, and of its value.

By its value a secret is recognized wherever a copied reference reads it from: another variable
that holds the same, a link, the same vault text written in another way.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from pathlib import Path

from provisioner.secret import Secret
from provisioner.secret_sources.reference import (
    Command,
    EnvironmentVariable,
    KeyringEntry,
    SecretFile,
    SecretReference,
)


def source_names(
    reference: SecretReference, secret: Secret, *, digest_key: Secret, root: Path
) -> frozenset[str]:
    """Names that tell nothing of the secret to whoever lacks `digest_key` (hexadecimal)."""
    value = hmac.new(bytes.fromhex(digest_key.reveal()), secret.reveal().encode(), hashlib.sha256)
    return frozenset({f"value:{value.hexdigest()[:32]}", *_place(reference, root)})


def _place(reference: SecretReference, root: Path) -> Iterator[str]:
    """Plain text and vault text have no place but the declared file: only their value counts."""
    match reference:
        case EnvironmentVariable(name):
            yield f"env:{name}"
        case SecretFile(path):
            yield f"file:{_file_name((root / path).resolve(), root.resolve())}"
        case KeyringEntry(service, name):
            yield f"keyring:{service}/{name}"
        case Command(argv):
            yield "command:" + hashlib.sha256("\0".join(argv).encode()).hexdigest()[:32]


def _file_name(path: Path, root: Path) -> str:
    """In the project relative, so that it is the same file in every checkout."""
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
