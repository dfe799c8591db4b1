"""The line that cannot be read as YAML or JSON, if it is certain to show no secret.

Nothing is known about its structure, so it is shown only if it begins with a key that is known
to hold something open, and stands below nothing else; of a secret's line, the key alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from provisioner.config.place import Range
from provisioner.lint.finding import Excerpt
from provisioner.lint.schema import Schema, SchemaName, schema_named
from provisioner.providers.credential_forms import may_be_shown
from provisioner.secret import MASK
from provisioner.text import in_columns

_KEY = re.compile(r"[ \t]*(?:- +)?(?P<quote>[\"']?)(?P<key>[A-Za-z0-9_]+)(?P=quote)[ \t]*:(?=\s|$)")
_HINTS = re.compile(r"(?i)secret|passw|token|\$ANSIBLE|://[^/]*@")
_MOST_SIGNS = 100


def excerpt_of_line(span: Range, lines: list[str], schema: Schema) -> Excerpt | None:
    """None where it is not certain, or nothing stands there."""
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
    return _keys(schema).get(key)


@cache
def _keys(schema: SchemaName) -> dict[str, bool]:
    """A key that holds a secret anywhere holds one everywhere."""
    keys: dict[str, bool] = {}
    for key, is_open in _all_keys(schema_named(schema).without_references, is_open=True):
        keys[key] = keys.get(key, True) and is_open
    return keys


def _all_keys(node: Any, *, is_open: bool) -> Iterator[tuple[str, bool]]:
    for key, below in node.get("properties", {}).items():
        is_open_below = is_open and not below.get("writeOnly")
        yield key, is_open_below
        yield from _all_keys(below, is_open=is_open_below)
