"""One document as it was built from a text."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from provisioner.documents.defect import Defect

NOTHING: Final = object()


class Built(NamedTuple):
    """One document's value; NOTHING where it could not be built: then no other follows."""

    value: Any
    line: int
    defects: tuple[Defect, ...] = ()
