"""What schema and rules say about one document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from provisioner.documents.builder import NOTHING
from provisioner.documents.document import Document
from provisioner.documents.pointer import lies_in
from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Finding
from provisioner.lint.remark import Objection, Remark
from provisioner.lint.rules import Rule
from provisioner.lint.schema import Schema, schema_for
from provisioner.lint.surroundings import Surroundings


class Checks:
    """Checks one document after the other. A check that crashes hides nothing of the others."""

    def __init__(self, surroundings: Surroundings, rules: Iterable[Rule]) -> None:
        self._surroundings = surroundings
        self._rules = tuple(rules)
        self.crashed: list[str] = []

    def findings(self, document: Document, server: Declaration | None) -> list[Finding]:
        """All findings of a document, by line; `server` if it is one, for the rules."""
        schema = schema_for(document)
        objections = [
            *self._by_schema(document, schema),
            *(self._by_rules(server) if server is not None else ()),
        ]
        return _findings(objections, document, schema) if objections or document.defects else []

    def _by_schema(self, document: Document, schema: Schema) -> list[Objection]:
        if document.value is NOTHING:
            return []
        try:
            return [] if schema.accepts(document.value) else _explained(document, schema)
        except Exception as error:  # noqa: BLE001
            return [self._bug("schema", error)]

    def _by_rules(self, server: Declaration) -> Iterator[Objection]:
        for rule in self._rules:
            try:
                remarks = list(rule.check(server, self._surroundings))
            except Exception as error:  # noqa: BLE001
                yield self._bug(rule.ID, error)
            else:
                yield from (Objection(rule.ID, remark, rule.SEVERITY) for remark in remarks)

    def _bug(self, check: str, error: Exception) -> Objection:
        """Type and place only: the words of an unexpected exception may quote a secret."""
        self.crashed.append(check)
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
        message = f"this check failed here, which is our bug: {type(error).__name__} at {place}"
        return Objection(check, Remark("", message, "please report it with this line", "key"))


def _findings(objections: list[Objection], document: Document, schema: Schema) -> list[Finding]:
    """Imported here: a run that has nothing to say needs no places and no excerpts."""
    from provisioner.lint.resolution import finding_of_defect, finding_of_objection
    from provisioner.lint.suppression import is_suppressed

    found = [finding_of_defect(defect, document, schema) for defect in document.defects]
    for objection in _not_said_better(objections, document):
        finding = finding_of_objection(objection, document, schema)
        if not is_suppressed(finding, document.source.lines):
            found.append(finding)
    return sorted(found, key=lambda finding: (finding.line, finding.column))


def _explained(document: Document, schema: Schema) -> list[Objection]:
    from provisioner.lint.explanation import explain

    objections = explain(document.value, schema)
    if not objections:
        raise AssertionError("jsonschema accepts what jsonschema-rs does not")
    return objections


def _not_said_better(objections: list[Objection], document: Document) -> Iterator[Objection]:
    """`wrong-form` says least: where something else is said of the value, that stands alone.

    Behind an unknown tag, say, is not what was meant; more words on it would only confuse.
    """
    unreadable = [d.pointer for d in document.defects if d.rule != "duplicate-key"]
    better = {o.remark.pointer for o in objections if o.rule != "wrong-form"}
    for objection in objections:
        pointer = objection.remark.pointer
        if objection.rule == "wrong-form" and pointer in better:
            continue
        if not any(lies_in(pointer, defect) for defect in unreadable):
            yield objection
