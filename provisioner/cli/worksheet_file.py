"""Where a worksheet goes, and in which format: secrets only where their reader is known."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

from provisioner.cli.output import print_note, terminal_width, write_report
from provisioner.config.file_text import shown_path
from provisioner.config.files import SETTINGS_FILES
from provisioner.errors import UsageError
from provisioner.model.project import Project
from provisioner.worksheet.render import (
    RENDERERS,
    TEXT_COLUMNS,
    WorksheetFormat,
    worksheet_as_text,
)
from provisioner.worksheet.sheet import Worksheet

_ENDINGS = {
    ".html": WorksheetFormat.HTML,
    ".htm": WorksheetFormat.HTML,
    ".md": WorksheetFormat.MARKDOWN,
    ".markdown": WorksheetFormat.MARKDOWN,
}
_OWNER_ONLY = stat.S_IRUSR | stat.S_IWUSR


def format_of(out: Path | None, asked: WorksheetFormat | None) -> WorksheetFormat:
    """As asked for, else as the file's name ends, else text."""
    return asked or (_ENDINGS.get(out.suffix.lower()) if out else None) or WorksheetFormat.TEXT


def refuse_unknown_readers(out: Path | None) -> None:
    """UsageError if secrets would go into a pipe, or into a file that others may read."""
    if out is None and sys.stdout.isatty():
        return
    if out is not None and (out.is_file() or not out.exists()):
        return
    raise UsageError(
        "refusing to write secrets to "
        f"{'standard output' if out is None else shown_path(out)}, which is not a terminal",
        remedy="write to a file that only you can read, with --output, or confirm with --yes",
    )


def refuse_to_replace_declared(out: Path | None, project: Project) -> None:
    """UsageError if the worksheet would be written over what it is made of, or over tokens."""
    if out is not None and _is_the_project_s(Path(os.path.realpath(out)), project):
        raise UsageError(
            "the worksheet would replace what it is made of",
            remedy="write to another file with --output",
        )


def _is_the_project_s(target: Path, project: Project) -> bool:
    made_of = [Path(server.origin.file) for server in project.servers]
    made_of += [project.root / name for name in SETTINGS_FILES]
    made_of += [project.inventory_path, project.tokens_path]
    places = (Path(os.path.realpath(path)) for path in made_of)
    return any(target == place or place in target.parents for place in places)


def deliver(worksheets: Sequence[Worksheet], out: Path | None, chosen: WorksheetFormat) -> None:
    """Write the file, or print. A file with secrets is its owner's from its birth on."""
    width = terminal_width(sys.stdout) if out is None else None
    if chosen is WorksheetFormat.TEXT and width:
        text = worksheet_as_text(*worksheets, columns=min(width, TEXT_COLUMNS))
    else:
        text = RENDERERS[chosen](*worksheets)
    has_secrets = any(worksheet.secrets for worksheet in worksheets)
    if out is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    write_report(out, text, "--output", mode=_OWNER_ONLY if has_secrets else 0o666)
    print_note(f"Wrote {shown_path(out)}")
    if has_secrets:
        print_note(
            "This file contains secrets in plain text (mode 0600). Delete it when you are done."
        )
