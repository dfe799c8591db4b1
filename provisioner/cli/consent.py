"""Puts to a person, on a terminal, where a secret would go."""

from __future__ import annotations

import sys

from provisioner.cli.prompts import can_answer, confirm
from provisioner.text import printable
from provisioner.tokens.gate import Ask
from provisioner.tokens.objection import Objection


def asker() -> Ask | None:
    """What asks; None where nobody can answer."""
    return _ask if can_answer() else None


def _ask(objection: Objection) -> bool:
    lines = (f"{objection.server.where()}:", *(f"  {reason}" for reason in objection.reasons))
    print(*map(printable, lines), sep="\n", file=sys.stderr)
    if objection.changed:
        return confirm("This differs from what was accepted. Is it meant?")
    return confirm("Is it right?")
