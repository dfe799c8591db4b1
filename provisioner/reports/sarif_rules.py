"""The rules of a SARIF run: what their pages say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from provisioner.lint.finding import Finding, Severity
from provisioner.lint.rule_pages import page, rule_pages
from provisioner.lint.rules import RULES


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
    why = " ".join(text.partition("## Why")[2].split())
    return {
        "id": rule,
        "shortDescription": {"text": title},
        "fullDescription": {"text": f"{title} {why}"},
        "help": {"text": text, "markdown": text},
        "defaultConfiguration": {"level": severity},
    }
