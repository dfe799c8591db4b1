"""Findings as JUnit XML, one test case a file.

A case has one `failure` with all that is wrong in its file, for Jenkins shows only the first
one, and GitLab drops further cases of the same name:
https://docs.gitlab.com/ci/testing/unit_test_reports/
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree import ElementTree

from provisioner.lint.finding import Finding, Severity
from provisioner.lint.verdict import Verdict
from provisioner.reports.findings_summary import counted, found
from provisioner.reports.findings_text import paragraph

_SUITE = "provisioner validate"
_CLASS = "provisioner.validate"  # Jenkins: package and class
_CLEAN = "all other files"  # the same in each run, so that it can be compared
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2


def render(verdict: Verdict, *, strict: bool = False) -> str:
    """`testsuites` with one `testsuite`. Warnings fail only if `strict`."""
    by_file = _by_file(verdict.findings)
    suite = ElementTree.Element("testsuite", name=_SUITE)
    for file, findings in by_file.items():
        _add_case(suite, file, findings, strict=strict)
    if others := verdict.files - len(by_file):
        text = f"{counted(others, 'file')}: nothing to say"
        _add_element(_add_test(suite, _CLEAN), "system-out", text)
    for check in verdict.crashed:
        error = _add_element(_add_test(suite, f"the check {check}"), "error", "see the failures")
        error.set("message", "this check failed in some file, which is our bug")
    return _as_text(suite)


def _by_file(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    files: dict[str, list[Finding]] = {}
    for finding in findings:
        files.setdefault(finding.file, []).append(finding)
    return files


def _add_case(
    suite: ElementTree.Element, file: str, findings: list[Finding], *, strict: bool
) -> None:
    case = _add_test(suite, file)
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    text = "\n" + "\n".join(map(paragraph, findings))
    if not errors and not strict:
        _add_element(case, "system-out", text)
        return
    count = found(errors, len(findings) - errors)
    message = findings[0].message if len(findings) == 1 else count
    failure = _add_element(case, "failure", text)
    failure.set("message", _xml(message))
    failure.set("type", findings[0].rule if len(findings) == 1 else "findings")


def _add_test(suite: ElementTree.Element, name: str) -> ElementTree.Element:
    return ElementTree.SubElement(suite, "testcase", name=_xml(name), classname=_CLASS)


def _add_element(parent: ElementTree.Element, tag: str, text: str) -> ElementTree.Element:
    element = ElementTree.SubElement(parent, tag)
    element.text = _xml(text)
    return element


def _xml(text: str) -> str:
    """No character that XML forbids even when it is escaped."""
    return _NO_XML.sub("\ufffd", text)


def _as_text(suite: ElementTree.Element) -> str:
    for attribute, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
        suite.set(attribute, str(sum(1 for _ in suite.iter(tag))))
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    content: bytes = ElementTree.tostring(root, "us-ascii", xml_declaration=True)
    return content.decode("ascii") + "\n"
