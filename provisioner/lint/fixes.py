"""`validate --fix`: what is mechanical is fixed in the text of a file, and nothing else is.

What is fixed at once is read again, and counts only if the file then says what it said before but
for the values and keys that were named; if not, each change is tried alone. So comments, order and
line ends stay, and no text can be written whose meaning nobody has compared.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from yaml import YAMLError
from yaml.events import ScalarEvent

from provisioner.config.document import Document, FoundFile, load_text
from provisioner.config.file_text import UTF_8_MARK, file_bytes, shown_path, text_of
from provisioner.config.issue import Unreadable, position_of
from provisioner.config.pointer import escaped
from provisioner.config.yaml_text import MISSING
from provisioner.errors import ProvisionerError
from provisioner.lint.finding import Finding, Fix
from provisioner.lint.result import lint
from provisioner.text import printable

_MOST_ROUNDS = 10  # a misspelt key may hold misspelt keys; no schema is deeper
_INDENTATION = re.compile(r"(?m)^(?P<blanks>[^\S\r\n]+)(?=(?:- +)*[\w$-]+ *:(?:\s|$)|- |#)")


class LineChange(NamedTuple):
    """One change of a file, as it may be shown."""

    line: int
    before: str
    after: str


class FixedFile(NamedTuple):
    """A file whose text would change, or has changed."""

    path: str
    shown: str
    before: bytes
    after: bytes
    changes: tuple[LineChange, ...]


def fixed_files(
    files: Iterable[FoundFile], settings: Iterable[Document], asked: frozenset[str]
) -> Iterator[FixedFile]:
    """What would be fixed, file by file. Files that cannot be read are left to the report."""
    known = list(settings)
    for found in files:
        if found.issue is None and (fixed := _fixed(found, known, asked)) is not None:
            yield fixed


def write_fixed(fixed: FixedFile) -> None:
    """Into the file itself, so that its mode, its owner and all links to it stay."""
    try:
        with open(fixed.path, "r+b", buffering=0) as file:  # noqa: PTH123
            if file.read() != fixed.before:
                raise ProvisionerError(
                    f"{fixed.shown}: the file has changed in the meantime, and was not fixed",
                    remedy="run this again",
                )
            try:
                _replace(file.fileno(), fixed.after)
            except BaseException:  # Ctrl-C, too: signals after the first are ignored
                _replace(file.fileno(), fixed.before)
                raise
    except OSError as error:
        why = f"{fixed.shown}: cannot be written: {error.strerror}"
        raise ProvisionerError(why, remedy="nothing in it was fixed") from None


def _replace(descriptor: int, content: bytes) -> None:
    """A shorter content is filled up with empty lines first: a kill leaves no rest of the old."""
    filled = content.ljust(os.fstat(descriptor).st_size, b"\n")
    written = 0
    while written < len(filled):
        written += os.pwrite(descriptor, filled[written:], written)
    os.ftruncate(descriptor, len(content))
    os.fsync(descriptor)


def _fixed(found: FoundFile, settings: list[Document], asked: frozenset[str]) -> FixedFile | None:
    try:
        raw = file_bytes(found.path)
        text = text_of(raw)
    except Unreadable:
        return None
    file = _File(found, settings, asked)
    before = file.documents(text)
    better, changes = _with_plain_indentation(text)
    if changes:
        inside = _lines_inside_texts(file.documents(better))
        better, changes = _with_plain_indentation(text, left_alone=inside)
    if changes and not _say_the_same(before, file.documents(better)):
        better, changes = text, []
    if not _is_broken(file.documents(better)):
        better, further = file.fixed(better)
        changes += further
    mark = UTF_8_MARK if raw.startswith(UTF_8_MARK) else b""
    after = mark + better.encode()
    if after == raw:
        return None
    return FixedFile(found.path, shown_path(found.path), raw, after, tuple(changes))


class _File:
    """What a text would say if it stood in a file of a project."""

    def __init__(self, found: FoundFile, settings: list[Document], asked: frozenset[str]) -> None:
        self._found = found
        self._settings = settings
        self._asked = asked

    def documents(self, text: str) -> list[Document]:
        return load_text(text, self._found.path, project=self._found.project)

    def fixed(self, text: str) -> tuple[str, list[LineChange]]:
        """Round after round: the value behind a misspelt key is looked at when that is right."""
        changes: list[LineChange] = []
        for _ in range(_MOST_ROUNDS):
            documents = self.documents(text)
            result = lint(documents, settings=self._settings, asked=self._asked)
            fixable = {found.fix: found for found in result.findings if found.fix}
            for some in (fixable, *({fix: found} for fix, found in fixable.items())):
                better = _with_fixes(text, some)
                if _differ_only_in(documents, self.documents(better), some.values()):
                    text, done = better, some
                    break
            else:
                break
            changes += map(_change_of, done)
        return text, changes


def _is_broken(documents: Iterable[Document]) -> bool:
    return any(document.value is MISSING for document in documents)


def _say_the_same(before: list[Document], after: list[Document]) -> bool:
    """Whether a text can be read now, and has the values that it had, if it could be before."""
    if _is_broken(after):
        return False
    old, new = (Counter(map(repr, _values([d.value for d in some]))) for some in (before, after))
    return _is_broken(before) or old == new


def _values(value: Any) -> Iterator[Any]:
    """All texts, numbers and truth values, wherever they stand."""
    if isinstance(value, dict | list):
        for below in value.values() if isinstance(value, dict) else value:
            yield from _values(below)
    elif value is not None:
        yield value


def _lines_inside_texts(documents: Iterable[Document]) -> set[int]:
    """Lines on which a text goes on that began above: what looks like indentation may be its own,
    and the text a secret.
    """
    lines: set[int] = set()
    source = next(iter(documents)).source
    try:
        next_event = source.events()
        while (event := next_event()) is not None:
            if type(event) is ScalarEvent:
                start, end = position_of(event.start_mark), position_of(event.end_mark)
                lines.update(range(start.line + 1, end.line + (end.column > 1)))
    except (YAMLError, Unreadable):
        pass  # whether the text can be read is asked next
    return lines


def _with_plain_indentation(
    text: str, left_alone: Collection[int] = ()
) -> tuple[str, list[LineChange]]:
    """Of lines that begin an entry or a comment, and of no others: these may go on with a text."""
    changes = []

    def plain(found: re.Match[str]) -> str:
        line = text.count("\n", 0, found.start()) + 1
        blanks = "".join(sign if sign in " \t" else " " for sign in found["blanks"])
        if line in left_alone:
            return found["blanks"]
        if blanks != found["blanks"]:
            before = printable(found["blanks"].lstrip(" \t").rstrip(" \t"))
            changes.append(LineChange(line, f"{before}...", f"{blanks}..."))
        return blanks

    return _INDENTATION.sub(plain, text), changes


def _change_of(fix: Fix) -> LineChange:
    """Key and value alone, as the report shows them: a neighbour may be a secret."""
    text, start, length = fix.excerpt
    after = f"{text[:start]}{fix.text}{text[start + length :]}"
    return LineChange(fix.place.start.line, text, after)


def _with_fixes(text: str, fixes: Iterable[Fix]) -> str:
    """From the end on, so that what stands before keeps its place."""
    lines = text.splitlines(keepends=True)
    for fix in sorted(fixes, reverse=True):
        start, end = fix.place
        line = lines[start.line - 1]
        lines[start.line - 1] = line[: start.column - 1] + fix.text + line[end.column - 1 :]
    return "".join(lines)


def _differ_only_in(
    before: list[Document], after: list[Document], findings: Iterable[Finding]
) -> bool:
    """Whether the documents differ in the named values and keys, and in nothing else."""
    if len(before) != len(after) or _is_broken(after):
        return False
    changed = [
        pointer
        for old, new in zip(before, after, strict=True)
        for pointer in _changed(old.value, new.value, "")
    ]
    return Counter(changed) == Counter(finding.pointer for finding in findings)


def _changed(old: Any, new: Any, pointer: str) -> Iterator[str]:
    """Pointers to what is different: a value, or a key in the same place of its mapping."""
    if isinstance(old, dict) and isinstance(new, dict) and len(old) == len(new):
        for (key, below), (new_key, new_below) in zip(old.items(), new.items(), strict=True):
            at = f"{pointer}/{escaped(key)}"
            if key != new_key:
                yield at
            yield from _changed(below, new_below, at)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for place, (below, new_below) in enumerate(zip(old, new, strict=True)):
            yield from _changed(below, new_below, f"{pointer}/{place}")
    elif type(old) is not type(new) or old != new:
        yield pointer
