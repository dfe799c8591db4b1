"""A path, or standard input -> text; whatever is no such text is one issue."""

from __future__ import annotations

import os
import re
import stat
import sys
from pathlib import Path
from typing import NoReturn

from provisioner.config.issue import (
    FILE_START,
    Issue,
    Position,
    Range,
    ReaderRule,
    Severity,
    Unreadable,
    position_at,
)

_MOST_BYTES = 1024 * 1024
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)
# YAML 1.2 section 5.1, and three line ends that YAML 1.1 and editors disagree about.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_PLAIN_ASCII = bytes((0x09, 0x0A, 0x0D, *range(0x20, 0x7F)))
UTF_8_MARK = b"\xef\xbb\xbf"
_UTF_16 = "written in UTF-16"
_MOST_CHECKED = 256
_OTHER_KINDS = (
    (b"PK\x03\x04", "a ZIP archive, or a document of Word or Excel"),
    (b"\xd0\xcf\x11\xe0", "a document of Word or Excel"),
    (b"\x1f\x8b", "compressed (gzip)"),
    (b"%PDF-", "a PDF document"),
    (b"\x89PNG", "a picture"),
)
_SAVE = "save it as UTF-8: in Notepad, Save as, Encoding: UTF-8; in VS Code, Save with Encoding"
_MAY_BE_SECRET = re.compile("(?i)secret|passw|token")
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def shown_path(path: str | Path) -> str:
    """A path as it is printed: no sign in it can move the cursor or break a line."""
    text = str(path)
    if text.isascii() and text.isprintable():
        return text
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def file_bytes(path: str | Path) -> bytes:
    """What a file holds, or a byte more than may be; Unreadable if it cannot be read."""
    try:
        _require_file(os.stat(path))  # noqa: PTH116  # a pipe or a device is not even opened
        with open(path, "rb", opener=_without_waiting) as file:
            status = os.fstat(file.fileno())
            _require_file(status)
            whole = file.read(min(status.st_size, _MOST_BYTES) + 1)
            if len(whole) != status.st_size:  # in /proc, say, the size tells nothing
                whole += file.read(_MOST_BYTES + 1 - len(whole))
            return whole
    except OSError as error:
        why = f"cannot be read: {error.strerror}"
        _fail("unreadable-file", why, "check the path, owner and mode")
    except ValueError:
        _fail(
            "unreadable-file", "cannot be read: its name contains a NUL character", "check the path"
        )


def _without_waiting(path: str, flags: int) -> int:
    """If a pipe has taken the file's place, nobody writes to it."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def stdin_bytes() -> bytes:
    """What stands on standard input, or a byte more than may be."""
    return sys.stdin.buffer.read(_MOST_BYTES + 1)


def _require_file(status: os.stat_result) -> None:
    for is_kind, words in _KINDS:
        if is_kind(status.st_mode):
            remedy = "name a file, a folder of files, or - (stdin)"
            _fail("unreadable-file", f"is {words}, not a file", remedy)


def text_of(raw: bytes) -> str:
    """The text that the bytes of a file are; Unreadable if they are none."""
    if len(raw) > _MOST_BYTES:
        _fail(
            "too-large",
            f"the file is larger than {_MOST_BYTES // 1024:,} KiB",
            "an email server needs about one; split the file",
        )
    if not raw.translate(None, _PLAIN_ASCII):
        return raw.decode("ascii")
    text = _decoded(raw)
    found = _FORBIDDEN.search(text)
    if found is not None:
        _refuse_character(text, found.start())
    return text


def oddities_of(raw: bytes) -> tuple[Issue, ...]:
    """What can be read, and is a nuisance for others."""
    odd = []
    if raw.startswith(UTF_8_MARK):
        message = "the file begins with a byte order mark"
        odd.append(_warning("byte-order-mark", message, "save it as UTF-8 without one"))
    if b"\r" in raw:
        remedy = "save it with \\n; `*.yml text eol=lf` in .gitattributes keeps it so"
        odd.append(_warning("line-ends", r"lines end with \r\n or \r, not with \n", remedy))
    return tuple(odd)


def _warning(rule: ReaderRule, message: str, remedy: str) -> Issue:
    return Issue("", message, remedy, rule=rule, severity=Severity.WARNING)


def _decoded(raw: bytes) -> str:
    name = _other_kind(raw)
    if name:
        remedy = _SAVE if name == _UTF_16 else "declare email servers in plain-text files"
        _fail("encoding", f"the file is {name}", remedy)
    try:
        return raw.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8").removeprefix("\ufeff")
        at = position_at(before, len(before))
        _fail("encoding", _not_utf_8(raw, error.start, before), _SAVE, at)


def _other_kind(raw: bytes) -> str:
    if raw.startswith(_UTF_16_MARKS) or b"\0" in (raw[:1], raw[1:2]):
        pairs = (raw[0:_MOST_CHECKED:2], raw[1:_MOST_CHECKED:2])
        is_utf_16 = any(len(half) > 1 and not half.strip(b"\0") for half in pairs)
        return _UTF_16 if is_utf_16 or raw.startswith(_UTF_16_MARKS) else ""
    return next((name for magic, name in _OTHER_KINDS if raw.startswith(magic)), "")


def _not_utf_8(raw: bytes, offset: int, before: str) -> str:
    """The byte is named, but not in a line that may hold a secret."""
    line = before[max(before.rfind("\n"), before.rfind("\r")) + 1 :]
    byte = raw[offset]
    sign = bytes((byte,)).decode("cp1252", "replace")
    if _MAY_BE_SECRET.search(line) or sign == "\ufffd":
        return "this character is not encoded in UTF-8"
    return f"this byte, 0x{byte:02X}, is not UTF-8; in Windows-1252 it is U+{ord(sign):04X}"


def _refuse_character(text: str, offset: int) -> NoReturn:
    sign = ord(text[offset])
    name = "byte order mark" if sign == 0xFEFF else "control character"
    _fail(
        "control-character",
        f"unexpected {name} (U+{sign:04X})",
        rf'remove it, or write it in double quotes as "\u{sign:04x}"',
        position_at(text, offset),
    )


def _fail(rule: ReaderRule, message: str, remedy: str, at: Position | None = None) -> NoReturn:
    there = Range(at, Position(at.line, at.column + 1)) if at else FILE_START
    raise Unreadable(Issue("", message, remedy, rule=rule, range=there))
