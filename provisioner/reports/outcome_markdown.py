"""What plan or push has come to as Markdown: for a pull request, a ticket, a step's summary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from provisioner.fleet.host_result import HostResult
from provisioner.fleet.outcome import Outcome
from provisioner.reports.markdown_cell import cell
from provisioner.reports.outcome_text import summary


def outcome_markdown(outcome: Outcome, _providers: Mapping[str, str]) -> str:
    """A heading, the counts, a table of the hosts, one of the servers left out."""
    command = "plan" if outcome.check else "push"
    lines = [f"### provisioner {command} {outcome.run_id}", "", summary(outcome), ""]
    if outcome.hosts:
        lines += ["| host | state | changes | mails | |", "|---|---|---|---|---|"]
        lines += [_row(host) for host in outcome.hosts] + [""]
    if outcome.skipped:
        lines += ["| server left out | why | what to do |", "|---|---|---|"]
        lines += [
            f"| {cell(s.name)} | {cell(s.reason)} | {cell(s.remedy)} |" for s in outcome.skipped
        ] + [""]
    lines += [f"- warning: {cell(text)}" for text in outcome.warnings]
    return "\n".join(lines).rstrip() + "\n"


def _row(host: HostResult) -> str:
    parts = (host.host, host.state, ", ".join(_changes(host)), ", ".join(_mails(host)))
    return "| " + " | ".join(cell(str(part)) for part in (*parts, host.message)) + " |"


def _changes(host: HostResult) -> Iterator[str]:
    for server in host.servers:
        if server.state != "unchanged":
            yield f"{server.name} {server.state}"


def _mails(host: HostResult) -> Iterator[str]:
    if not host.mails:
        yield from (f"{name} due" for name in host.mails_needed)
    for proof in host.mails:
        code = f" {proof.smtp.code}" if proof.smtp.code and not proof.proven else ""
        yield f"{proof.server} {proof.smtp.outcome}{code}"
