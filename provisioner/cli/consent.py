"""Puts to a person, on a terminal, where a secret would go."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from provisioner.cli.output import print_text
from provisioner.cli.prompts import can_answer, confirm
from provisioner.credentials.project_secrets import Confirm
from provisioner.text import printable


def confirm_destination() -> Confirm | None:
    """What asks; None where nobody can answer."""
    return _ask if can_answer() else None


def _ask(lines: Sequence[str], question: str) -> bool:
    print_text("\n".join(map(printable, lines)), file=sys.stderr)
    return confirm(question)
