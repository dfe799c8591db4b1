"""The formats of `history`: a list of runs, and one run explained. To add one: two lines here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from provisioner.fleet.run_record import RunRecord
from provisioner.reports.history_markdown import run_as_markdown, runs_as_markdown
from provisioner.reports.history_text import ending, run_as_text, runs_as_text
from provisioner.text import as_json


def _runs_as_json(runs: Sequence[RunRecord]) -> str:
    rows = [
        {
            "run_id": run.run_id,
            "started": dict(run.started),
            "ending": ending(run),
            "targets": len(run.targets),
            "undone": list(run.undone),
        }
        for run in runs
    ]
    return as_json({"runs": rows}, indent=2) + "\n"


def _run_as_json(run: RunRecord) -> str:
    content = {"run_id": run.run_id, "whole": run.whole, "events": [dict(e) for e in run.events]}
    return as_json(content, indent=2) + "\n"


LISTS: Mapping[str, Callable[[Sequence[RunRecord]], str]] = {
    "text": runs_as_text,
    "json": _runs_as_json,
    "markdown": runs_as_markdown,
}
ONES: Mapping[str, Callable[[RunRecord], str]] = {
    "text": run_as_text,
    "json": _run_as_json,
    "markdown": run_as_markdown,
}
