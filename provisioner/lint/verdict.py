"""Documents -> Verdict: every finding, in the order of the files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from provisioner.documents.document import Document
from provisioner.lint.checks import Checks
from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Finding, Severity
from provisioner.lint.rules import RULES, Rule
from provisioner.lint.schema import schema_for
from provisioner.lint.surroundings import Surroundings


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
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
) -> Verdict:
    """Check all documents. `settings` are not checked, but their provider facts count."""
    every = tuple(documents)
    servers = {id(d): Declaration(d) for d in every if _is_server(d)}
    facts = _provider_facts((*every, *settings))
    checks = Checks(Surroundings(servers.values(), facts), rules)
    findings = [f for d in every for f in checks.findings(d, servers.get(id(d)))]
    return Verdict(
        findings=tuple(findings),
        files=len({document.path for document in every}),
        servers=len(servers),
        crashed=tuple(dict.fromkeys(checks.crashed)),
    )


def _is_server(document: Document) -> bool:
    return schema_for(document).name == "email-server" and isinstance(document.value, dict)


def _provider_facts(documents: Iterable[Document]) -> Mapping[str, Mapping[str, Any]]:
    """`providers:` of the first settings, if they are clean."""
    for document in documents:
        schema = schema_for(document)
        if schema.name == "project" and isinstance(document.value, dict):
            facts = document.value.get("providers", {})
            return facts if schema.accepts(document.value) else {}
    return {}
