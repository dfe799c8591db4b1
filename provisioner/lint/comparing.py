"""Rules that compare servers: what each server is known by, and what is said of the second."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from provisioner.documents.document import Document
from provisioner.documents.files import FoundFile
from provisioner.documents.loader import STDIN
from provisioner.documents.project_files import load_declared
from provisioner.lint.declaration import Declaration
from provisioner.lint.remark import Objection
from provisioner.lint.rules import Comparison


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
    sightings: Iterable[Sighting], comparisons: Sequence[Comparison]
) -> Iterator[tuple[int, Document, Objection]]:
    """What is said of each server that is known by what an earlier one of its project is."""
    firsts: dict[tuple[int, str, str], Sighting] = {}
    for seen in sightings:
        for order, identity in enumerate(seen.identities):
            first = firsts.setdefault((order, seen.project, identity), seen) if identity else seen
            if first is not seen:
                rule = comparisons[order]
                remark = rule.remark(first.name, seen.name, _place_of(first))
                if remark is not None:
                    yield seen.number, seen.read_again(), Objection(rule.ID, remark, rule.SEVERITY)


def _place_of(first: Sighting) -> str:
    document = first.read_again()
    return f"{document.path}:{document.place('/server_name').value.start.line}"
