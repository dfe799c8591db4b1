"""A path, or standard input -> text; whatever is no such text is one defect."""

from __future__ import annotations

import os
import re
import stat
import sys
from pathlib import Path
from typing import BinaryIO, NoReturn

from provisioner.documents.defect import Defect, DefectFound, DefectRule
from provisioner.documents.limits import MOST_BYTES
from provisioner.documents.place import FILE_START, Mark, Span, mark_at

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)
# YAML 1.2 section 5.1, and three line ends that YAML 1.1 and editors disagree about.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def shown_path(path: str | Path) -> str:
    """A path as it is printed: no sign in it can move the cursor or break a line."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def file_text(path: str | Path) -> str:
    """The text of a file; DefectFound if it is none."""
    try:
        _refuse_other_kinds(Path(path).stat().st_mode)  # before opening: a pipe would wait for ever
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:  # noqa: PTH123
            _refuse_other_kinds(os.fstat(descriptor).st_mode)
            return _text(file)
    except OSError as error:
        _refuse(f"cannot be read: {error.strerror}", "check the path, and who may read it")
    except ValueError:
        _refuse("cannot be read: its name holds a NUL character", "check the path")


def stdin_text() -> str:
    """The text on standard input."""
    return _text(sys.stdin.buffer)


def _refuse_other_kinds(mode: int) -> None:
    for is_kind, words in _KINDS:
        if is_kind(mode):
            _refuse(f"is {words}, not a file", "name a file, a folder of files, or - (stdin)")


def _refuse(message: str, remedy: str) -> NoReturn:
    raise DefectFound(Defect(rule="unreadable-file", message=message, remedy=remedy))


def _text(file: BinaryIO) -> str:
    raw = file.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        _fail(
            "too-large",
            f"the file is larger than {MOST_BYTES // 1024:,} KiB",
            "an email server needs about one; split the file",
        )
    text = _decoded(raw)
    found = _FORBIDDEN.search(text)
    if found is not None:
        _refuse_character(text, found.start())
    return text


def _decoded(raw: bytes) -> str:
    remedy = "save it as UTF-8"
    if raw.startswith(_UTF_16):
        _fail("encoding", "the file is written in UTF-16", remedy)
    try:
        return raw.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8").removeprefix("\ufeff")
        mark = mark_at(before, len(before))
        _fail("encoding", "from here on the file is not UTF-8", remedy, mark)


def _refuse_character(text: str, offset: int) -> NoReturn:
    sign = ord(text[offset])
    name = "a byte order mark" if sign == 0xFEFF else "a control character"
    _fail(
        "control-character",
        f"{name} (U+{sign:04X}) stands here",
        rf'remove it; in a text in double quotes it can be written as "\u{sign:04x}"',
        mark_at(text, offset),
    )


def _fail(rule: DefectRule, message: str, remedy: str, mark: Mark | None = None) -> NoReturn:
    span = Span(mark, Mark(mark.line, mark.column + 1)) if mark else FILE_START
    raise DefectFound(Defect(rule=rule, message=message, remedy=remedy, span=span))
