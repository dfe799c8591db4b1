"""What hosts say they have, for a person and for a program."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from provisioner.fleet.host_report import HostReport, ServerOnHost
from provisioner.text import as_json, printable


def host_reports_as_json(reports: Iterable[HostReport]) -> str:
    """One object: hosts, each with what it has or, in `problem`, why that is not known."""
    hosts = [{n: v for n, v in asdict(r).items() if n != "exit_code"} for r in reports]
    return as_json({"hosts": hosts}, indent=2) + "\n"


def host_reports_as_text(reports: Sequence[HostReport]) -> str:
    """A paragraph a host, its servers below it."""
    paragraphs = ("".join(f"{printable(line)}\n" for line in _host(r)) for r in reports)
    return "\n".join(paragraphs)


def _host(report: HostReport) -> list[str]:
    if report.problem:
        return [f"{report.host}: {' '.join(report.problem.split())}"]
    lines = [f"{report.host}: {_document(report)}"]
    if report.delivery:
        lines.append(f"  {_from_whom(report.delivery)}")
    if report.edited_by_hand:
        lines.append("  the document there was edited by hand since the last push")
    if report.lease:
        lines.append(f"  {_lease(report.lease)}")
    if report.leftovers:
        lines.append(f"  left over: {', '.join(report.leftovers)}; the next push removes its own")
    return [*lines, *_table(report.servers)]


def _document(report: HostReport) -> str:
    if report.generation is None:
        return "no document"
    applied = "applied" if report.applied else "not applied"
    return f"generation {report.generation}, {applied}"


def _from_whom(delivery: object) -> str:
    assert isinstance(delivery, dict)  # noqa: S101  host_answer has seen to it
    commit = delivery.get("commit") or "no commit"
    return f"since {delivery.get('at')}, from {delivery['owner']}, {commit}"


def _lease(lease: object) -> str:
    assert isinstance(lease, dict)  # noqa: S101
    text = "at work there: {owner} since {since} ({reason}, run {run_id}), until {expires}"
    return text.format(**lease)


def _table(servers: Sequence[ServerOnHost]) -> list[str]:
    width = max((len(server.name) for server in servers), default=0)
    return [f"  {server.name:<{width}}  {_state(server)}" for server in servers]


def _state(server: ServerOnHost) -> str:
    if server.verified:
        state = f"verified {server.proven_at}"
    elif server.proof == "unprovable":
        state = f"only MAPS can prove it, {server.proven_at}"
    else:
        state = "not verified"
    return state + (", not declared here" if server.orphaned else "")
