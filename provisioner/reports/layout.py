"""How a report for people is shown: tables aligned, long lines wrapped, states and signs colored.

Lines with tabs in a row are a table, the first its headings. Renderers need not know what a report
is shown on: the same text goes to a terminal of any width, into a pipe and into a file.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from provisioner.text import printable

_GREEN, _YELLOW, _RED = "32", "33", "31"  # "Select Graphic Rendition" of ECMA-48
_WORDS = {
    _GREEN: "applied|as delivered|authenticated|delivered, not applied|entered|ok|rolled back|sent|"
    "undone",
    _YELLOW: "drifted|edited by hand|foreign document|locked by another run|never entered|"
    "no document|not applied|not started|not verified|skipped|soon|to be entered|warning|"
    "would change",
    _RED: "Error|delivered, not verified|expired|failed|inconclusive|refused|restored|sign in|"
    "unclear|unknown|unreachable|unreadable|wrong",
}
STYLES = {word: style for style, words in _WORDS.items() for word in words.split("|")}
_SIGNS = {"+": _GREEN, "~": _YELLOW, "-": _RED}

_SIGN = re.compile(r"^( +)([-+~]) ")
_ALL_WORDS = "|".join(map(re.escape, sorted(STYLES, key=len, reverse=True)))
# `maps1: restored`, `test email of Reports: sent (XOAUTH2)`; not a sentence that has such a word.
_RESULT = re.compile(
    r"^(\S[^:]*: | +(?:test email of|sign-in of|token refresh for) .*?: |)"
    rf"({_ALL_WORDS})(?=$|[,:;]| \(| at |  )"
)
# A command is copied: it stays on one line, where the terminal lets it.
_COMMAND = re.compile(
    r"read -rs \w+; export \w+|(?<![\w/.-])(?:provisioner|git|(?:Connect|Get|New|Set)-\w+)"
    r"""(?: (?:'[^']*'|"[^"]*"|[^\s;,)'"`.]|\.(?!\s|$))+)+"""
)
_GLUE = "\0"
_MARKED = re.compile("\1(.*?)\2")
# Where the text of a line begins: after a sign or a name, or in its last column.
_LABEL = re.compile(
    r" {2,}(?:\S[^:]{0,20}: +|[-+~?] |-> |\(|\d+\. |\S.{0,40}?\S {2,})"
    r"|\S{1,20} {2,}\S.{0,30}?\S {2,}"
)
_GAP, _LEAST = 2, 24  # columns between columns, and for a last one that is wrapped


def laid_out(text: str, *, width: int | None = None, colored: bool = False) -> str:
    """The text for a stream that is so wide; None: as wide as the text is."""
    shown = list[str]()
    for tabs, lines in groupby(text.splitlines(), key=_tabs):
        if tabs:
            shown += _table([line.split("\t") for line in lines], width, colored=colored)
        else:
            shown += _prose(lines, width, colored=colored)
    return "".join(f"{line}\n" for line in shown)


def _tabs(line: str) -> int:
    """In a row of a table: a line of others may begin with one."""
    return 0 if line.startswith("\t") else line.count("\t")


def _prose(lines: Iterable[str], width: int | None, *, colored: bool) -> Iterator[str]:
    for line in lines:
        for part in _wrapped(line, width, _marked(line)):
            yield _MARKED.sub(_painted if colored else r"\1", part)


def _wrapped(line: str, width: int | None, marked: str = "") -> list[str]:
    """At blanks, with the rest below the text after the label of the line."""
    text = marked or line
    if width is None or len(line) <= width:
        return [text]
    for whole in (_COMMAND, _MARKED):
        text = whole.sub(lambda found: found[0].replace(" ", _GLUE), text)
    label = _LABEL.match(line)
    indent = label.end() if label else 0
    least = len(line) - len(line.lstrip()) + _GAP
    room = width - max(map(len, text.split(" ")))
    if not indent or indent > width // 2 or least <= room < indent:
        indent = least
    wrapped = textwrap.wrap(
        text,
        width,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [part.replace(_GLUE, " ") for part in wrapped]


def _marked(line: str) -> str:
    """The line with marks around what has a color: where it is broken does not depend on that."""
    if sign := _SIGN.match(line):
        return f"{sign[1]}\1{sign[2]}\2{line[sign.end(2) :]}"
    return _RESULT.sub("\\1\1\\2\2", line)


def _painted(found: re.Match[str]) -> str:
    return _in_color(found[1], _SIGNS.get(found[1]) or STYLES[found[1]])


def _in_color(text: str, style: str) -> str:
    return f"\x1b[{style}m{text}\x1b[0m"


# -- tables


def table_row(*cells: str) -> str:
    return "\t".join(map(printable, cells))


def _table(rows: Sequence[Sequence[str]], width: int | None, *, colored: bool) -> Iterator[str]:
    """Columns as wide as their contents. The last one is wrapped; the columns for which there is no
    room are below each row, each with its heading."""
    headings = rows[0]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    kept = _fitting(widths, width)
    for row in rows:
        beside = sum(widths[: kept - 1]) + _GAP * (kept - 1)
        is_last = kept == len(row)
        last = _wrapped(" " * beside + row[kept - 1], width if is_last else None)
        lines = [part[beside:] if part[:beside].isspace() else part.strip() for part in last]
        cells = [*row[: kept - 1], lines[0] if lines else ""]
        yield _padded(cells, widths, colored=colored)
        yield from (" " * beside + part.strip() for part in lines[1:])
        if row is not headings:
            for heading, cell in zip(headings[kept:], row[kept:], strict=True):
                if cell not in ("", "-"):
                    yield from _wrapped(f"    {heading.lower()}: {cell}", width)


def _fitting(widths: Sequence[int], width: int | None) -> int:
    """How many columns there is room for, at least one."""
    if width is None:
        return len(widths)
    ends = [sum(widths[: n + 1]) + _GAP * n for n in range(len(widths))]
    room = width - (ends[-2] + _GAP if len(ends) > 1 else 0)
    if room >= min(_LEAST, widths[-1]):
        return len(widths)
    return max(1, sum(end <= width for end in ends[:-1]))


def _padded(cells: Sequence[str], widths: Sequence[int], *, colored: bool) -> str:
    padded = ""
    for cell, width in zip(cells, widths, strict=False):
        shown = _in_color(cell, STYLES[cell]) if colored and cell in STYLES else cell
        padded += shown + " " * (width - len(cell) + _GAP)
    return padded.rstrip()
