"""Findings as JUnit XML, one test case a file with findings and one for all others.

A case has one `failure` with all that is wrong in its file, for Jenkins shows only the first
one, and GitLab drops further cases of the same name:
https://docs.gitlab.com/ci/testing/unit_test_reports/
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree

from provisioner.config.issue import Severity
from provisioner.lint.finding import Finding
from provisioner.lint.result import LintResult
from provisioner.reports.findings.text import found, paragraph
from provisioner.reports.junit_xml import add_case, add_element, as_text, new_suite, xml_text
from provisioner.text import counted

_SUITE = "provisioner validate"
_CLASS = "provisioner.validate"  # Jenkins: package and class
_CLEAN = "all other files"  # the same in each run, so that it can be compared


def render(result: LintResult) -> str:
    """`testsuites` with one `testsuite`. Warnings fail only if the result is strict."""
    by_file = _by_file(result.findings)
    suite = new_suite(_SUITE)
    for file, findings in by_file.items():
        _add_file(suite, file, findings, strict=result.strict)
    if others := result.files - len(by_file):
        text = f"{counted(others, 'file')}: no problems found"
        add_element(add_case(suite, _CLEAN, _CLASS), "system-out", text)
    for check in result.crashed:
        error = add_element(
            add_case(suite, f"the check {check}", _CLASS), "error", "see the failures"
        )
        error.set("message", "internal error in this check in some file; please report it")
    return as_text(suite)


def _by_file(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    files: dict[str, list[Finding]] = {}
    for finding in findings:
        files.setdefault(finding.file, []).append(finding)
    return files


def _add_file(
    suite: ElementTree.Element, file: str, findings: list[Finding], *, strict: bool
) -> None:
    case = add_case(suite, file, _CLASS)
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    text = "\n" + "\n".join(map(paragraph, findings))
    if not errors and not strict:
        add_element(case, "system-out", text)
        return
    count = found(errors, len(findings) - errors)
    message = findings[0].message if len(findings) == 1 else count
    failure = add_element(case, "failure", text)
    failure.set("message", xml_text(message))
    failure.set("type", findings[0].rule if len(findings) == 1 else "findings")
