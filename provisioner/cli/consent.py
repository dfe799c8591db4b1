"""Puts to a person, on a terminal, where a secret would go."""

from __future__ import annotations

import sys

from provisioner.cli.person import can_answer
from provisioner.tokens.gate import Ask
from provisioner.tokens.objection import Objection


def asker() -> Ask | None:
    """What asks; None where nobody can answer."""
    return _ask if can_answer() else None


def _ask(objection: Objection) -> bool:
    """Only a plain yes is one: Enter, end of input and anything else are no."""
    server = objection.server
    _say(f"{server.where()}:")
    for reason in objection.reasons:
        _say(f"  {reason}")
    what = (
        "This differs from what was accepted. Is it meant" if objection.changed else "Is it right"
    )
    sys.stderr.write(f"{what}? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().casefold() in ("y", "yes")


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
