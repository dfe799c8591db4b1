"""Bytes from a file or a program -> a secret."""

from __future__ import annotations

import os
import select
import time

from provisioner.errors import SecretUnavailable
from provisioner.secret import Secret

MOST_BYTES = 64 * 1024


def read_bounded(descriptor: int, deadline: float) -> bytes:
    """What comes before the end, up to a little more than a secret may have.

    TimeoutError at the deadline (of the monotonic clock), whoever still holds the other side.
    """
    raw = b""
    while len(raw) <= MOST_BYTES:
        left = max(0.0, deadline - time.monotonic())
        if not select.select([descriptor], [], [], left)[0]:
            raise TimeoutError(0, "nothing comes, and it does not end")
        part = os.read(descriptor, MOST_BYTES)
        if not part:
            break
        raw += part
    return raw


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
