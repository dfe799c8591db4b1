"""A worksheet for a terminal: a value a line, whole, to be read or marked with the mouse."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from provisioner.hosts.worksheet import Field, ServerSheet, Tab, Worksheet
from provisioner.reports.worksheet_words import HOLDS_SECRETS, WHERE, notes, shown
from provisioner.text import countable

_COLUMNS = 80
_INDENT = "  "


def worksheet_as_text(worksheet: Worksheet) -> str:
    """Lines with a label each; notes in parentheses below."""
    head = [countable(worksheet.title), WHERE]
    if worksheet.secrets:
        head.append(HOLDS_SECRETS)
    sheets = ("\n".join(_sheet(sheet)) for sheet in worksheet.sheets)
    return "\n\n".join(("\n".join(head), *sheets)) + "\n"


def _sheet(sheet: ServerSheet) -> Iterator[str]:
    heading = f"{countable(sheet.server_name)}  ({countable(sheet.declared_at)})"
    yield heading
    yield "=" * min(len(heading), _COLUMNS)
    width = max(len(field.label) for tab in sheet.tabs for field in tab.fields)
    for tab in sheet.tabs:
        yield from _tab(tab, width)
    if sheet.steps:
        yield "Then"
    for number, step in enumerate(sheet.steps, 1):
        yield from _wrapped(countable(step.text), first=f"{_INDENT}{number}. ")
        if step.command:
            yield f"{_INDENT * 4}{countable(step.command)}"


def _tab(tab: Tab, width: int) -> Iterator[str]:
    yield tab.name
    for field in tab.fields:
        yield from _field(field, width)
    if tab.note:
        yield from _wrapped(tab.note, first=_INDENT)


def _field(field: Field, width: int) -> Iterator[str]:
    yield f"{_INDENT}{field.label.ljust(width)}  {shown(field)}"
    note = notes(field, unseen="copy the value from --format html")
    if note:
        yield from _wrapped(f"({note})", first=" " * (len(_INDENT) + width + 2))


def _wrapped(text: str, *, first: str) -> list[str]:
    return textwrap.wrap(
        text,
        max(_COLUMNS, len(first) + 40),
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )
