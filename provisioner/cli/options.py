"""Options that several commands share."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from provisioner.deploy.mail_mode import MailMode

_LATEST_RUNS = 20  # so many journals are opened at most while somebody types


def complete_server_name(context: typer.Context, incomplete: str) -> list[str]:
    """The declared names that go on as typed. Whatever is wrong, there is just nothing to offer:
    a shell in the middle of a line is no place for errors.
    """
    from provisioner.config.files import documents_of, server_files, settings_documents

    root = Path(context.params.get("project") or ".")
    try:
        documents = documents_of(server_files(root, settings_documents(root)))
        names = {d.value.get("server_name") for d in documents if isinstance(d.value, dict)}
    except OSError:
        return []
    return _going_on(incomplete, names, context.params.get("servers"))


def complete_host_name(context: typer.Context, incomplete: str) -> list[str]:
    """The hosts of the last push that go on as typed, as its journal names them.

    The inventory is not asked: it may be a program.
    """
    from provisioner.deploy.record import all_runs
    from provisioner.errors import ProvisionerError

    root = Path(context.params.get("project") or ".")
    try:
        runs = islice(all_runs(root), _LATEST_RUNS)
        names = next(([host.host for host in run.hosts] for run in runs if run.plan), [])
    except (OSError, ProvisionerError):
        return []
    return _going_on(incomplete, names, context.params.get("hosts"))


def _going_on(incomplete: str, names: Iterable[object], given: Iterable[str] | None) -> list[str]:
    taken = {str(name).casefold() for name in given or ()}
    return sorted(
        _as_one_word(name)
        for name in names
        if isinstance(name, str)
        and name.isprintable()
        and name.startswith(incomplete)
        and name.casefold() not in taken
    )


def _as_one_word(name: str) -> str:
    """bash takes what is offered as it is; other shells quote it themselves."""
    if "bash" not in os.environ.get("_PROVISIONER_COMPLETE", ""):
        return name
    return re.sub(r"([^\w@%+=:,./-])", r"\\\1", name)


class OutputFormat(StrEnum):
    """How a command prints its result."""

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
        help="Exit with 6 if a client secret, refresh token or idle time ends so soon.",
        show_default="two weeks, or half of its life",
    ),
]


def nearest_project(given: Path) -> Path:
    """The project around the current folder, as git finds its repository.

    Only through folders of our own: in /tmp, say, anybody could lay out a project above ours.
    """
    from provisioner.config.files import is_project, project_around

    here = Path.cwd()
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
        help="The project folder: where provisioner.yml, servers/, inventory/ and tokens/ lie.",
        show_default="the current folder",
    ),
]
ProjectFolder = Annotated[
    Path,
    typer.Option(
        "--project",
        "-C",
        help="The project folder: where provisioner.yml, servers/, inventory/ and tokens/ lie.",
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
        help="Agree to where this server's secrets now go. Repeatable.",
        show_default=False,
    ),
]

InventoryPath = Annotated[
    Path | None,
    typer.Option(
        "--inventory",
        "-i",
        help="Ansible inventory file, folder or script.",
        show_default="the project's: inventory/",
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

Mail = Annotated[
    MailMode,
    typer.Option("--mail", help="What proves a host: a mail, a sign-in, or nothing yet."),
]

Verbosity = Annotated[
    int,
    typer.Option(
        "--verbose", "-v", count=True, max=4, help="Ansible's own verbosity: -v to -vvvv."
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
    ),
]

Forks = Annotated[
    int | None,
    typer.Option(
        "--forks",
        "-f",
        min=1,
        max=1000,
        help="How many hosts are worked on at once.",
        show_default="push: forks in provisioner.yml, else 10",
    ),
]

Prune = Annotated[
    bool,
    typer.Option(
        "--prune",
        help="Remove servers from hosts that provisioner put there and nobody declares any more.",
    ),
]

AskBecomePass = Annotated[
    bool,
    typer.Option(
        "--ask-become-pass", "-K", help="Prompt for the password of sudo, before anything starts."
    ),
]

VaultPasswordFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--vault-password-file",
        metavar="FILE",
        help="Password of vault text in the inventory, as Ansible takes it (repeatable).",
        show_default="Ansible's own setting",
    ),
]

LockWait = Annotated[
    float,
    typer.Option(
        "--lock-wait",
        min=0,
        metavar="SECONDS",
        help="Wait so long for another run to end, here and on a host (there 9 minutes at most).",
    ),
]

NoRestart = Annotated[
    bool,
    typer.Option(
        "--no-restart",
        help="Apply nothing on hosts with a maps_service: the next run restarts it, and applies.",
    ),
]

ReportFiles = Annotated[
    list[str] | None,
    typer.Option(
        "--report",
        metavar="FORMAT=FILE",
        help="Write a report, too: junit=FILE, json=FILE or markdown=FILE.",
        show_default="none",
    ),
]
