"""Text from outside (server replies, output of commands) without what it may echo of a secret."""

from __future__ import annotations

import base64
import json
import re
from urllib.parse import quote, quote_plus

MASK = "***"

# An echo may be cut off anywhere, so any run of this many characters of a secret is masked.
_WINDOW = 12
# A shorter secret is found in ordinary text by chance: masking it would tell where it occurs.
_SHORTEST = 4

# And what turns a line around, and halves of surrogate pairs: no terminal is to get them.
_DECEIVING = r"\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_CONTROL = re.compile(rf"[\x00-\x1f{_DECEIVING}]+")
_NOT_A_LINE_BREAK = re.compile(rf"[\x00-\x09\x0b-\x1f{_DECEIVING}]+")


def one_line(text, limit=500):
    """`text` without control characters and line breaks, cut at `limit`."""
    return _cut(" ".join(_CONTROL.sub(" ", text).split()), limit)


def last_lines(text, count=10, limit=1000):
    """The last lines of a command's output, without control characters."""
    lines = [line.strip() for line in _NOT_A_LINE_BREAK.sub(" ", text).splitlines()]
    return "\n".join([line for line in lines if line][-count:])[-limit:]


def redacted(text, secrets):
    """`text` with every secret, and every longer piece of one, as ***.

    Found as they are, percent-encoded, as in JSON and in JSON within JSON, and as base64 at any
    offset.
    """
    hidden = bytearray(len(text))
    for spelling in {s for secret in secrets for s in _spellings(secret)}:
        _hide(text, spelling, hidden)
    return _masked(text, hidden)


def redacted_tree(value, secrets):
    """The same for the strings in lists and dicts."""
    if isinstance(value, str):
        return redacted(value, secrets)
    if isinstance(value, dict):
        return {redacted(k, secrets): redacted_tree(v, secrets) for k, v in value.items()}
    if isinstance(value, list):
        return [redacted_tree(element, secrets) for element in value]
    return value


def _cut(text, limit):
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _spellings(secret):
    if not secret or len(secret) < _SHORTEST:
        return
    yield secret
    yield quote(secret, safe="")
    yield quote_plus(secret)
    written = json.dumps(secret)[1:-1]
    yield written
    yield json.dumps(written)[1:-1]  # a document is a text in the JSON of a call
    raw = secret.encode("utf-8")
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + raw).decode("ascii").rstrip("=")
        yield encoded[(0, 2, 3)[offset] : -1]


def _hide(text, spelling, hidden):
    """Mark the places of `spelling`, or of any window of it, in `hidden`."""
    width = min(len(spelling), _WINDOW)
    if width < _SHORTEST:
        return
    windows = {spelling[i : i + width] for i in range(len(spelling) - width + 1)}
    for start in range(len(text) - width + 1):
        if text[start : start + width] in windows:
            hidden[start : start + width] = b"\1" * width


def _masked(text, hidden):
    pieces = []
    for position, character in enumerate(text):
        if not hidden[position]:
            pieces.append(character)
        elif position == 0 or not hidden[position - 1]:
            pieces.append(MASK)
    return "".join(pieces)
