"""Options that several commands share: one by one, and in groups that are one parameter each."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import StrEnum
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from provisioner.cli.completion import (
    complete_destination,
    complete_host_name,
    complete_server_name,
)
from provisioner.cli.output import repeat

if TYPE_CHECKING:
    from provisioner.credentials.project_secrets import OpenProject
    from provisioner.model.project import Project


class OutputFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


_DURATION = re.compile(r"([0-9]{1,6})([hdw])")
_SECONDS = {"h": 3600, "d": 86400, "w": 7 * 86400}


def _duration(text: str | float) -> float:
    """Seconds of 12h, 30d, 2w."""
    found = _DURATION.fullmatch(str(text))
    if found is None:
        raise typer.BadParameter(f"{text!r} is not a number of hours, days or weeks: 12h, 30d, 2w")
    return float(found[1]) * _SECONDS[found[2]]


Within = Annotated[
    float | None,
    typer.Option(
        "--within",
        metavar="12h|30d|2w",
        parser=_duration,
        help="Exit with 6 if a client secret or sign-in expires within this time.",
        show_default="two weeks, or half of its life",
    ),
]


def _named_inventory(given: Path | None) -> Path | None:
    return repeat("-i", given)


def _named_project(given: Path) -> Path:
    repeat("-C", given)
    return given


def nearest_project(given: Path) -> Path:
    """The project around the current folder, as git finds its repository.

    Only through folders of our own: in /tmp, say, anybody could lay out a project above ours.
    """
    from provisioner.config.files import is_project, project_around

    here = Path.cwd()
    repeat("-C", given)
    if given != Path() or is_project(here):
        return given
    found = project_around(here)
    passed = [folder for folder in here.parents if found and folder.is_relative_to(found)]
    if found is None or any(folder.stat().st_uid != os.geteuid() for folder in passed):
        return given
    return Path(os.path.relpath(found, here))


NewProjectFolder = Annotated[
    Path,
    typer.Option(
        "--project",
        "-C",
        help="The project folder, with provisioner.yml, servers/, inventory/, tokens/.",
        show_default="the current folder",
        callback=_named_project,
    ),
]
ProjectFolder = Annotated[
    Path,
    typer.Option(
        "--project",
        "-C",
        help="The project folder, with provisioner.yml, servers/, inventory/, tokens/.",
        show_default="the current folder, or the nearest above it",
        callback=nearest_project,
    ),
]

Format = Annotated[OutputFormat, typer.Option("--format", help="How to print the result.")]

AllowCommands = Annotated[
    bool,
    typer.Option("--allow-commands", help="Let {command: ...} secret sources run their command."),
]

AcceptDestination = Annotated[
    list[str] | None,
    typer.Option(
        "--accept-destination",
        metavar="SERVER",
        help="Accept the new destinations of this server's secrets (repeatable).",
        show_default=False,
        autocompletion=complete_destination,
    ),
]

InventoryPath = Annotated[
    Path | None,
    typer.Option(
        "--inventory",
        "-i",
        help="Ansible inventory file, folder or script.",
        show_default="the project's: inventory/",
        callback=_named_inventory,
        rich_help_panel="Ansible",
    ),
]

ServerNames = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[SERVER]...",
        help="Only these servers.",
        show_default="all",
        autocompletion=complete_server_name,
    ),
]

RequiredServers = Annotated[
    list[str],
    typer.Argument(
        metavar="SERVER...",
        help="The server_names.",
        show_default=False,
        autocompletion=complete_server_name,
    ),
]

Verbosity = Annotated[
    int,
    typer.Option(
        "--verbose",
        "-v",
        count=True,
        max=4,
        help="Ansible's own verbosity: -v to -vvvv.",
        rich_help_panel="Ansible",
    ),
]

HostLimit = Annotated[
    str | None,
    typer.Option(
        "--limit",
        "-l",
        metavar="PATTERN",
        help="Only these hosts: a host, a group, or a pattern such as 'maps:!test'.",
        show_default="all",
        autocompletion=complete_host_name,
    ),
]

Forks = Annotated[
    int | None,
    typer.Option(
        "--forks",
        "-f",
        min=1,
        max=1000,
        help="How many hosts to contact in parallel.",
        show_default="push: forks in provisioner.yml, else 10",
        rich_help_panel="Ansible",
    ),
]

Prune = Annotated[
    bool,
    typer.Option(
        "--prune",
        help="Remove servers that provisioner delivered and that are no longer declared.",
    ),
]

AskBecomePass = Annotated[
    bool,
    typer.Option(
        "--ask-become-pass",
        "-K",
        help="Prompt for the become password.",
        rich_help_panel="Ansible",
    ),
]

VaultPasswordFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--vault-password-file",
        metavar="FILE",
        help="Vault password file for the inventory, as in Ansible (repeatable).",
        show_default="Ansible's own setting",
        rich_help_panel="Ansible",
    ),
]

LockWait = Annotated[
    float,
    typer.Option(
        "--lock-wait",
        min=0,
        metavar="SECONDS",
        help="How long to wait for another run, here and on a host (there 540 at most).",
    ),
]

NoRestart = Annotated[
    bool,
    typer.Option(
        "--no-restart",
        help="Do not restart maps_service; the next push without this option does.",
    ),
]

ReportFiles = Annotated[
    list[str] | None,
    typer.Option(
        "--report",
        metavar="FORMAT=FILE",
        help="Also write a report: junit=FILE, json=FILE or markdown=FILE (repeatable).",
        show_default="none",
    ),
]

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not prompt for confirmation.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectOptions:
    """Which project, and how its secrets are read."""

    project: ProjectFolder = Path()
    allow_commands: AllowCommands = False
    accept_destination: AcceptDestination = None

    def read(self) -> Project:
        """The project as it is declared."""
        from provisioner.model.reading import read_project

        return read_project(self.project)

    def open(self, project: Project | None = None) -> OpenProject:
        """The project with its secrets; on a terminal a person is asked about destinations that
        are not accepted.
        """
        from provisioner.cli.output import print_note
        from provisioner.cli.prompts import can_answer, confirm_lines
        from provisioner.credentials.project_secrets import open_project

        return open_project(
            project or self.read(),
            allow_commands=self.allow_commands,
            accept_destinations=self.accept_destination or (),
            confirm=confirm_lines if can_answer() else None,
            announce=print_note,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HostsOptions(ProjectOptions):
    """How the hosts of the project are contacted."""

    inventory: InventoryPath = None
    forks: Forks = None
    ask_become_pass: AskBecomePass = False
    vault_password_file: VaultPasswordFiles = None
    verbose: Verbosity = 0

    def read(self) -> Project:
        """The project as it is declared, with the inventory that was named."""
        from provisioner.deploy.run import with_inventory
        from provisioner.model.reading import read_project

        return with_inventory(read_project(self.project), self.inventory)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOptions:
    report: ReportFiles = None
    output_format: Format = OutputFormat.TEXT


def with_single_options(command: Callable[..., int]) -> Callable[..., int]:
    """The command as typer takes it: a parameter that is a group becomes its fields."""
    hints = get_type_hints(command, include_extras=True)
    groups = {
        name: kind for name, kind in hints.items() if isinstance(kind, type) and is_dataclass(kind)
    }

    def flat(**values: Any) -> int:
        made = {
            name: kind(**{field.name: values.pop(field.name) for field in fields(kind)})
            for name, kind in groups.items()
        }
        return command(**values, **made)

    parameters = [
        parameter.replace(annotation=hints[name], kind=Parameter.KEYWORD_ONLY)
        for name, parameter in signature(command).parameters.items()
        if name not in groups
    ]
    parameters += [one for group in groups.values() for one in _single_options(group)]
    flat.__name__, flat.__doc__ = command.__name__, command.__doc__
    flat.__annotations__ = {one.name: one.annotation for one in parameters} | {"return": int}
    vars(flat)["__signature__"] = Signature(parameters)
    return flat


def _single_options(group: type) -> Iterator[Parameter]:
    hints = get_type_hints(group, include_extras=True)
    for field in fields(group):
        default = Parameter.empty if field.default is MISSING else field.default
        kind = Parameter.KEYWORD_ONLY
        yield Parameter(field.name, kind, default=default, annotation=hints[field.name])
