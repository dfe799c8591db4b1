"""`provisioner validate`: what is wrong with the declared files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from provisioner.cli.options import ProjectFolder
from provisioner.errors import ExitCode, UsageError

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
ReportFormat = Annotated[str, typer.Option("--format", help="text or json.")]
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
    report_format: ReportFormat = "text",
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
    """
    from provisioner.lint.selection import asked_for
    from provisioner.reports.finding_formats import RENDERERS

    if report_format not in RENDERERS:
        raise UsageError(
            f"there is no report format {report_format!r}",
            remedy="formats: " + ", ".join(RENDERERS),
        )
    verdict = _verdict(paths or [], project, asked_for(select or (), ignore or ()))
    sys.stdout.write(RENDERERS[report_format](verdict))
    return exit_code(verdict, strict=strict)


def _verdict(paths: list[str], project: Path, asked: frozenset[str]) -> Verdict:
    from provisioner.documents.declared import files_at
    from provisioner.documents.project_files import files_of_project, settings_documents
    from provisioner.lint.workers import verdict_on

    files = files_at(paths) if paths else files_of_project(project)
    return verdict_on(list(files), settings_documents(project), asked)


def exit_code(verdict: Verdict, *, strict: bool) -> ExitCode:
    """A crashed check outranks findings: nobody knows what it would have said."""
    if verdict.crashed:
        return ExitCode.BUG
    failed = verdict.errors or (strict and verdict.warnings)
    return ExitCode.FAILURE if failed else ExitCode.DONE
