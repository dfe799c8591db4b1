"""A project with its encrypted parts, as the options of a command say."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from functools import partial

from provisioner.cli.output import print_text
from provisioner.cli.prompts import can_answer, confirm
from provisioner.credentials.project_secrets import OpenProject, open_project
from provisioner.model.project import Project
from provisioner.text import printable


def open_declared(
    project: Project,
    allow_commands: bool,
    accept_destinations: Iterable[str] | None = None,
) -> OpenProject:
    """Opened; on a terminal a person is asked about destinations that are not accepted."""
    return open_project(
        project,
        allow_commands=allow_commands,
        accept_destinations=accept_destinations or (),
        confirm=_ask if can_answer() else None,
        announce=partial(print_text, file=sys.stderr),
    )


def _ask(lines: Sequence[str], question: str) -> bool:
    print_text("\n".join(map(printable, lines)), file=sys.stderr)
    return confirm(question)
