"""Rules that compare servers: what each server is known by, and what is said of the second."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from provisioner.config.document import STDIN, Document, FoundFile
from provisioner.config.files import load_declared
from provisioner.lint.bug import bug_of
from provisioner.lint.declaration import Declaration
from provisioner.lint.remark import Objection
from provisioner.lint.rules import Comparison
from provisioner.lint.surroundings import Surroundings


class Sighting(NamedTuple):
    """One server, as the rules know it: an identity for each. It is read again if need be.

    `number`: which document of the run. `document`: kept only if it cannot be read again.
    """

    number: int
    name: str
    identities: tuple[str, ...]
    path: str
    project: str
    position: int
    document: Document | None

    def read_again(self) -> Document:
        """The document that declares the server."""
        if self.document is not None:
            return self.document
        documents = load_declared(FoundFile(self.path, self.project))
        return documents[min(self.position, len(documents) - 1)]


def identities_of(
    server: Declaration, comparisons: Sequence[Comparison], surroundings: Surroundings
) -> tuple[list[str], list[Objection]]:
    """What each rule knows the server by; what is said of rules that fail."""
    identities, bugs = [], []
    for rule in comparisons:
        identity = ""
        try:
            identity = rule.identity(server, surroundings)
        except Exception as error:  # noqa: BLE001
            bugs.append(bug_of(rule.ID, error))
        identities.append(identity)
    return identities, bugs


def sighting_of(server: Declaration, number: int, identities: Iterable[str]) -> Sighting:
    """What a server is known by."""
    document = server.document
    return Sighting(
        number,
        server.text("/server_name"),
        tuple(identities),
        document.source.path,
        document.source.project,
        document.position,
        document if document.source.path == STDIN else None,
    )


def compared(
    sightings: Iterable[Sighting], comparisons: Sequence[Comparison], crashed: list[str]
) -> Iterator[tuple[int, Document, Objection]]:
    """What is said of each server that is known by what an earlier one of its project is.

    `crashed` gets the id of a rule that fails.
    """
    firsts: dict[tuple[int, str], dict[str, Sighting]] = defaultdict(dict)
    for seen in sightings:
        for order, identity in enumerate(seen.identities):
            known = firsts[order, seen.project]
            first = known.setdefault(identity, seen) if identity else seen
            if first is not seen:
                objection = _objection(comparisons[order], first, seen, crashed)
                if objection is not None:
                    yield seen.number, seen.read_again(), objection


def _objection(
    rule: Comparison, first: Sighting, second: Sighting, crashed: list[str]
) -> Objection | None:
    try:
        remark = rule.remark(first.name, second.name, _place_of(first))
    except Exception as error:  # noqa: BLE001
        crashed.append(rule.ID)
        return bug_of(rule.ID, error)
    return None if remark is None else Objection(rule.ID, remark, rule.SEVERITY)


def _place_of(first: Sighting) -> str:
    document = first.read_again()
    return f"{document.path}:{document.locate('/server_name').value.start.line}"
