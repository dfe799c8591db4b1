"""A worksheet as Markdown, for a ticket or a wiki. Values are code spans, to be copied whole."""

from __future__ import annotations

import re
from collections.abc import Iterator

from provisioner.hosts.worksheet import Field, ServerSheet, Worksheet
from provisioner.reports.markdown_cell import cell
from provisioner.reports.worksheet_words import HOLDS_SECRETS, WHERE, notes, shown
from provisioner.text import countable


def worksheet_as_markdown(worksheet: Worksheet) -> str:
    """A heading a server, a heading a tab, a list item a field."""
    head = [f"# {_text(worksheet.title)}", "", cell(WHERE)]
    if worksheet.secrets:
        head += ["", f"**{HOLDS_SECRETS}**"]
    sheets = (line for sheet in worksheet.sheets for line in _sheet(sheet))
    return "\n".join((*head, *sheets)) + "\n"


def _sheet(sheet: ServerSheet) -> Iterator[str]:
    yield from (
        "",
        f"## {_text(sheet.server_name)}",
        "",
        f"Declared at {_code(sheet.declared_at)}.",
    )
    for tab in sheet.tabs:
        yield from ("", f"### {tab.name}", "")
        yield from map(_item, tab.fields)
        if tab.note:
            yield from ("", tab.note)
    if sheet.steps:
        yield from ("", "### Then", "")
    for number, step in enumerate(sheet.steps, 1):
        command = f" {_code(step.command)}" if step.command else ""
        yield f"{number}. {_text(step.text)}{command}"


def _item(field: Field) -> str:
    value = _text(shown(field)) if field.value is None else _code(shown(field))
    note = notes(field, unseen="copy the value from --format html")
    return f"- **{field.label}:** {value}" + (f" ({_text(note)})" if note else "")


def _text(text: str) -> str:
    """A colon as a reference: else some renderers make a link of an address, or of a part of it."""
    return cell(countable(text)).replace(":", "&#58;")


def _code(text: str) -> str:
    """A code span: nothing in it is markup. https://spec.commonmark.org/0.31.2/#code-spans"""
    text = countable(text)
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    padding = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{padding}{text}{padding}{fence}"
