"""The id of a client secret where its value belongs."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.lint.declaration import Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.remark import Remark
from provisioner.lint.secret_looks import CLIENT_SECRET, is_secret_id
from provisioner.lint.surroundings import Surroundings

ID = "secret-id"
SEVERITY = Severity.ERROR


def check(server: Declaration, surroundings: Surroundings) -> Iterator[Remark]:
    """The provider's page shows both side by side, the value only once."""
    if is_secret_id(server, surroundings):
        yield Remark(
            CLIENT_SECRET,
            "this looks like the ID of the client secret (or of the app), not like its value",
            "make a new secret, since its value is shown only once; refer to where the value lies: "
            "{env: NAME}, {file: PATH}, {command: [PROGRAM, ...]}, {keyring: SERVICE/NAME}",
        )
