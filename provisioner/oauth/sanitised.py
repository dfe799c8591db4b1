"""Words that a provider sent, made fit for a terminal: one line, bounded, without our secrets."""

from __future__ import annotations

from collections.abc import Iterable

from provisioner.oauth.masked import masked
from provisioner.secret import Secret

_LONGEST = 400
_MOST_READ = 4000


def sanitised(text: object, secrets: Iterable[Secret] = (), *, longest: int = _LONGEST) -> str:
    """The text without control characters, escape sequences and the given secrets."""
    if not isinstance(text, str):
        return ""
    text = masked(text[:_MOST_READ], secrets)
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
