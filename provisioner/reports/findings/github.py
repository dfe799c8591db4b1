"""Findings as workflow commands: GitHub Actions makes annotations of them.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands. The
escapes are those that https://github.com/actions/runner, src/Runner.Common/ActionCommand.cs,
takes back.
"""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.config.document import SHOWN_STDIN
from provisioner.lint.finding import Finding
from provisioner.lint.result import LintResult
from provisioner.reports.findings.places import last_line
from provisioner.reports.findings.text import summary
from provisioner.text import printable_lines

_DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = _DATA | str.maketrans({":": "%3A", ",": "%2C"})


def render(result: LintResult) -> str:
    """One line a finding, and a last one that counts them."""
    return "\n".join([*map(_command, result.findings), summary(result)]) + "\n"


def _command(finding: Finding) -> str:
    """The text names the place, too: a log shows nothing of the properties."""
    properties = ",".join(f"{key}={value}" for key, value in _properties(finding))
    place = f"{finding.file}:{finding.line}:{finding.column}"
    text = printable_lines(f"{place}: {finding.message}\n{finding.remedy}").translate(_DATA)
    return f"::{finding.severity} {properties}::{text}"


def _properties(finding: Finding) -> Iterator[tuple[str, object]]:
    """Columns only within one line, as the runner wants it; endColumn is taken as exclusive.

    GitHub does not say which it is: https://github.com/github/docs/issues/40038.
    """
    if finding.file != SHOWN_STDIN:
        yield "file", printable_lines(finding.file).translate(_PROPERTY)
        yield "line", finding.line
        yield "endLine", last_line(finding)
        if finding.line == finding.end_line:
            yield "col", finding.column
            yield "endColumn", finding.end_column
    yield "title", f"provisioner {finding.rule}".translate(_PROPERTY)
