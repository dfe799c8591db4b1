"""`provisioner status --hosts`: what hosts have, by their own account."""

from __future__ import annotations

from pathlib import Path

from provisioner.cli.host_session import host_session
from provisioner.cli.options import OutputFormat
from provisioner.cli.output import print_text
from provisioner.cli.run_view import run_view
from provisioner.errors import gravest
from provisioner.model.reading import read_project


def host_status(project: Path, inventory: Path | None, output_format: OutputFormat) -> int:
    """Ask every host and print what it says; returns the exit code."""
    from provisioner.fleet.host_report import host_report
    from provisioner.reports.host_reports import host_reports_as_json, host_reports_as_text

    declared = read_project(project)
    names = [server.server_name for server in declared.servers]
    with (
        run_view(
            stream_events=False, quiet=output_format is OutputFormat.JSON, plain=False
        ) as view,
        host_session(declared, inventory, view.note) as (contact, hosts),
    ):
        said = contact.ask("probe.yml", hosts, "status")
    reports = [host_report(host, result, names) for host, result in said.items()]
    json = output_format is OutputFormat.JSON
    render = host_reports_as_json if json else host_reports_as_text
    print_text(render(reports), end="")
    return gravest(report.exit_code for report in reports)
