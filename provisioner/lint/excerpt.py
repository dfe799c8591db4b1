"""The key and the value in question, as the file has them, with secrets as ***.

Only these two are shown, never the rest of the line: a neighbour may be a secret, and so
may be a comment.
"""

from __future__ import annotations

from provisioner.documents.document import Document
from provisioner.documents.place import Span
from provisioner.documents.pointer import segments
from provisioner.lint.finding import Excerpt
from provisioner.lint.schema import Schema, Spot
from provisioner.secret import MASK

_MOST_SIGNS = 100


def excerpt_of(pointer: str, marked: Span, document: Document, schema: Schema) -> Excerpt | None:
    """None where nothing may be shown, or nothing stands there."""
    spot = schema.spot(pointer)
    own_place = document.places.get(pointer)
    path = segments(pointer)
    if own_place is None or own_place.key is None or not path or segments(spot.shown) != path:
        return None
    key = own_place.key
    text = f"{_key_text(key, document)}: {_value_text(pointer, document, spot)}".rstrip()
    if len(text) > _MOST_SIGNS:
        text = text[:_MOST_SIGNS] + "..."
    start = 0 if marked == key else text.find(": ") + 2
    length = key.end.column - key.start.column if marked == key else len(text) - start
    printable = "".join(sign if sign.isprintable() else "\ufffd" for sign in text)
    return Excerpt(printable, start, max(1, length))


def _key_text(key: Span, document: Document) -> str:
    line = document.source.lines[key.start.line - 1]
    return line[key.start.column - 1 : key.end.column - 1]


def _value_text(pointer: str, document: Document, spot: Spot) -> str:
    """The value as it is written; nothing of a list or a mapping."""
    value = document.places[pointer].value
    if value.is_empty or any(place.startswith(f"{pointer}/") for place in document.places):
        return ""
    if not spot.is_value_open:
        return MASK
    if value.start.line != value.end.line:
        return "..."
    return document.source.lines[value.start.line - 1][
        value.start.column - 1 : value.end.column - 1
    ]
