"""What `validate` exits with, for verdicts that no shipped rule leads to."""

from __future__ import annotations

import pytest

from provisioner.cli.validate import exit_code
from provisioner.config.issue import Severity
from provisioner.errors import ExitCode
from provisioner.lint.finding import Finding
from provisioner.lint.verdict import Verdict


def verdict(*severities: Severity, crashed: tuple[str, ...] = ()) -> Verdict:
    findings = tuple(
        Finding(
            rule="x",
            severity=severity,
            file="a.yml",
            line=1,
            column=1,
            end_line=1,
            end_column=2,
            pointer="",
            message="m",
            remedy="r",
        )
        for severity in severities
    )
    return Verdict(findings=findings, files=1, servers=1, crashed=crashed)


@pytest.mark.parametrize(
    ("severities", "strict", "expected"),
    [
        ((), False, ExitCode.DONE),
        ((), True, ExitCode.DONE),
        ((Severity.WARNING,), False, ExitCode.DONE),
        ((Severity.WARNING,), True, ExitCode.FAILURE),
        ((Severity.ERROR,), False, ExitCode.FAILURE),
        ((Severity.ERROR, Severity.WARNING), True, ExitCode.FAILURE),
    ],
)
def test_errors_fail_and_warnings_only_if_strict(
    severities: tuple[Severity, ...], strict: bool, expected: ExitCode
) -> None:
    assert exit_code(verdict(*severities), strict=strict) is expected


def test_a_check_that_crashed_is_our_bug_whatever_else_is_found() -> None:
    assert exit_code(verdict(Severity.ERROR, crashed=("x",)), strict=False) is ExitCode.BUG
