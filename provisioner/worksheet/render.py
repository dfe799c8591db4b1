"""A worksheet as text for a terminal, as Markdown for a ticket or a wiki, and as one HTML page."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path

from provisioner.secret import MASK, Secret
from provisioner.text import countable, markdown_cell
from provisioner.worksheet.sheet import Field, Kind, Sheet, Tab, Worksheet

_WHERE = "In MAPS: Email > Servers > Add Server; if the server already exists, open its properties."
_HOLDS_SECRETS = "This worksheet contains secrets in plain text: delete it when you are done."
_NOTHING_TO_TYPE = {Kind.EMPTY: "(leave empty)", Kind.CLEARED: "(clear this field)"}
TEXT_COLUMNS = 80
_INDENT = "  "
_LEAST = 24  # columns of a note


class WorksheetFormat(StrEnum):
    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"


def worksheet_as_text(*worksheets: Worksheet, columns: int = TEXT_COLUMNS) -> str:
    """A value a line, whole, to be read or marked with the mouse; notes in parentheses below."""
    return "\n".join(_text(worksheet, columns) for worksheet in worksheets)


def _text(worksheet: Worksheet, columns: int) -> str:
    head = [countable(worksheet.title), *_wrapped(_WHERE, columns)]
    if worksheet.secrets:
        head += _wrapped(_HOLDS_SECRETS, columns)
    sheets = ("\n".join(_text_sheet(sheet, columns)) for sheet in worksheet.sheets)
    return "\n\n".join(("\n".join(head), *sheets)) + "\n"


def _text_sheet(sheet: Sheet, columns: int) -> Iterator[str]:
    heading = countable(sheet.server_name)
    if sheet.declared_at:
        heading += f"  ({countable(sheet.declared_at)})"
    yield heading
    yield "=" * min(len(heading), columns)
    if sheet.task:
        yield from _wrapped(sheet.task, columns)
    width = max((len(field.label) for tab in sheet.tabs for field in tab.fields), default=0)
    for tab in sheet.tabs:
        yield from _text_tab(tab, width, columns)
    if sheet.steps:
        yield "Then"
    for number, step in enumerate(sheet.steps, 1):
        yield from _wrapped(countable(step.text), columns, first=f"{_INDENT}{number}. ")
        if step.command:
            yield f"{_INDENT * 4}{countable(step.command)}"


def _text_tab(tab: Tab, width: int, columns: int) -> Iterator[str]:
    yield tab.name
    for field in tab.fields:
        yield f"{_INDENT}{field.label.ljust(width)}  {_shown(field)}"
        note = _note(field, unseen="copy the value from --format html")
        if note:
            yield from _wrapped(f"({note})", columns, first=" " * (len(_INDENT) + width + 2))
    if tab.note:
        yield from _wrapped(tab.note, columns, first=_INDENT)


def _wrapped(text: str, columns: int, *, first: str = "") -> list[str]:
    return textwrap.wrap(
        text,
        max(columns, len(first) + _LEAST),
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )


def worksheet_as_markdown(*worksheets: Worksheet) -> str:
    """A heading a server, a heading a tab, a list item a field; values are code spans."""
    return "\n".join(map(_markdown_page, worksheets))


def _markdown_page(worksheet: Worksheet) -> str:
    lines = [f"# {_markdown(worksheet.title)}", "", markdown_cell(_WHERE)]
    if worksheet.secrets:
        lines += ["", f"**{_HOLDS_SECRETS}**"]
    for sheet in worksheet.sheets:
        lines += _markdown_sheet(sheet)
    return "\n".join(lines) + "\n"


def _markdown_sheet(sheet: Sheet) -> Iterator[str]:
    yield from ("", f"## {_markdown(sheet.server_name)}")
    if sheet.declared_at:
        yield from ("", f"Declared at {_code(sheet.declared_at)}.")
    if sheet.task:
        yield from ("", sheet.task)
    for tab in sheet.tabs:
        yield from ("", f"### {tab.name}", "")
        yield from map(_item, tab.fields)
        if tab.note:
            yield from ("", tab.note)
    if sheet.steps:
        yield from ("", "### Then", "")
    for number, step in enumerate(sheet.steps, 1):
        command = f" {_code(step.command)}" if step.command else ""
        yield f"{number}. {_markdown(step.text)}{command}"


def _item(field: Field) -> str:
    value = _markdown(_shown(field)) if field.value is None else _code(_shown(field))
    note = _note(field, unseen="copy the value from --format html")
    return f"- **{field.label}:** {value}" + (f" ({_markdown(note)})" if note else "")


def _markdown(text: str) -> str:
    """A colon as a reference: else some renderers make a link of an address, or of a part of it."""
    return markdown_cell(countable(text)).replace(":", "&#58;")


def _code(text: str) -> str:
    """A code span: nothing in it is markup. https://spec.commonmark.org/0.31.2/#code-spans"""
    text = countable(text)
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    padding = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{padding}{text}{padding}{fence}"


