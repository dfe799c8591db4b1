"""Two servers of one name, whatever the case: tokens and hosts know a server by its name."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings

ID = "duplicate-server-name"
SEVERITY = Severity.ERROR


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """The second and every further one is marked."""
    name = server.text("/server_name")
    first = surroundings.first_named(name)
    if not name or first is None or first is server:
        return
    place = first.document.place("/server_name").value.start
    yield Remark(
        "/server_name",
        f"{first.document.path}:{place.line} declares an email server of this name already",
        "give each email server a name of its own; upper and lower case are the same",
    )
