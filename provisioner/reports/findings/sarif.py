"""Findings as SARIF 2.1.0, for code scanning and editors.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from textwrap import shorten
from typing import Any
from urllib.parse import quote

import provisioner
from provisioner.config.document import SHOWN_STDIN
from provisioner.config.issue import Severity
from provisioner.lint.checks import severity_of
from provisioner.lint.finding import Finding
from provisioner.lint.result import LintResult
from provisioner.lint.rule import rule_page, rule_pages
from provisioner.reports.findings.places import Places, fingerprints

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
# GitHub refuses a run with more, and shows the gravest 5,000 of them:
# https://docs.github.com/en/code-security/code-scanning/troubleshooting-sarif-uploads/results-exceed-limit
MOST_RESULTS = 25_000
# https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
_MOST_SIGNS = 1024


def render(result: LintResult) -> str:
    """One run; it has all rules, and of more than 25,000 findings the errors first."""
    rules = _rule_descriptors(result.findings)
    numbers = {rule["id"]: number for number, rule in enumerate(rules)}
    run = {
        "tool": {"driver": _driver(rules)},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {
            "%SRCROOT%": {"description": {"text": "The folder in which validate ran."}}
        },
        "invocations": [_invocation(result)],
        "results": _results(result.findings, numbers),
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _driver(rules: Sequence[dict[str, Any]]) -> dict[str, Any]:
    version = provisioner.__version__
    return {
        "name": "maps-provisioner",
        "version": version,
        "semanticVersion": version,
        "rules": rules,
    }


def _results(findings: Sequence[Finding], numbers: dict[str, int]) -> list[dict[str, Any]]:
    places = Places()
    results = [
        _result(finding, numbers[finding.rule], mark, places)
        for finding, mark in zip(findings, fingerprints(findings, places), strict=True)
    ]
    if len(results) > MOST_RESULTS:
        results.sort(key=lambda result: result["level"] != Severity.ERROR)
    return results[:MOST_RESULTS]


def _result(finding: Finding, number: int, fingerprint: str, places: Places) -> dict[str, Any]:
    location = {
        "physicalLocation": {
            "artifactLocation": _artifact_location(finding.file, places),
            "region": _region(finding),
        },
        **_logical_locations(finding.pointer),
    }
    return {
        "ruleId": finding.rule,
        "ruleIndex": number,
        "level": finding.severity,
        "message": {"text": f"{finding.message}; {finding.remedy}"},
        "locations": [location],
        # Not primaryLocationLineHash: GitHub's upload computes that itself, and warns of others'.
        "partialFingerprints": {"ruleAndPointer/v1": fingerprint},
    }


def _invocation(result: LintResult) -> dict[str, Any]:
    notes = [
        _note("error", "crashed-check", f"Internal error in the check {check}; please report it.")
        for check in result.crashed
    ]
    if len(result.findings) > MOST_RESULTS:
        left = len(result.findings) - MOST_RESULTS
        text = f"{left:,} findings are left out: a run holds {MOST_RESULTS:,} at most."
        notes.append(_note("warning", "findings-left-out", text))
    return {"executionSuccessful": not result.crashed, "toolExecutionNotifications": notes}


def _note(level: str, identity: str, text: str) -> dict[str, Any]:
    return {"level": level, "descriptor": {"id": identity}, "message": {"text": text}}


# -- where it is


def _artifact_location(file: str, places: Places) -> dict[str, Any]:
    """Below the current folder a relative URI, else a `file:` one."""
    if file == SHOWN_STDIN:
        return {"uri": _escaped(file), "description": {"text": "Standard input."}}
    inside = places.inside(file)
    if inside is None:
        return {"uri": f"file://{_escaped(places.absolute(file))}"}
    return {"uri": _escaped(inside), "uriBaseId": "%SRCROOT%"}


def _escaped(path: str) -> str:
    """Slashes stay; a colon does not, for what stands before one would be a scheme."""
    return quote(path, safe="/", errors="surrogateescape")


def _region(finding: Finding) -> dict[str, int]:
    """The columns count Unicode characters from 1; the last one is exclusive."""
    return {
        "startLine": finding.line,
        "startColumn": finding.column,
        "endLine": finding.end_line,
        "endColumn": finding.end_column,
    }


def _logical_locations(pointer: str) -> dict[str, Any]:
    """The value's pointer; nothing for a whole document."""
    if not pointer:
        return {}
    return {"logicalLocations": [{"fullyQualifiedName": pointer, "kind": "member"}]}


# -- the rules


def _rule_descriptors(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """All rules by id; behind them checks without a page, such as one that crashed."""
    pages = rule_pages()
    known = [_descriptor(entry.rule, entry.title, severity_of(entry.rule)) for entry in pages]
    others = {finding.rule for finding in findings} - {entry.rule for entry in pages}
    return [*known, *({"id": rule} for rule in sorted(others))]


def _descriptor(rule: str, title: str, severity: Severity) -> dict[str, Any]:
    text = rule_page(rule) or ""
    why = text.partition("## Why")[2]
    return {
        "id": rule,
        "shortDescription": {"text": title},
        "fullDescription": {"text": shorten(f"{title} {why}", _MOST_SIGNS)},
        "help": {"text": text, "markdown": text},
        "defaultConfiguration": {"level": severity},
    }