def worksheet_as_html(*worksheets: Worksheet) -> str:
    """One page that needs nothing else: no network, no other file.

    Its policy lets its own script and style run, known by their digests, and nothing else; no value
    can become one. https://www.w3.org/TR/CSP3/#grammardef-hash-source
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # 30 ms: only for a page

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "countable": countable,
        "digest": _policy_digest,
        "progress": _progress_digest,
        "shown": _shown,
        "note": lambda field: _note(field, unseen="the button copies it as it is"),
        "copied": _copied,
    }
    return environment.get_template("page.html.j2").render(
        worksheets=worksheets,
        where=_WHERE,
        warning=_HOLDS_SECRETS if any(worksheet.secrets for worksheet in worksheets) else "",
        style=_beside("page.css"),
        script=_beside("page.js"),
    )


def _beside(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def _policy_digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _progress_digest(sheet: Sheet, worksheet: Worksheet) -> str:
    """Under which a browser keeps what is ticked off: another value, host or server is other work.

    No secret goes in, since a browser's storage would keep something to guess it by.
    """
    fields = [
        (tab.name, field.label, "" if isinstance(field.value, Secret) else field.value, field.note)
        for tab in sheet.tabs
        for field in tab.fields
    ]
    content = json.dumps([worksheet.hosts, worksheet.edition, sheet.server_name, fields])
    return hashlib.sha256(content.encode()).hexdigest()


def _copied(field: Field) -> str | None:
    """What its button copies, as JSON, since HTML cannot carry every character; None: no button."""
    if field.value is None or field.kind not in (Kind.TYPED, Kind.SECRET):
        return None
    return json.dumps(_plain(field.value))


def _plain(value: str | Secret | None) -> str:
    """A value as it is to be typed: the sheet is where shown secrets go. None: not to be shown."""
    if value is None:
        return ""
    return value.reveal() if isinstance(value, Secret) else value


def _shown(field: Field) -> str:
    """A value that can be seen whole; never empty."""
    if field.kind in _NOTHING_TO_TYPE:
        return _NOTHING_TO_TYPE[field.kind]
    return MASK if field.value is None else countable(_plain(field.value))


def _note(field: Field, *, unseen: str) -> str:
    """What to know of a field. `unseen`: what to do where characters do not show."""
    value = _plain(field.value)
    odd = (
        f"<U+...> is a character that does not show: {unseen}" if countable(value) != value else ""
    )
    return "; ".join(filter(None, (countable(field.note), odd)))


RENDERERS: Mapping[WorksheetFormat, Callable[..., str]] = {
    WorksheetFormat.TEXT: worksheet_as_text,
    WorksheetFormat.MARKDOWN: worksheet_as_markdown,
    WorksheetFormat.HTML: worksheet_as_html,
}
