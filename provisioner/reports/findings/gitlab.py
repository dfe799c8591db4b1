"""Findings as a GitLab Code Quality report: `artifacts: reports: codequality:` of a job.

https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

import json
from typing import Any

from provisioner.config.issue import Severity
from provisioner.lint.finding import Finding
from provisioner.lint.result import LintResult
from provisioner.reports.findings.places import Places, fingerprints, last_line

_SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor"}


def render(result: LintResult) -> str:
    """A JSON array, empty if there is nothing to say; paths relative to the current folder."""
    places = Places()
    marks = fingerprints(result.findings, places)
    issues = [_issue(f, mark, places) for f, mark in zip(result.findings, marks, strict=True)]
    return json.dumps(issues, indent=2) + "\n"


def _issue(finding: Finding, fingerprint: str, places: Places) -> dict[str, Any]:
    return {
        "description": f"{finding.message}; {finding.remedy}",
        "check_name": finding.rule,
        "fingerprint": fingerprint,
        "severity": _SEVERITIES[finding.severity],
        "location": {
            "path": places.best(finding.file),
            "lines": {"begin": finding.line, "end": last_line(finding)},
        },
    }
