"""What a value should be, where that is certain: quoted numbers, yes and no, blanks and quotes
that came along from a web page or a word processor.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from provisioner.lint.schema import SchemaNode
from provisioner.text import TYPOGRAPHIC_QUOTES

_WORDS = {
    **dict.fromkeys(("yes", "on", "y", "true"), True),
    **dict.fromkeys(("no", "off", "n", "false"), False),
}
_DIGITS = re.compile(r"[0-9]{1,9}")
_QUOTES = frozenset(f"{TYPOGRAPHIC_QUOTES}\"'`\uff02")


def fixed_value(value: Any, node: SchemaNode) -> str | int | bool | None:
    """The value as a schema's node wants it; None if that is not certain. Never of a secret."""
    if not isinstance(value, str) or node.get("writeOnly"):
        return None
    bare = unquoted(value)
    if node.get("type") == "boolean":
        return _WORDS.get(bare.casefold())
    if node.get("type") == "integer":
        return _number(bare, node)
    pattern = node.get("pattern")
    fits = bare != value and bare and pattern is not None and re.search(pattern, bare)
    return bare if fits else None


def unquoted(text: str) -> str:
    """The text without blanks of any kind, invisible characters and quotes around it."""
    start, end = 0, len(text)
    while start < end and _is_wrapping(text[start]):
        start += 1
    while start < end and _is_wrapping(text[end - 1]):
        end -= 1
    return text[start:end]


def _is_wrapping(sign: str) -> bool:
    return sign.isspace() or sign in _QUOTES or unicodedata.category(sign) == "Cf"


def _number(text: str, node: SchemaNode) -> int | None:
    if not _DIGITS.fullmatch(text) or (len(text) > 1 and text[0] == "0"):
        return None
    number = int(text)
    least, most = node.get("minimum", 0), node.get("maximum", number)
    return number if least <= number <= most else None
