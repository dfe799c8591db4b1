"""The formats in which findings are printed. To add one: its file, one line here, one test.

Only the chosen format's file is imported: `validate` runs before each commit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.lint.result import LintResult


class FindingFormat(StrEnum):
    """How `validate` reports; the file is <value>.py."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    GITHUB = "github"
    GITLAB = "gitlab"


def _lazily(name: str) -> Callable[[LintResult], str]:
    def render(result: LintResult) -> str:
        renderer: Callable[[LintResult], str]
        renderer = import_module(f"provisioner.reports.findings.{name}").render
        return renderer(result)

    return render


RENDERERS: Mapping[str, Callable[[LintResult], str]] = {
    name.value: _lazily(name) for name in FindingFormat
}
