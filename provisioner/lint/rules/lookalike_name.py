"""Two server names that people take for one: they differ in blanks, dashes or written form."""

from __future__ import annotations

import unicodedata

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings

ID = "lookalike-name"
SEVERITY = Severity.WARNING


def identity(server: Declaration, _surroundings: Surroundings) -> str:
    """Letters and digits only, in compatible form (Unicode Standard Annex 15) and one case."""
    name = server.text("/server_name")
    if not name.isascii():
        name = unicodedata.normalize("NFKC", name)
    letters = name.casefold()
    return letters if letters.isalnum() else "".join(filter(str.isalnum, letters))


def remark(first: str, second: str, place: str) -> Remark | None:
    """Of equal names, `duplicate-server-name` says more."""
    if first.casefold() == second.casefold():
        return None
    return Remark(
        "/server_name",
        f"this name is easily taken for the one at {place}",
        "give one of the two a name that is clearly another",
    )
