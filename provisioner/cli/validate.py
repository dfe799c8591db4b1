"""`provisioner validate`: what is wrong with the declared files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.options import ProjectFolder
from provisioner.errors import ExitCode
from provisioner.reports.finding_formats import FindingFormat

if TYPE_CHECKING:
    from provisioner.lint.verdict import Verdict

Paths = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PATH]...",
        help="Files, folders, or - for standard input.",
        show_default="the project: its servers and its provisioner.yml",
    ),
]
ReportFormat = Annotated[
    FindingFormat,
    typer.Option(
        "--format",
        help="github: annotations, read from standard output (so without --output), and a table "
        "in the step's summary; gitlab: Code Quality.",
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write the report into this file; standard output then gets the text report.",
        show_default="standard output",
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="Count warnings as errors.")]
Select = Annotated[
    list[str] | None,
    typer.Option(
        metavar="RULE",
        help="Only this rule (again for more); what makes a file unusable is always told.",
        show_default="all rules",
    ),
]
Ignore = Annotated[
    list[str] | None, typer.Option(metavar="RULE", help="Not this rule (again for more).")
]


def validate(
    paths: Paths = None,
    report_format: ReportFormat = FindingFormat.TEXT,
    output: Output = None,
    strict: Strict = False,
    select: Select = None,
    ignore: Ignore = None,
    project: ProjectFolder = Path(),
) -> int:
    """Check the declared files: every mistake with file, line, column and what to write instead.

    Opens no connection, reads no secret, runs nothing, needs no inventory.

    Examples:

      provisioner validate

      provisioner validate --strict --format json servers/reports.yml

      provisioner validate --format sarif --output validate.sarif
    """
    from provisioner.cli.finding_report import refuse_to_replace, report
    from provisioner.documents.declared import files_at
    from provisioner.documents.project_files import files_of_project, settings_documents
    from provisioner.lint.selection import asked_for
    from provisioner.lint.workers import verdict_on

    asked = asked_for(select or (), ignore or ())
    files = list(files_at(paths) if paths else files_of_project(project))
    refuse_to_replace(files, output)
    verdict = verdict_on(files, settings_documents(project), asked)
    report(verdict, report_format, output, strict=strict)
    return exit_code(verdict, strict=strict)


def exit_code(verdict: Verdict, *, strict: bool) -> ExitCode:
    """A crashed check outranks findings: nobody knows what it would have said."""
    if verdict.crashed:
        return ExitCode.BUG
    failed = verdict.errors or (strict and verdict.warnings)
    return ExitCode.FAILURE if failed else ExitCode.DONE
