"""A worksheet as one page that needs nothing else: no network, no other file.

Its policy lets its own script and style run, known by their digests, and nothing else; no value
can become one. https://www.w3.org/TR/CSP3/#grammardef-hash-source
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from html import escape
from pathlib import Path

from provisioner.hosts.worksheet import Field, Kind, ServerSheet, Step, Tab, Worksheet
from provisioner.reports.worksheet_words import HOLDS_SECRETS, WHERE, notes, plain, shown
from provisioner.text import countable

_COPIED = frozenset({Kind.TYPED, Kind.SECRET})


def worksheet_as_html(worksheet: Worksheet) -> str:
    """The whole page. Buttons copy what is to be typed; what is not shown is not in the page."""
    style, script = _part("css"), _part("js")
    title = _text(worksheet.title)
    warning = f'<p class="warning">{HOLDS_SECRETS}</p>\n' if worksheet.secrets else ""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(style, script)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n"
        f'<h1>{title}</h1>\n<p class="where">{_text(WHERE)}</p>\n{warning}'
        f"{_contents(worksheet.sheets)}{_lines(map(_sheet, _numbered(worksheet.sheets)))}</main>\n"
        f'<p id="said" role="status"></p>\n<script>{script}</script>\n</body>\n</html>\n'
    )


def _part(ending: str) -> str:
    return Path(__file__).with_name(f"worksheet_page.{ending}").read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _numbered(sheets: tuple[ServerSheet, ...]) -> Iterable[tuple[int, ServerSheet]]:
    return enumerate(sheets, 1)


def _contents(sheets: tuple[ServerSheet, ...]) -> str:
    if len(sheets) < 2:
        return ""
    links = (
        f'<li><a href="#server-{n}">{_text(s.server_name)}</a></li>' for n, s in _numbered(sheets)
    )
    return f'<nav aria-label="Servers">\n<ul>\n{_lines(links)}</ul>\n</nav>\n'


def _sheet(numbered: tuple[int, ServerSheet]) -> str:
    number, sheet = numbered
    steps = _lines(map(_step, sheet.steps))
    return (
        f'<section id="server-{number}">\n<h2>{_text(sheet.server_name)}</h2>\n'
        f'<p class="where">Declared at {_text(sheet.declared_at)}</p>\n'
        f"{_lines(map(_tab, sheet.tabs))}"
        + (f"<h3>Then</h3>\n<ol>\n{steps}</ol>\n" if steps else "")
        + "</section>"
    )


def _step(step: Step) -> str:
    command = f" <code>{_text(step.command)}</code>" if step.command else ""
    return f"<li>{_text(step.text)}{command}</li>"


def _tab(tab: Tab) -> str:
    note = f'\n<p class="note">{_text(tab.note)}</p>' if tab.note else ""
    rows = _lines(map(_row, tab.fields))
    return f"<h3>{_text(tab.name)}</h3>\n<table>\n{rows}</table>{note}"


def _row(field: Field) -> str:
    value = escape(shown(field))
    note = notes(field, unseen="the button copies it as it is")
    return (
        f'<tr><th scope="row">{_text(field.label)}</th><td>'
        + (f"<code>{value}</code>" if field.value is not None else value)
        + (f'<span class="note">{_text(note)}</span>' if note else "")
        + f"</td><td>{_button(field)}</td></tr>"
    )


def _button(field: Field) -> str:
    if field.kind not in _COPIED or field.value is None:
        return ""
    value = escape(json.dumps(plain(field.value)))
    label = _text(field.label)
    return (
        f'<button type="button" data-label="{label}" data-value="{value}" '
        f'aria-label="Copy {label}">Copy</button>'
    )


def _text(text: str) -> str:
    return escape(countable(text))


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
