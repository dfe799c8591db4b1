"""A short way for YAML as it is mostly written: each line is `key: value`, a comment, or blank.

libyaml with the builder takes more than twice as long, and to import PyYAML as long as 80 files.
What is written in any other way, or may be wrong, is theirs: only they explain. Both ways make
the same of a text; generated tests hold them against each other.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any, Final

from provisioner.documents.built import Built
from provisioner.documents.core_schema import plain_value

_MOST_SIGNS = 20_000  # far below each limit of limits.py
_MOST_LEVELS = 8
_KEY = "[A-Za-z_$][A-Za-z0-9_.$-]{0,63}"
# YAML 1.2.2 section 7.3.3: it begins with no sign that means something; `: ` and ` #` end it.
_PLAIN = r"""[^ \t\n\-?:,\[\]{}#&*!|>'"%@`](?:[^\t\n:#]++|:(?![ \n]|\Z)|(?<! )#)*+"""
_QUOTED = r"""'(?:[^'\t\n]|'')*+'|"[^"\\\t\n]*+\""""
_REFERENCE = rf"\{{ *{_KEY}: +[A-Za-z/][A-Za-z0-9_./-]* *\}}"  # {env: NAME}, for secrets
REFERENCE = re.compile(r"\{ *([^ :]+): +([^ }]+)")
_END = r" *(?:(?<= )#[^\n]*)?"
# Indentation, key, value as it stands there.
LINE = re.compile(rf"( *+)(?:({_KEY}):(?: +({_PLAIN}|{_QUOTED}|{_REFERENCE}))?{_END}|#[^\n]*|)")
_START = re.compile(rf"---{_END}")
# Of a line with a key: indentation, key, value, and whether no value stands behind the key: what
# follows may be below it.
Entry = tuple[int, str, Any, bool]


def plain_lines(text: str) -> list[str]:
    """The lines of a text, but for the mark where a document starts."""
    lines = text.split("\n")
    if lines[0].startswith("---") and _START.fullmatch(lines[0]):
        lines[0] = ""
    return lines


def plain_document(text: str) -> Built | None:
    """The one document of a text; None if the text is not plain."""
    if len(text) > _MOST_SIGNS or "\r" in text:
        return None
    try:
        entries = entries_of(plain_lines(text))
        value = _mapping([entry for entry in entries if entry])
    except _NotPlainError:
        return None
    if not value:
        return None
    return Built(value, next(number for number, entry in enumerate(entries, 1) if entry))


def entries_of(lines: Iterable[str]) -> list[Entry | None]:
    """What each line says; None: nothing, it is a comment or blank."""
    return [_LINES[line] for line in lines]


class _NotPlainError(Exception):
    """Caught here: what is not plain is left to libyaml."""


class _Lines(dict[str, Entry | None]):
    """Files of a project have most lines in common: what a line says is found out once."""

    _MOST = 4096
    _LONGEST = 200

    def __missing__(self, line: str) -> Entry | None:
        entry = _entry(line)
        # A mapping must not be one and the same in two documents.
        if len(line) <= self._LONGEST and (entry is None or type(entry[2]) is not dict):
            if len(self) == self._MOST:
                self.clear()
            self[line] = entry
        return entry


_LINES: Final = _Lines()


def _entry(line: str) -> Entry | None:
    if line[:1] == "#":
        return None
    found = LINE.fullmatch(line)
    if found is None:
        raise _NotPlainError
    indentation, key, written = found.groups()
    if not key:
        return None
    return len(indentation), key, _value(written) if written else None, not written


def _mapping(entries: list[Entry]) -> dict[str, Any]:
    """The hot loop of `validate`: no calls, no lookups that a line can do without."""
    root: dict[str, Any] = {}
    inner, level, above = root, 0, ""
    outer: list[tuple[int, dict[str, Any]]] = []
    for indent, key, value, is_nothing in entries:
        if indent != level:
            if indent > level:
                if not above or len(outer) == _MOST_LEVELS:
                    raise _NotPlainError
                outer.append((level, inner))
                inner[above] = inner = {}  # assigned from left to right
                level = indent
            else:
                while indent < level:
                    level, inner = outer.pop()
                if indent != level:
                    raise _NotPlainError
        if key in inner:
            raise _NotPlainError
        inner[key] = value
        above = key if is_nothing else ""
    return root


def _value(written: str) -> Any:
    sign = written[0]
    if sign == "'":
        return written[1:-1].replace("''", "'")
    if sign == '"':
        return written[1:-1]
    if sign == "{":
        return {key: plain_value(text) for key, text in REFERENCE.findall(written)}
    meant = plain_value(written.rstrip(" "))
    if isinstance(meant, float) and not math.isfinite(meant):
        raise _NotPlainError
    return meant
