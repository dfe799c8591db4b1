"""`provisioner history`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from provisioner.cli.completion import complete_run_id
from provisioner.cli.options import ProjectFolder
from provisioner.errors import ExitCode


class HistoryFormat(StrEnum):
    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


def history(
    run: Annotated[
        str | None,
        typer.Argument(
            metavar="[RUN]",
            help="A run id, or its first characters.",
            show_default="list all",
            autocompletion=complete_run_id,
        ),
    ] = None,
    project: ProjectFolder = Path(),
    output_format: Annotated[
        HistoryFormat, typer.Option("--format", help="How to print the result.")
    ] = HistoryFormat.TEXT,
) -> int:
    """List the pushes made from this project folder, or explain one of them.

    Shows what was planned and why, by whom, at which commit; for each host the previous and the new
    document, and its test emails. The journals in .provisioner/runs/ contain no secrets.

    Examples:

      provisioner history

      provisioner history 20261124T131500 --format markdown
    """
    from provisioner.cli.output import print_data
    from provisioner.deploy.record import all_runs, run_named
    from provisioner.reports.history import LISTS, ONES

    if run is None:
        shown = LISTS[output_format](all_runs(project))
    else:
        shown = ONES[output_format](run_named(project, run))
    print_data(shown, people=output_format is HistoryFormat.TEXT)
    return ExitCode.DONE
