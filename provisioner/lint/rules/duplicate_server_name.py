"""Two servers of one name, whatever the case: tokens and hosts know a server by its name."""

from __future__ import annotations

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings

ID = "duplicate-server-name"
SEVERITY = Severity.ERROR


def identity(server: Declaration, _surroundings: Surroundings) -> str:
    """The name, in one case."""
    return server.text("/server_name").casefold()


def remark(_first: str, _second: str, place: str) -> Remark:
    """The second and every further one is marked."""
    return Remark(
        "/server_name",
        f"{place} declares an email server of this name already",
        "give each email server a name of its own; upper and lower case are the same",
    )
