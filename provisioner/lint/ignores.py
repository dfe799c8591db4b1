"""`# provisioner: ignore[rule-id] reason`, at the end of a line or alone on the line above."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from provisioner.config.document import Source
from provisioner.config.issue import Severity
from provisioner.lint.checks import IGNORABLE, UNUSED_IGNORE
from provisioner.lint.finding import Finding

_COMMENT = re.compile(r"(?:^|\s)(#\s*provisioner:\s*ignore\[([\w, -]*)\])(\s+\S)?")


class _Comment(NamedTuple):
    line: int
    column: int
    length: int
    rules: tuple[str, ...]
    has_reason: bool
    stands_alone: bool
    used: set[str]


class Ignores:
    """The comments of one file that say which findings are known.

    A finding that is hidden covers no other: `resolution` asks `hide` before it looks for those.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._comments = list(_comments(source)) if "provisioner:" in source.text else []

    def hide(self, finding: Finding) -> bool:
        """Whether a comment, which must give a reason, says that the finding is known."""
        if finding.rule not in IGNORABLE:
            return False
        for comment in self._comments:
            is_meant = finding.rule in comment.rules and comment.has_reason
            if is_meant and finding.line - comment.line == comment.stands_alone:
                comment.used.add(finding.rule)
                return True
        return False

    def unused(self, checked: frozenset[str]) -> Iterator[Finding]:
        """What is wrong with comments that hide nothing. `checked`: the rules that were asked."""
        for comment in self._comments:
            for rule in comment.rules:
                words = _words(rule, comment, checked)
                if words is not None:
                    yield self._finding(comment, *words)

    def _finding(self, comment: _Comment, message: str, remedy: str) -> Finding:
        return Finding(
            rule=UNUSED_IGNORE,
            severity=Severity.WARNING,
            file=self._source.shown,
            line=comment.line,
            column=comment.column,
            end_line=comment.line,
            end_column=comment.column + comment.length,
            pointer="",
            message=message,
            remedy=remedy,
        )


def _comments(source: Source) -> Iterator[_Comment]:
    for line, text in enumerate(source.lines, 1):
        found = _COMMENT.search(text) if "provisioner:" in text else None
        if found is not None:
            yield _Comment(
                line=line,
                column=found.start(1) + 1,
                length=len(found.group(1)),
                rules=tuple(rule for rule in re.split(r"[\s,]+", found.group(2)) if rule),
                has_reason=found.group(3) is not None,
                stands_alone=text.lstrip().startswith("#"),
                used=set(),
            )


def _words(rule: str, comment: _Comment, checked: frozenset[str]) -> tuple[str, str] | None:
    if rule in comment.used:
        return None
    if rule not in IGNORABLE:
        return _words_for_other(rule)
    if not comment.has_reason:
        return "this comment gives no reason, so it has no effect", "write the reason after it"
    if rule not in checked:
        return None
    return f"there is no finding of {rule} here", "remove the comment"


def _words_for_other(rule: str) -> tuple[str, str]:
    from provisioner.lint.mistakes.nearest import nearest
    from provisioner.lint.rule import rule_pages

    known = [entry.rule for entry in rule_pages()]
    if rule in known:
        return f"{rule} cannot be ignored with a comment", "fix the finding, and remove the comment"
    near = nearest(rule, sorted(IGNORABLE))
    remedy = f"did you mean {near}?" if near else "`provisioner rules` lists them"
    return "this comment names a rule that does not exist", remedy
