"""Findings for programs."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from provisioner.lint.finding import Finding
from provisioner.lint.verdict import Verdict

_KEYS = tuple(field.name for field in fields(Finding) if field.name != "excerpt")


def render(verdict: Verdict) -> str:
    """`{"findings": [...], "summary": {...}}`, findings in the order of the text report."""
    report = {
        "findings": [_as_json(finding) for finding in verdict.findings],
        "summary": {
            "files": verdict.files,
            "servers": verdict.servers,
            "errors": verdict.errors,
            "warnings": verdict.warnings,
        },
    }
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


def _as_json(finding: Finding) -> dict[str, Any]:
    return {key: getattr(finding, key) for key in _KEYS}
