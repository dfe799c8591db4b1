"""Documents -> what schema and rules say about them, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from operator import attrgetter

from provisioner.config.document import Document, Source
from provisioner.config.issue import Issue, Severity
from provisioner.config.yaml_text import MISSING
from provisioner.lint.checks import UNUSED_IGNORE
from provisioner.lint.context import ProjectContexts
from provisioner.lint.finding import Finding
from provisioner.lint.ignores import Ignores
from provisioner.lint.rule import Rule
from provisioner.lint.schema import Schema, schema_for
from provisioner.lint.server import CorrectedDocument, ServerView

_place = attrgetter("line", "column")


class Linter:
    """A check that crashes hides nothing of the others; `crashed` gets its id."""

    def __init__(
        self, settings: Iterable[Document], rules: Iterable[Rule], asked: frozenset[str]
    ) -> None:
        self.files = self.servers = 0
        self.crashed: list[str] = []
        self._contexts = ProjectContexts(settings)
        self._rules = [rule for rule in rules if rule.id in asked]
        self._asked = asked
        # A rule that compares has looked at all servers of a project only if all were read.
        self._checked = frozenset(rule.id for rule in self._rules if not rule.compares)

    def findings(self, documents: Iterable[Document]) -> Iterator[Finding]:
        """What is wrong, by file, line and column; one document at a time is in memory."""
        for source, of_one_file in groupby(documents, attrgetter("source")):
            self.files += 1
            yield from sorted(self._in_file(source, of_one_file), key=_place)

    def _in_file(self, source: Source, documents: Iterable[Document]) -> Iterator[Finding]:
        ignores = Ignores(source)
        for document in documents:
            issues = self._issues(document)
            if issues or document.issues:
                yield from self._located(document, issues, ignores)
        if UNUSED_IGNORE in self._asked:
            yield from ignores.unused(self._checked)

    def _located(
        self, document: Document, issues: list[Issue], ignores: Ignores
    ) -> Iterator[Finding]:
        """Imported here: a run that has nothing to say needs no places and no excerpts."""
        from provisioner.lint.resolution import finding_of_reader, findings_of_checks

        for issue in document.issues:
            if issue.severity is Severity.ERROR or issue.rule in self._asked:
                yield finding_of_reader(issue, document)
        yield from findings_of_checks(issues, document, ignores)

    def _issues(self, document: Document) -> list[Issue]:
        schema = schema_for(document)
        meant = self._corrected(document, schema)
        if not isinstance(meant.value, dict):
            return list(meant.issues)
        if schema.name == "email-server":
            self.servers += 1
            server = ServerView(document, meant.value)
            context = self._contexts.of(document.source.project)
            issues = self._by_rules(lambda rule: rule.check(server, context))
        else:
            settings = meant.value
            issues = self._by_rules(lambda rule: rule.check_settings(settings))
        return [*meant.issues, *(map(meant.in_file, issues) if meant.moved else issues)]

    def _corrected(self, document: Document, schema: Schema) -> CorrectedDocument:
        value = document.value
        try:
            if value is MISSING or schema.accepts(value):
                return CorrectedDocument(value)
            # Only now that something is wrong.
            from provisioner.lint.schema_issues import check_schema

            meant = check_schema(value, schema)
            if not meant.issues:
                raise AssertionError("nothing explains why the schema refuses this")
        except Exception as error:  # noqa: BLE001
            return CorrectedDocument(value, (self._bug("schema", error),))
        return meant

    def _by_rules(self, ask: Callable[[Rule], Iterable[Issue]]) -> list[Issue]:
        found: list[Issue] = []
        for rule in self._rules:
            try:
                for issue in ask(rule):
                    found.append(issue._replace(rule=rule.id, severity=rule.severity))
            except Exception as error:  # noqa: BLE001
                found.append(self._bug(rule.id, error))
        return found

    def _bug(self, check: str, error: Exception) -> Issue:
        """Type and place only: the words of an unexpected exception may quote a secret."""
        self.crashed.append(check)
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
        message = f"internal error in this rule: {type(error).__name__} at {place}"
        return Issue("", message, "report it with this line", "key", check)
