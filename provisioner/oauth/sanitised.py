"""Words that a provider sent, made fit for a terminal: one line, bounded, without our secrets."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, quote_plus

from provisioner.secret import MASK, Secret

_LONGEST = 400


def sanitised(text: object, secrets: Iterable[Secret] = (), *, longest: int = _LONGEST) -> str:
    """The text without control characters, escape sequences and the given secrets."""
    if not isinstance(text, str):
        return ""
    for secret in secrets:
        plain = secret.reveal()
        for form in {plain, quote(plain, safe=""), quote_plus(plain)} - {""}:
            text = text.replace(form, MASK)
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
