"""Where the report of a run over the fleet goes: standard output, and files that were asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from provisioner.cli.options import OutputFormat
from provisioner.cli.output import print_text, write_report
from provisioner.errors import UsageError
from provisioner.fleet.outcome import Outcome
from provisioner.model.project import Project
from provisioner.reports.outcome_formats import FILE_FORMATS, RENDERERS


def report_files(options: Iterable[str]) -> dict[str, Path]:
    """`--report FORMAT=FILE` -> format: file; UsageError for another form."""
    found: dict[str, Path] = {}
    for option in options:
        name, sign, file = option.partition("=")
        if name not in FILE_FORMATS or not sign or not file:
            raise UsageError(
                f"--report {option}: not FORMAT=FILE",
                remedy=f"formats: {', '.join(FILE_FORMATS)}; for example --report junit=push.xml",
            )
        found[name] = Path(file)
    return found


def outcome_report(
    outcome: Outcome, project: Project, shown: OutputFormat | None, files: Mapping[str, Path]
) -> None:
    """Write the files, then print. What cannot be written is an error after all is printed."""
    providers = providers_of(project)
    try:
        for name, file in files.items():
            write_report(file, RENDERERS[name](outcome, providers), "--report")
    finally:
        if shown is not None:
            print_text(RENDERERS[shown](outcome, providers))


def providers_of(project: Project) -> dict[str, str]:
    """Server -> its provider's name, for the words of errors."""
    from provisioner.providers.catalogue import provider_for

    return {s.server_name: provider_for(s.host, project.providers).name for s in project.servers}
