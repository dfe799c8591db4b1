"""The formats in which findings are printed. To add one: its file, one line here, one test.

Only the chosen format's file is imported: `validate` runs before each commit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provisioner.lint.verdict import Verdict


class FindingFormat(StrEnum):
    """How `validate` reports; the file is <value>.py."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"
    GITHUB = "github"
    GITLAB = "gitlab"


def _lazily(name: str) -> Callable[[Verdict], str]:
    def render(verdict: Verdict) -> str:
        renderer: Callable[[Verdict], str]
        renderer = import_module(f"provisioner.reports.findings.{name}").render
        return renderer(verdict)

    return render


RENDERERS: Mapping[str, Callable[[Verdict], str]] = {
    name.value: _lazily(name) for name in FindingFormat
}
