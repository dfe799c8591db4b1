"""A short way for YAML as it is mostly written: each line is `key: value`, a comment, or blank.

libyaml with the builder takes more than twice as long, and to import PyYAML as long as 80 files.
What is written in any other way, or may be wrong, is theirs: only they explain. Both ways make
the same of a text; generated tests hold them against each other.
"""

from __future__ import annotations

import math
import re
from typing import Any

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
LINE = re.compile(
    rf"^( *+)(?:({_KEY}):(?: +({_PLAIN}|{_QUOTED}|{_REFERENCE}))?{_END}|#[^\n]*|\A---{_END}|)$",
    re.MULTILINE,
)
_Line = tuple[str, str, str]  # indentation, key, value as it stands there


def plain_document(text: str) -> Built | None:
    """The one document of a text; None if the text is not plain."""
    if len(text) > _MOST_SIGNS or "\r" in text:
        return None
    lines: list[_Line] = LINE.findall(text)
    if len(lines) != text.count("\n") + 1:
        return None
    value = _mapping(lines)
    if not value:
        return None
    first = next(number for number, line in enumerate(lines, 1) if line[1])
    return Built(value, first)


def _mapping(lines: list[_Line]) -> dict[str, Any] | None:
    root: dict[str, Any] = {}
    inner, level, holder = root, 0, ""
    outer: list[tuple[int, dict[str, Any]]] = []
    for indentation, key, written in lines:
        if not key:
            continue
        indent = len(indentation)
        if indent > level:
            if not holder or len(outer) == _MOST_LEVELS:
                return None
            outer.append((level, inner))
            inner[holder] = inner = {}  # assigned from left to right
            level = indent
        elif indent < level:
            while indent < level:
                level, inner = outer.pop()
            if indent != level:
                return None
        if key in inner:
            return None
        inner[key] = value = _value(written) if written else None
        if value is _OTHER:
            return None
        holder = "" if written else key
    return root


_OTHER = object()


def _value(written: str) -> Any:
    sign = written[0]
    if sign == "'":
        return written[1:-1].replace("''", "'")
    if sign == '"':
        return written[1:-1]
    if sign == "{":
        return {key: plain_value(text) for key, text in REFERENCE.findall(written)}
    meant = plain_value(written.rstrip(" "))
    return _OTHER if isinstance(meant, float) and not math.isfinite(meant) else meant
