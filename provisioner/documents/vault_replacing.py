"""Every ansible-vault text of a declared file, replaced in place: no other character changes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from provisioner.documents.document import Document
from provisioner.documents.loader import load_text
from provisioner.documents.place import Mark, Span
from provisioner.documents.pointer import escaped
from provisioner.documents.reading import text_of
from provisioner.documents.vault_text import is_vault_text
from provisioner.errors import FileUnusable

_HEADER = "$ANSIBLE_VAULT;"
_TAGS = re.compile(r"(?:[!&]\S*\s+)*")

# A vault text and its line -> the text that replaces it.
Renew = Callable[[str, int], str]


class _Edit(NamedTuple):
    start: int
    end: int
    text: str


def with_new_vault_texts(raw: bytes, shown: str, renew: Renew) -> bytes:
    """The file with each vault text renewed; as it was if it has none.

    FileUnusable for a text that is written in a way that cannot be replaced.
    """
    text = text_of(raw)
    documents = load_text(text, shown)
    renewed: dict[str, str] = {}
    edits: list[_Edit] = []
    for document in documents:
        for pointer, old in _vault_texts(document.value):
            line = document.line_of(pointer)
            if old not in renewed:
                renewed[old] = _with_header_of(old, renew(old, line))
            span = document.place(pointer).value
            edits += _edits(document, span, renewed[old])
    new = text
    for edit in sorted(set(edits), reverse=True):
        new = new[: edit.start] + edit.text + new[edit.end :]
    _require_same(documents, load_text(new, shown), renewed)
    return raw[: len(raw) - len(text.encode())] + new.encode()  # a byte order mark stays


def _vault_texts(value: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _vault_texts(inner, f"{pointer}/{escaped(key)}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _vault_texts(inner, f"{pointer}/{index}")
    elif isinstance(value, str) and is_vault_text(value):
        yield pointer, value


def _with_header_of(old: str, new: str) -> str:
    """The header may name a vault id, which stays."""
    return "\n".join([old.strip().split("\n", 1)[0].strip(), *new.strip().split("\n")[1:], ""])


def _edits(document: Document, span: Span, new: str) -> Iterator[_Edit]:
    """None for an alias: the value is replaced where its anchor is."""
    lines = document.source.text.splitlines(keepends=True)
    start, end = _offset(lines, span.start), _offset(lines, span.end)
    written = document.source.text[start:end]
    if written.startswith("*"):
        return
    tags = _TAGS.match(written)
    value = start + (tags.end() if tags else 0)
    if document.source.text[value] in "\"'":
        yield _Edit(value, end, json.dumps(new))
        return
    for number in range(span.start.line, span.end.line):  # below the line with the `|`
        if lines[number].lstrip().startswith(_HEADER):
            yield _Edit(_offset(lines, Mark(number + 1, 1)), end, _indented(lines[number], new))
            return


def _indented(first: str, new: str) -> str:
    """With the indentation and line ends of the first line; not that of the last line."""
    indent = first[: len(first) - len(first.lstrip())]
    line_end = first[len(first.rstrip("\r\n")) :]
    return line_end.join(indent + line for line in new.strip().split("\n"))


def _offset(lines: list[str], mark: Mark) -> int:
    return sum(map(len, lines[: mark.line - 1])) + mark.column - 1


def _require_same(old: list[Document], new: list[Document], renewed: dict[str, str]) -> None:
    """A file is never written that says something else than before, but for its vault texts."""
    wanted = [_normal(document.value, renewed) for document in old]
    if wanted != [_normal(document.value, {}) for document in new]:
        raise FileUnusable(
            f"{old[0].path}: a vault text here is written in a way that cannot be replaced",
            remedy="write it as `!vault |`, with the text indented in the lines below",
        )


def _normal(value: Any, renewed: dict[str, str]) -> Any:
    """Vault texts by their words alone: not by blanks and line ends around them."""
    if isinstance(value, dict):
        return {key: _normal(inner, renewed) for key, inner in value.items()}
    if isinstance(value, list):
        return [_normal(inner, renewed) for inner in value]
    if isinstance(value, str) and is_vault_text(value):
        return renewed.get(value, value).split()
    return value
