"""A reference that holds the secret itself instead of saying where it lies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from provisioner.lint.declaration import SECRETS, Declaration
from provisioner.lint.finding import Severity
from provisioner.lint.remark import Remark
from provisioner.lint.surroundings import Surroundings
from provisioner.providers.credential_forms import holds_secret_value

ID = "secret-in-reference"
SEVERITY = Severity.ERROR

_PLACES = {
    "env": "the name of an environment variable",
    "file": "the path of the file",
    "command": "a program that prints it",
    "keyring": "SERVICE/NAME of its entry",
}


def check(server: Declaration, _surroundings: Surroundings) -> Iterator[Remark]:
    """Told by the look that Microsoft and Google give their client secrets."""
    for pointer, key in server.fact(_misplaced):
        name = pointer.rpartition("/")[2]
        yield Remark(
            f"{pointer}/{key}",
            f"below `{name}` stands a secret itself, not where it lies",
            f"renew it, since git keeps it; then write {_PLACES[key]} here",
        )


def _misplaced(server: Declaration) -> tuple[tuple[str, str], ...]:
    """Pointer to the secret, and the key below it."""
    found = []
    for pointer in SECRETS:
        reference = server.get(pointer)
        for key in reference if isinstance(reference, dict) else ():
            if key in _PLACES and any(map(holds_secret_value, _texts(reference[key]))):
                found.append((pointer, key))
    return tuple(found)


def _texts(value: Any) -> list[str]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]
