"""The key and the value in question, as the file has them, with secrets as ***.

Only these two are shown, never the rest of the line: a neighbour may be a secret, and so
may be a comment.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from provisioner.config.document import Document
from provisioner.config.issue import Range
from provisioner.config.pointer import segments, value_at
from provisioner.lint.finding import Excerpt
from provisioner.lint.mistakes.other_names import remedy_for_name
from provisioner.lint.schema import Schema, SchemaName, Spot, schema_named
from provisioner.providers.credential_forms import may_be_shown
from provisioner.secret import MASK
from provisioner.text import in_columns

_MOST_SIGNS = 100
_MAPPING = "{...}"
_KEY = re.compile(r"[ \t]*(?:- +)?(?P<quote>[\"']?)(?P<key>[A-Za-z0-9_]+)(?P=quote)[ \t]*:(?=\s|$)")
_HINTS = re.compile(r"(?i)secret|passw|token|\$ANSIBLE|://[^/]*@")


def excerpt_of(
    pointer: str, marked: Range, document: Document, schema: Schema, *, meant: str = ""
) -> Excerpt | None:
    """None where nothing may be shown, or nothing stands there.

    `meant`: where a value of a misspelt key belongs, which decides whether that is a secret.
    """
    spot = schema.spot(pointer)
    own_place = document.place_of(pointer)
    path = segments(pointer)
    if own_place is None or own_place.key is None or not path or segments(spot.shown) != path:
        return None
    key = own_place.key
    name = _as_written(key, document)
    if meant and not remedy_for_name(path[-1]):  # else a name of other programs' secrets, too
        spot = schema.spot(meant)
    value = _value_text(own_place.value, pointer, document, spot)
    if marked == key and value == _MAPPING:
        value = ""
    text = in_columns(f"{name}: {value}".rstrip())
    if marked == key or not value:
        return Excerpt(text, 0, len(name))
    start, length = _marked_part(marked, own_place.value, value)
    return Excerpt(text, len(name) + 2 + start, length)


def _marked_part(marked: Range, value: Range, shown: str) -> tuple[int, int]:
    """Where in a value the mark begins, and its length; all of a value that is shown otherwise."""
    start = marked.start.column - value.start.column
    length = marked.end.column - marked.start.column
    is_part = value.start < marked.start or marked.end < value.end
    is_shown = shown != MASK and start + length <= min(len(shown), _MOST_SIGNS)
    return (start, length) if is_part and is_shown else (0, len(shown))


def _as_written(span: Range, document: Document) -> str:
    """What stands there, as far as it is on one line and not too long for a report."""
    (line, start), (last_line, end) = span
    if line != last_line:
        return "..."
    text = document.source.lines[line - 1][start - 1 : end - 1]
    return text if len(text) <= _MOST_SIGNS else text[:_MOST_SIGNS] + "..."


def _value_text(value: Range, pointer: str, document: Document, spot: Spot) -> str:
    """The value as it is written, if it stands beside its key; of a mapping, the braces alone."""
    declared = value_at(document.value, pointer)
    if value.is_empty or _is_below(value, pointer, document):
        return ""
    if isinstance(declared, dict) and declared:
        return _MAPPING
    written = _as_written(value, document)
    is_open = spot.is_value_open and may_be_shown(written) and may_be_shown(str(declared))
    return written if (is_open and not _holds_more(declared)) or written in ("{}", "[]") else MASK


def _is_below(value: Range, pointer: str, document: Document) -> bool:
    return value.start.line != document.line_of(pointer)


def _holds_more(value: Any) -> bool:
    """Whether it is a list of more than scalars."""
    return isinstance(value, list) and any(isinstance(one, dict | list) for one in value)


def excerpt_of_line(span: Range, lines: list[str], schema: Schema) -> Excerpt | None:
    """The line that cannot be read as YAML or JSON, if it is certain to show no secret.

    Nothing is known about its structure, so it is shown only if it begins with a key that is known
    to hold something open, and stands below nothing else; of a secret's line, the key alone. None
    where it is not certain, or nothing stands there.
    """
    number = span.start.line
    line = lines[number - 1] if number <= len(lines) else ""
    found = _KEY.match(line)
    if found is None or not _stands_in_the_open(lines[:number], schema.name):
        return None
    is_open = _is_open(found["key"], schema.name)
    rest = line[found.end() :]
    if is_open is None or (is_open and (_HINTS.search(rest) or not may_be_shown(rest))):
        return None
    if not is_open:
        text = f"{line[: found.end()].lstrip()} {MASK}"
        return Excerpt(text, len(text) - len(MASK), len(MASK))
    text = line.split(" #")[0].rstrip()[:_MOST_SIGNS]
    start = min(span.start.column - 1, len(text))
    end = span.end.column - 1 if span.end.line == number else start + 1
    return Excerpt(in_columns(text.replace("\t", "→")), start, max(1, min(end, len(text)) - start))


def _stands_in_the_open(lines: list[str], schema: SchemaName) -> bool:
    """Whether no line above, out to the margin, may have begun a secret."""
    indentation = _indentation(lines[-1])
    for line in reversed(lines[:-1]):
        if indentation == 0:
            return True
        if line.strip() and _indentation(line) < indentation:
            indentation = _indentation(line)
            found = _KEY.match(line)
            if found is None or not _is_open(found["key"], schema) or _HINTS.search(line):
                return False
    return True


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())


def _is_open(key: str, schema: SchemaName) -> bool | None:
    """Whether what stands below a key may be shown; None: the schema does not know it."""
    return _known_keys(schema).get(key)


@cache
def _known_keys(schema: SchemaName) -> dict[str, bool]:
    """A key that holds a secret anywhere holds one everywhere."""
    keys: dict[str, bool] = {}
    for pointer, _ in schema_named(schema).fields():
        key = segments(pointer)[-1]
        is_open = schema_named(schema).spot(pointer).state == "known"
        keys[key] = keys.get(key, True) and is_open
    return keys
