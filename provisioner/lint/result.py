"""Documents -> LintResult: every finding, in the order of the files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from provisioner.config.document import Document
from provisioner.config.issue import Severity
from provisioner.lint.checks import EVERYTHING, RULES
from provisioner.lint.finding import Finding
from provisioner.lint.linter import Linter
from provisioner.lint.rule import Rule


class LintResult(NamedTuple):
    """What there is to say. `crashed`: checks that failed, which is a bug in provisioner;
    `strict`: warnings count as errors.
    """

    findings: tuple[Finding, ...]
    files: int
    servers: int
    crashed: tuple[str, ...] = ()
    strict: bool = False

    @property
    def errors(self) -> int:
        return sum(finding.severity is Severity.ERROR for finding in self.findings)

    @property
    def warnings(self) -> int:
        return len(self.findings) - self.errors


def lint(
    documents: Iterable[Document],
    *,
    settings: Iterable[Document] = (),
    rules: Iterable[Rule] = RULES,
    asked: frozenset[str] = EVERYTHING,
    strict: bool = False,
) -> LintResult:
    """Check documents, of which only one is in memory at a time.

    `settings`: of a project; their provider facts count for its files, and for those of no project.
    """
    linter = Linter(settings, rules, asked)
    findings = tuple(linter.findings(documents))
    crashed = tuple(dict.fromkeys(linter.crashed))
    return LintResult(findings, linter.files, linter.servers, crashed, strict)
