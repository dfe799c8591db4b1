"""Findings as Markdown for the summary page of a run of GitHub Actions.

A step's annotations end after ten of each kind; its summary takes 1 MiB, and nothing of a
larger one: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from provisioner.lint.finding import Finding
from provisioner.lint.result import LintResult
from provisioner.reports.findings.text import summary
from provisioner.text import as_many_as_fit, markdown_cell

MOST_BYTES = 1024 * 1024
_FOR_THE_LAST_LINE = 200
_HEAD = "| | rule | place | what is wrong | what to do |\n|---|---|---|---|---|\n"


def render(result: LintResult, most_bytes: int = MOST_BYTES) -> str:
    """The count, and a table of the findings, as many as there is room for."""
    head = f"### provisioner validate\n\n{summary(result)}\n"
    if not result.findings:
        return head
    room = most_bytes - len(head) - len(_HEAD) - _FOR_THE_LAST_LINE
    rows = list(as_many_as_fit(room, map(_row, result.findings), _bytes))
    left = len(result.findings) - len(rows)
    cut = f"\n{left:,} more are left out here: see the step's log.\n" if left else ""
    return f"{head}\n{_HEAD}{''.join(rows)}{cut}" if rows else head + cut


def _row(finding: Finding) -> str:
    place = markdown_cell(f"{finding.file}:{finding.line}:{finding.column}")
    cells = (
        finding.severity,
        markdown_cell(finding.rule),
        f"<code>{place}</code>",
        markdown_cell(finding.message),
        markdown_cell(finding.remedy),
    )
    return f"| {' | '.join(cells)} |\n"


def _bytes(row: str) -> int:
    return len(row.encode("utf-8", "replace"))
