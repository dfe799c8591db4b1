"""The formats of `worksheet`. To add one: a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from provisioner.hosts.worksheet import Worksheet
from provisioner.reports.worksheet_html import worksheet_as_html
from provisioner.reports.worksheet_markdown import worksheet_as_markdown
from provisioner.reports.worksheet_text import worksheet_as_text


class WorksheetFormat(StrEnum):
    """How a worksheet is written."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"


RENDERERS: Mapping[WorksheetFormat, Callable[[Worksheet], str]] = {
    WorksheetFormat.TEXT: worksheet_as_text,
    WorksheetFormat.MARKDOWN: worksheet_as_markdown,
    WorksheetFormat.HTML: worksheet_as_html,
}
