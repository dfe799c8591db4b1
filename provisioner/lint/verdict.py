"""Documents -> Verdict: every finding, in the order of the files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from provisioner.config.document import Document
from provisioner.lint.checks import Checks, Numbered, Part
from provisioner.lint.comparing import compared
from provisioner.lint.finding import Finding, Severity
from provisioner.lint.rules import COMPARISONS, RULES, Comparison, Rule
from provisioner.lint.selection import EVERYTHING
from provisioner.lint.suppression import Ignores
from provisioner.lint.surroundings import ProjectSurroundings


class Verdict(NamedTuple):
    """What there is to say. `crashed`: checks that failed, which is our bug."""

    findings: tuple[Finding, ...]
    files: int
    servers: int
    crashed: tuple[str, ...] = ()

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(finding.severity is Severity.ERROR for finding in self.findings)

    @property
    def warnings(self) -> int:
        """How many findings are warnings."""
        return len(self.findings) - self.errors


def reach_verdict(
    documents: Iterable[Document],
    *,
    settings: Iterable[Document] = (),
    rules: tuple[Rule, ...] = RULES,
    asked: frozenset[str] = EVERYTHING,
) -> Verdict:
    """Check documents, of which only one is in memory at a time.

    `settings`: whose provider facts count for files that belong to no project.
    """
    return verdict_of([part_of(documents, settings, rules, asked)], asked)


def part_of(
    documents: Iterable[Document],
    settings: Iterable[Document] = (),
    rules: tuple[Rule, ...] = RULES,
    asked: frozenset[str] = EVERYTHING,
) -> Part:
    """What there is to say about some of the documents; all parts together make a verdict."""
    chosen = [rule for rule in rules if rule.ID in asked]
    checks = Checks(ProjectSurroundings(settings), chosen, _comparisons(asked), asked)
    return checks.part_of(documents)


def verdict_of(parts: Iterable[Part], asked: frozenset[str] = EVERYTHING) -> Verdict:
    """One verdict of parts that follow one another."""
    whole = Part()
    for part in parts:
        whole.findings += ((whole.documents + number, f) for number, f in part.findings)
        whole.sightings += (
            seen._replace(number=whole.documents + seen.number) if whole.documents else seen
            for seen in part.sightings
        )
        whole.crashed += part.crashed
        whole.files += part.files
        whole.servers += part.servers
        whole.documents += part.documents
    whole.findings += _by_comparing(whole, asked)
    return Verdict(
        findings=tuple(finding for _, finding in sorted(whole.findings, key=_place)),
        files=whole.files,
        servers=whole.servers,
        crashed=tuple(dict.fromkeys(whole.crashed)),
    )


def _comparisons(asked: frozenset[str]) -> tuple[Comparison, ...]:
    return tuple(rule for rule in COMPARISONS if rule.ID in asked)


def _place(numbered: Numbered) -> tuple[int, int, int]:
    number, finding = numbered
    return number, finding.line, finding.column


def _by_comparing(whole: Part, asked: frozenset[str]) -> list[Numbered]:
    found: list[Numbered] = []
    repeated = compared(whole.sightings, _comparisons(asked), whole.crashed)
    for number, document, objection in repeated:
        from provisioner.lint.resolution import findings_of_objections

        findings = findings_of_objections([objection], document, Ignores(document.source))
        found += ((number, finding) for finding in findings)
    return found
