"""One line that counts what was checked and found: the last line of a report for people."""

from __future__ import annotations

from provisioner.lint.result import LintResult
from provisioner.text import counted


def summary(result: LintResult) -> str:
    """`2 files, 1 email server: 3 errors, 1 warning`."""
    checked = f"{counted(result.files, 'file')}, {counted(result.servers, 'email server')}"
    return f"{checked}: {found(result.errors, result.warnings) or 'no problems found'}"


def found(errors: int, warnings: int) -> str:
    """`3 errors, 1 warning`; what there is none of is not named."""
    counts = ((errors, "error"), (warnings, "warning"))
    return ", ".join(counted(number, noun) for number, noun in counts if number)
