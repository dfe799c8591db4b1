"""Journals as Markdown: for a ticket, an audit, a change record."""

from __future__ import annotations

from collections.abc import Sequence

from provisioner.fleet.run_record import RunRecord
from provisioner.reports.history_text import asked_for, commit, ending, fingerprints, transcript
from provisioner.reports.markdown_cell import cell


def runs_as_markdown(runs: Sequence[RunRecord]) -> str:
    """A table of the runs, the newest first."""
    lines = ["| run | commit | by | ending |", "|---|---|---|---|"]
    lines += [_cells(r.run_id, commit(r), r.started.get("owner", "?"), ending(r)) for r in runs]
    return "\n".join(lines) + "\n"


def run_as_markdown(run: RunRecord) -> str:
    """What one run was to do, and a table of what became of each host."""
    lines = [f"### {run.started.get('command', 'run')} {run.run_id}", ""]
    facts = (
        ("began", f"{run.started.get('at', '?')}, by {run.started.get('owner', '?')}"),
        ("commit", commit(run)),
        ("asked for", asked_for(run)),
        ("plan", run.plan.id if run.planned is not None else "none"),
        ("ending", ending(run)),
    )
    lines += [f"- {name}: {cell(text)}" for name, text in facts]
    if run.hosts:
        lines += ["", "| host | state | document | mails | |", "|---|---|---|---|---|"]
        lines += [_host(host, run) for host in run.hosts]
    return "\n".join(lines) + "\n"


def _host(host: str, run: RunRecord) -> str:
    result = run.results.get(host)
    if result is None and host in run.not_asked:
        found = run.not_asked[host]
        return _cells(host, f"{found['state']} when asked", "", "", found["message"])
    if result is None:
        return _cells(host, "begun" if host in run.begun else "not begun", "", "", "")
    mails = "; ".join(transcript(mail) for mail in result["mails"])
    return _cells(host, result["state"], fingerprints(result), mails, result["message"])


def _cells(*texts: str) -> str:
    return "| " + " | ".join(cell(text) for text in texts) + " |"
