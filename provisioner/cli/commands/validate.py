"""`provisioner validate`: what is wrong with the declared files."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from provisioner.cli.completion import complete_ignorable_rule, complete_rule
from provisioner.cli.options import ProjectFolder
from provisioner.errors import ExitCode, UsageError, gravest
from provisioner.reports.findings.formats import RENDERERS, FindingFormat

if TYPE_CHECKING:
    from provisioner.config.document import Document, FoundFile
    from provisioner.lint.result import LintResult

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
        help="github: annotations on standard output (without --output), and a table in the "
        "step summary; gitlab: Code Quality.",
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write the report to this file, and the text report to standard output.",
        show_default="standard output",
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="Count warnings as errors.")]
Select = Annotated[
    list[str] | None,
    typer.Option(
        metavar="RULE",
        help="Run only this rule (repeatable). Unreadable files are always reported.",
        show_default="all rules",
        autocompletion=complete_rule,
    ),
]
Ignore = Annotated[
    list[str] | None,
    typer.Option(
        metavar="RULE",
        help="Ignore this rule (repeatable).",
        autocompletion=complete_ignorable_rule,
    ),
]

ToFix = Annotated[
    bool,
    typer.Option(
        "--fix",
        help="Show and apply safe fixes (quoted numbers, yes/no, misspelled keys, typographic "
        "quotes and spaces), then report the rest.",
    ),
]
ToDiff = Annotated[
    bool,
    typer.Option(
        "--diff", help="Show what --fix would change, without writing; exit code 1 if anything."
    ),
]


def validate(
    paths: Paths = None,
    report_format: ReportFormat = FindingFormat.TEXT,
    output: Output = None,
    strict: Strict = False,
    select: Select = None,
    ignore: Ignore = None,
    fix: ToFix = False,
    diff: ToDiff = False,
    project: ProjectFolder = Path(),
) -> int:
    """Check the declared files: each error with file, line, column and what to write instead.

    Opens no connection, reads no secret, runs no command, needs no inventory.

    Examples:

      provisioner validate

      provisioner validate --strict --format json servers/reports.yml

      provisioner validate --format sarif --output validate.sarif

      provisioner validate --diff
    """
    from provisioner.config.files import (
        documents_of,
        files_at,
        files_of_project,
        settings_documents,
    )
    from provisioner.lint.checks import selected_rules
    from provisioner.lint.result import lint

    asked = selected_rules(select or (), ignore or ())
    files = list(files_at(paths) if paths else files_of_project(project))
    _refuse_to_replace(files, output)
    settings = settings_documents(project)
    mended = ExitCode.DONE
    if fix or diff:
        shown_on = sys.stdout if report_format is FindingFormat.TEXT or not fix else sys.stderr
        mended = _mend(files, settings, asked, writes=fix, shown_on=shown_on)
        if not fix:
            return mended
        settings = settings_documents(project)
    with _without_garbage_collection():
        result = lint(documents_of(files), settings=settings, asked=asked, strict=strict)
    report(result, report_format, output)
    return gravest((mended, exit_code(result)))


def _mend(
    files: list[FoundFile],
    settings: list[Document],
    asked: frozenset[str],
    *,
    writes: bool,
    shown_on: TextIO,
) -> ExitCode:
    """DONE if all is written, or nothing was to be. One that cannot be written stops no other."""
    from provisioner.cli.app import code_of
    from provisioner.cli.output import print_text
    from provisioner.config.document import STDIN
    from provisioner.lint.fixes import fixed_files, write_fixed
    from provisioner.reports.findings.text import difference

    if any(found.path == STDIN for found in files):
        raise UsageError("standard input cannot be fixed in place", remedy="name files or folders")
    code = ExitCode.DONE
    for fixed in fixed_files(files, settings, asked):
        print_text(difference(fixed), file=shown_on)
        done = code_of(partial(write_fixed, fixed)) if writes else ExitCode.FAILURE
        code = gravest((code, done))
    return code


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Documents hold no cycles, and looking for some takes a tenth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def exit_code(result: LintResult) -> ExitCode:
    """A crashed check outranks findings: nobody knows what it would have said."""
    if result.crashed:
        return ExitCode.BUG
    failed = result.errors or (result.strict and result.warnings)
    return ExitCode.FAILURE if failed else ExitCode.DONE


def report(result: LintResult, report_format: FindingFormat, target: Path | None) -> None:
    """Print the report, or write it to `target` and print the text report.

    What cannot be written is an error at the end: the findings are printed in any case.
    """
    from provisioner.cli.output import is_colored, with_given_options, write_report
    from provisioner.reports.findings.text import render_colored

    shown = RENDERERS[FindingFormat.TEXT if target is not None else report_format]
    if shown is RENDERERS[FindingFormat.TEXT] and is_colored(sys.stdout, os.environ):
        shown = render_colored
    try:
        if target is not None:
            write_report(target, RENDERERS[report_format](result), "--output")
        if report_format is FindingFormat.GITHUB:
            _append_summary(result, os.environ.get("GITHUB_STEP_SUMMARY"))
    finally:
        is_data = target is None and report_format is not FindingFormat.TEXT
        text = shown(result)
        sys.stdout.write(text if is_data else with_given_options(text))
        sys.stdout.flush()


def _refuse_to_replace(files: Iterable[FoundFile], output: Path | None) -> None:
    """UsageError if the report would be written over one of the files that it is about."""
    target = os.path.realpath(output) if output is not None else None
    if target is not None and any(os.path.realpath(found.path) == target for found in files):
        raise UsageError(
            "the report would replace one of the files that it is about",
            remedy="name another file with --output",
        )


def _append_summary(result: LintResult, file: str | None) -> None:
    """What earlier commands of the step have put there counts for the limit, too."""
    if not file:
        return
    from provisioner.cli.output import not_written
    from provisioner.reports.step_summary import MOST_BYTES, render

    try:
        with open(file, "a", encoding="utf-8", errors="backslashreplace") as summary:  # noqa: PTH123
            summary.write(render(result, MOST_BYTES - os.fstat(summary.fileno()).st_size))
    except OSError as error:
        raise not_written(file, "GITHUB_STEP_SUMMARY", error) from None
