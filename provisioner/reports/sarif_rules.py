"""The rules of a SARIF run: what their pages say."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import shorten
from typing import Any

from provisioner.lint.finding import Finding, Severity
from provisioner.lint.rule_pages import page, rule_pages
from provisioner.lint.rules import RULES

# https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
_MOST_SIGNS = 1024


def rule_descriptors(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """All rules by id; behind them checks without a page, such as one that crashed."""
    pages = rule_pages()
    severities = {rule.ID: rule.SEVERITY for rule in RULES}
    known = [
        _descriptor(entry.rule, entry.title, severities.get(entry.rule, Severity.ERROR))
        for entry in pages
    ]
    others = {finding.rule for finding in findings} - {entry.rule for entry in pages}
    return [*known, *({"id": rule} for rule in sorted(others))]


def _descriptor(rule: str, title: str, severity: Severity) -> dict[str, Any]:
    text = page(rule) or ""
    why = text.partition("## Why")[2]
    return {
        "id": rule,
        "shortDescription": {"text": title},
        "fullDescription": {"text": shorten(f"{title} {why}", _MOST_SIGNS)},
        "help": {"text": text, "markdown": text},
        "defaultConfiguration": {"level": severity},
    }
