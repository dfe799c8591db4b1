"""Where the report of `validate` goes: standard output, a file, a step's summary."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from provisioner.cli.colour import is_coloured
from provisioner.errors import ProvisionerError, UsageError
from provisioner.reports.finding_formats import RENDERERS, FindingFormat

if TYPE_CHECKING:
    from provisioner.documents.files import FoundFile
    from provisioner.lint.verdict import Verdict


def refuse_to_replace(files: Iterable[FoundFile], output: Path | None) -> None:
    """UsageError if the report would be written over one of the files that it is about."""
    target = os.path.realpath(output) if output is not None else None
    if target is not None and any(os.path.realpath(found.path) == target for found in files):
        raise UsageError(
            "the report would replace what it is about",
            remedy="name a file behind --output that is not among the files to check",
        )


def report(
    verdict: Verdict, report_format: FindingFormat, target: Path | None, *, strict: bool
) -> None:
    """Print the report, or write it to `target` and print the text report.

    What cannot be written is an error at the end: the findings are printed in any case.
    """
    shown = FindingFormat.TEXT if target is not None else report_format
    coloured = is_coloured(sys.stdout, os.environ)
    try:
        if target is not None:
            _write(target, _rendered(verdict, report_format, strict=strict, coloured=False))
        if report_format is FindingFormat.GITHUB:
            _append_summary(verdict, os.environ.get("GITHUB_STEP_SUMMARY"))
    finally:
        _print(_rendered(verdict, shown, strict=strict, coloured=coloured))


def _print(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _rendered(
    verdict: Verdict, report_format: FindingFormat, *, strict: bool, coloured: bool
) -> str:
    render = RENDERERS[report_format]
    if report_format is FindingFormat.TEXT:
        return render(verdict, coloured=coloured)
    if report_format is FindingFormat.JUNIT:
        return render(verdict, strict=strict)
    return render(verdict)


def _write(target: Path, text: str) -> None:
    from provisioner.cli.replaced_file import replace_text

    try:
        replace_text(target, text)
    except OSError as error:
        raise _not_written("the report", str(target), "--output", error) from None


def _append_summary(verdict: Verdict, file: str | None) -> None:
    """What earlier commands of the step have put there counts for the limit, too."""
    if not file:
        return
    from provisioner.reports.step_summary import MOST_BYTES, render

    try:
        with open(file, "a", encoding="utf-8", errors="backslashreplace") as summary:  # noqa: PTH123
            summary.write(render(verdict, MOST_BYTES - os.fstat(summary.fileno()).st_size))
    except OSError as error:
        raise _not_written("the step's summary", file, "GITHUB_STEP_SUMMARY", error) from None


def _not_written(what: str, file: str, setting: str, error: OSError) -> ProvisionerError:
    from provisioner.documents.reading import shown_path

    return ProvisionerError(
        f"{what} cannot be written to {shown_path(file)}: {error.strerror}",
        remedy=f"{setting} needs a file in a folder that exists and that you may write to",
    )
