"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


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
    typer.Argument(metavar="[SERVER]...", help="Only these servers.", show_default="all"),
]

Verbosity = Annotated[
    int,
    typer.Option(
        "--verbose", "-v", count=True, max=4, help="Ansible's own verbosity: -v to -vvvv."
    ),
]
