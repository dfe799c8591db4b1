"""The rules of a SARIF run: what their pages say."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import shorten
from typing import Any

from provisioner.config.issue import Severity
from provisioner.lint.checks import severity_of
from provisioner.lint.finding import Finding
from provisioner.lint.rule import rule_page, rule_pages

# https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
_MOST_SIGNS = 1024


def rule_descriptors(findings: Iterable[Finding]) -> list[dict[str, Any]]:
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
