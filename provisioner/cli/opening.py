"""A project with its encrypted parts, as the options of a command say."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import partial

from provisioner.cli.consent import confirm_destination
from provisioner.cli.output import print_text
from provisioner.credentials.project_secrets import OpenProject, open_project
from provisioner.model.project import Project


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
        confirm=confirm_destination(),
        announce=partial(print_text, file=sys.stderr),
    )
