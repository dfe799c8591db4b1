"""Bytes from a file or a program -> a secret."""

from __future__ import annotations

from provisioner.errors import SecretUnavailable
from provisioner.secret import Secret

MOST_BYTES = 64 * 1024


def secret_from(raw: bytes, *, origin: str) -> Secret:
    """The secret in these bytes: UTF-8, one line break at the end is not part of it."""
    if len(raw) > MOST_BYTES:
        raise SecretUnavailable(
            f"{origin} holds more than {MOST_BYTES // 1024} KiB",
            remedy="a secret is one short line: is this the right one?",
        )
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise SecretUnavailable(
            f"{origin} is not UTF-8 text", remedy="save the secret as plain UTF-8 text"
        ) from None
    return Secret(text.removesuffix("\n").removesuffix("\r"))
