"""What schema and rules say about one document after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from operator import attrgetter
from typing import Any

from provisioner.config.document import Document, Source
from provisioner.config.yaml_text import MISSING
from provisioner.lint.asking import Asking
from provisioner.lint.bug import bug_of
from provisioner.lint.comparing import Sighting, identities_of, sighting_of
from provisioner.lint.declaration import Declaration
from provisioner.lint.diagnosis import Diagnosis, diagnose
from provisioner.lint.finding import Finding
from provisioner.lint.remark import Objection
from provisioner.lint.rules import SETTINGS_RULES, Comparison, Rule
from provisioner.lint.schema import Schema, schema_for
from provisioner.lint.suppression import UNUSED, Ignores
from provisioner.lint.surroundings import ProjectSurroundings

Numbered = tuple[int, Finding]


class Part:
    """What there is to say about some files. Numbers count their documents, from 0."""

    def __init__(self) -> None:
        self.documents = self.files = self.servers = 0
        self.findings: list[Numbered] = []
        self.sightings: list[Sighting] = []
        self.crashed: list[str] = []


class Checks:
    """A check that crashes hides nothing of the others."""

    def __init__(
        self,
        surroundings: ProjectSurroundings,
        rules: Iterable[Rule],
        comparisons: Iterable[Comparison],
        asked: frozenset[str],
    ) -> None:
        self._surroundings = surroundings
        self._rules = tuple(rules)
        self._comparisons = tuple(comparisons)
        self._asked = asked
        self._askings: dict[str, Asking] = {}
        self._checked = asked & {rule.ID for rule in self._rules}

    def part_of(self, documents: Iterable[Document]) -> Part:
        """All findings, but for those that come from comparing servers."""
        part = Part()
        for source, of_one_file in groupby(documents, attrgetter("source")):
            part.files += 1
            self._check_file(source, of_one_file, part)
        return part

    def _check_file(self, source: Source, documents: Iterable[Document], part: Part) -> None:
        """With the file's last document stands what is wrong with its comments."""
        ignores = Ignores(source)
        for document in documents:
            objections = self._objections(document, part)
            if objections or document.defects:
                found = self._findings(document, objections, ignores)
                part.findings += ((part.documents, finding) for finding in found)
            part.documents += 1
        if UNUSED in self._asked:
            unused = ignores.unused(self._checked)
            part.findings += ((part.documents - 1, finding) for finding in unused)

    def _objections(self, document: Document, part: Part) -> list[Objection]:
        schema = schema_for(document)
        diagnosis, bugs = _diagnosis(document, schema)
        if bugs:
            part.crashed += (bug.rule for bug in bugs)
        if not isinstance(diagnosis.value, dict):
            return [*bugs, *diagnosis.objections]
        if schema.name == "email-server":
            part.servers += 1
            objections = self._by_rules(Declaration(document, diagnosis.value), part)
        else:
            objections = self._on_settings(diagnosis.value, part)
        if diagnosis.moved:
            objections = [diagnosis.told_in_file(objection) for objection in objections]
        return [*bugs, *diagnosis.objections, *objections]

    def _by_rules(self, server: Declaration, part: Part) -> list[Objection]:
        asking = self._asking(server.document, part)
        objections = asking.objections(server)
        if self._comparisons:
            identities, bugs = identities_of(server, self._comparisons, asking.surroundings)
            part.sightings.append(sighting_of(server, part.documents, identities))
            if bugs:
                part.crashed += (bug.rule for bug in bugs)
                objections += bugs
        return objections

    def _on_settings(self, settings: Mapping[str, Any], part: Part) -> list[Objection]:
        found: list[Objection] = []
        for rule in SETTINGS_RULES:
            if rule.ID not in self._asked:
                continue
            try:
                remarks = list(rule.check_settings(settings))
                found += (Objection(rule.ID, remark, rule.SEVERITY) for remark in remarks)
            except Exception as error:  # noqa: BLE001
                part.crashed.append(rule.ID)
                found.append(bug_of(rule.ID, error))
        return found

    def _asking(self, document: Document, part: Part) -> Asking:
        project = document.source.project
        if project not in self._askings:
            surroundings = self._surroundings.of(project)
            self._askings[project] = Asking(self._rules, surroundings, part.crashed)
        return self._askings[project]

    def _findings(
        self, document: Document, objections: list[Objection], ignores: Ignores
    ) -> list[Finding]:
        """Imported here: a run that has nothing to say needs no places and no excerpts."""
        from provisioner.lint.resolution import finding_of_defect, findings_of_objections

        return [
            *(
                finding_of_defect(defect, document)
                for defect in document.defects
                if not defect.is_warning or defect.rule in self._asked
            ),
            *findings_of_objections(objections, document, ignores),
        ]


def _diagnosis(document: Document, schema: Schema) -> tuple[Diagnosis, list[Objection]]:
    if document.value is MISSING:
        return Diagnosis(MISSING), []
    try:
        if schema.accepts(document.value):
            return Diagnosis(document.value), []
        return _refused(document, schema), []
    except Exception as error:  # noqa: BLE001
        return Diagnosis(document.value), [bug_of("schema", error)]


def _refused(document: Document, schema: Schema) -> Diagnosis:
    diagnosis = diagnose(document.value, schema)
    if not diagnosis.objections:
        raise AssertionError("nothing explains why the schema refuses this")
    return diagnosis
