"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from provisioner.fleet.post_check import MailMode


class OutputFormat(StrEnum):
    """How a command prints its result."""

    TEXT = "text"
    JSON = "json"


ProjectFolder = Annotated[
    Path,
    typer.Option(
        "--project",
        "-C",
        help="The project folder: where provisioner.yml, servers/, inventory/ and tokens/ lie.",
        show_default="the current folder",
    ),
]

Format = Annotated[OutputFormat, typer.Option("--format", help="How to print the result.")]

AllowCommands = Annotated[
    bool,
    typer.Option("--allow-commands", help="Let {command: ...} secret sources run their command."),
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
    typer.Argument(metavar="[SERVER]...", help="Only these servers.", show_default="all"),
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

LockWait = Annotated[
    float,
    typer.Option(
        "--lock-wait",
        min=0,
        metavar="SECONDS",
        help="Wait so long for another run to end.",
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
