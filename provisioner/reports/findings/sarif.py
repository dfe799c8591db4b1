"""Findings as SARIF 2.1.0, for code scanning and editors.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/sarif-v2.1.0-os.html
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import provisioner
from provisioner.config.issue import Severity
from provisioner.lint.finding import Finding
from provisioner.lint.result import LintResult
from provisioner.reports.findings.places import Places, fingerprints
from provisioner.reports.findings.sarif_places import artifact_location, logical_locations, region
from provisioner.reports.findings.sarif_rules import rule_descriptors

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
# GitHub refuses a run with more, and shows the gravest 5,000 of them:
# https://docs.github.com/en/code-security/code-scanning/troubleshooting-sarif-uploads/results-exceed-limit
MOST_RESULTS = 25_000


def render(result: LintResult) -> str:
    """One run; it has all rules, and of more than 25,000 findings the errors first."""
    rules = rule_descriptors(result.findings)
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
            "artifactLocation": artifact_location(finding.file, places),
            "region": region(finding),
        },
        **logical_locations(finding.pointer),
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
