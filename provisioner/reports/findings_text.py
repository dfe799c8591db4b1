"""Findings for people: one a paragraph, as `file:line:column:` that editors jump to."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.finding import Excerpt, Finding
from provisioner.lint.verdict import Verdict


def render(verdict: Verdict) -> str:
    """All findings, and a last line that counts them."""
    paragraphs = [*map(_paragraph, verdict.findings), _summary(verdict)]
    return "\n".join(paragraphs) + "\n"


def _paragraph(finding: Finding) -> str:
    first, remedy = str(finding).split("\n", 1)
    excerpt = _excerpt(finding.excerpt) if finding.excerpt else ()
    return "\n".join((first, *excerpt, remedy, ""))


def _excerpt(excerpt: Excerpt) -> Iterator[str]:
    yield f"      {excerpt.text}"
    yield f"      {' ' * excerpt.mark_start}{'^' * excerpt.mark_length}"


def _summary(verdict: Verdict) -> str:
    checked = f"{_count(verdict.files, 'file')}, {_count(verdict.servers, 'email server')}"
    if not verdict.findings:
        return f"{checked}: nothing to say"
    found = [_count(verdict.errors, "error")] if verdict.errors else []
    found += [_count(verdict.warnings, "warning")] if verdict.warnings else []
    return f"{checked}: {', '.join(found)}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
