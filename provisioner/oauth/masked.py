"""Text without our secrets: whole or in part, plain or in an encoding in which servers echo."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from provisioner.secret import MASK, Secret

# A piece this long is no coincidence, and shorter ones give nothing away.
_PIECE = 8

# A shorter secret is none, and to hide its letters everywhere would only make text unreadable.
_SHORTEST = 4

_ESCAPE = re.compile("%[0-9A-F]{2}")


def masked(text: str, secrets: Iterable[Secret]) -> str:
    """The text with a mask for each stretch that comes from a secret."""
    hidden: set[int] = set()
    for secret in secrets:
        for form in _forms(secret):
            hidden.update(_places(text, form))
    shown = ((i in hidden, c) for i, c in enumerate(text))
    return "".join(_collapsed(shown)) if hidden else text


def without_secrets(name: str, secrets: Iterable[Secret]) -> str:
    """A name that decides something: as it is, or a mask if a whole secret stands in it.

    Parts are no reason: a token may well be made of the account's name.
    """
    return MASK if any(form in name for one in secrets for form in _forms(one)) else name


def _collapsed(characters: Iterable[tuple[bool, str]]) -> Iterator[str]:
    before = False
    for is_hidden, character in characters:
        if not is_hidden:
            yield character
        elif not before:
            yield MASK
        before = is_hidden


def _places(text: str, form: str) -> Iterator[int]:
    """Where characters of the form stand, in pieces of it or, if it is short, whole."""
    size = min(_PIECE, len(form))
    pieces = {form[start : start + size] for start in range(len(form) - size + 1)}
    for start in range(len(text) - size + 1):
        if text[start : start + size] in pieces:
            yield from range(start, start + size)


def _forms(secret: Secret) -> set[str]:
    """The secret as forms, URLs, HTML, JSON and Basic authentication write it."""
    plain = secret.reveal()
    if len(plain) < _SHORTEST:
        return set()
    quoted = {quote(plain, safe=""), quote(plain), quote_plus(plain), quote(quote(plain, safe=""))}
    lower = {_ESCAPE.sub(lambda found: found.group().lower(), form) for form in quoted}
    packed = {*_in_base64(plain.encode()), *_in_base64(quote_plus(plain).encode())}
    return {plain, html.escape(plain), json.dumps(plain)[1:-1], *quoted, *lower, *packed}


def _in_base64(plain: bytes) -> Iterator[str]:
    """Its characters at each of the three places at which it may begin, without the edges."""
    for lead in range(3):
        packed = base64.b64encode(b"\0" * lead + plain).decode().rstrip("=")
        inner = packed[-(-lead * 8 // 6) : len(packed) - 1]
        if len(inner) >= _PIECE:
            yield from (inner, inner.replace("+", "-").replace("/", "_"))
