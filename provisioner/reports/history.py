"""Journals, read again: the list of runs, and one run from its first event to its last."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from provisioner.deploy.record import (
    RunFailed,
    RunRecord,
    RunStarted,
    event_line,
)
from provisioner.git import Commit
from provisioner.host.result import HostResult, HostState
from provisioner.reports.entered_text import to_enter_words
from provisioner.reports.host_reasons import why
from provisioner.reports.layout import table_row
from provisioner.reports.run_formats import cells, mail_words
from provisioner.reports.run_text import HAVE_IT, host_text, outcome_counts
from provisioner.text import as_json, counted, local_time, markdown_cell, printable

# -- in words


def commit_words(started: RunStarted) -> str:
    return str(Commit(started.commit, started.dirty))


def ending(run: RunRecord) -> str:
    """How a run ended, in a few words."""
    ended = run.ended
    if isinstance(ended, RunFailed):
        first_line = ended.message.partition("\n")[0]
        return f"failed with exit code {ended.exit_code}: {first_line}"
    if ended is None:
        return f"killed, or still running; {counted(len(run.undone), 'host')} not done"
    how = f"interrupted ({ended.interrupted})" if ended.interrupted else f"exit {ended.exit_code}"
    return f"{how}: {outcome_counts(run.hosts) or 'no hosts'}"


def asked_for(options: Mapping[str, Any]) -> str:
    parts = [", ".join(options.get("servers") or ()) or "all servers"]
    parts += [f"--limit {options['limit']}"] if options.get("limit") else []
    parts += ["--prune"] if options.get("prune") else []
    parts += ["--no-restart"] if options.get("restart") is False else []
    parts += [f"--mail {options['mail']}"] if options.get("mail", "full") != "full" else []
    parts += [f"saved plan {options['plan']}"] if options.get("plan") else []
    parts += ["--undo"] if options.get("undo") else []
    parts += [f"resumes {options['resumed']}"] if options.get("resumed") else []
    return ", ".join(parts)


def _facts(record: RunRecord) -> Iterator[tuple[str, str]]:
    started = record.started
    at = local_time(started.at) if started.at else "unknown"
    yield "started", f"{at}, by {started.owner or 'unknown'}"
    yield "commit", f"{commit_words(started)}, provisioner {started.version or 'unknown'}"
    yield "options", asked_for(record.options)
    if record.plan is not None:
        batches = counted(len(record.batches), "batch", "batches")
        yield "plan", f"{counted(len(record.targets), 'host')} in {batches}"
    yield "ended", ending(record)
    if not record.whole:
        yield (
            "journal",
            "some lines are not valid: the run was killed, the disk was full, or the file was "
            "edited",
        )


def _documents(host: HostResult) -> str:
    """The fingerprint of what the host had, and of what it has."""
    before, after = host.before or "none", host.fingerprint or "none"
    if host.before is None and host.fingerprint is None:
        return "document unknown"
    if host.state is HostState.RESTORED and host.before is None:
        return "document none -> empty"
    if host.state is HostState.UNKNOWN:
        return f"document {before} or {after}"
    delivered = host.state in HAVE_IT and before != after
    return f"document {before} -> {after}" if delivered else f"document {before}"


# -- the list of runs

_HEADINGS = ("RUN", "COMMAND", "COMMIT", "BY", "ENDING")


def runs_text(runs: Iterable[RunRecord]) -> str:
    """A row for each run, the newest first."""
    rows = [table_row(*_row(run)) for run in runs]
    if not rows:
        return "no runs recorded in this project folder\n"
    return "".join(f"{row}\n" for row in (table_row(*_HEADINGS), *rows))


def _row(run: RunRecord) -> tuple[str, ...]:
    started = run.started
    owner = started.owner.partition(" ")[0] or "unknown"
    return run.run_id, started.command, commit_words(started), owner, ending(run)


def runs_json(runs: Iterable[RunRecord]) -> str:
    return as_json({"runs": [_run_facts(run) for run in runs]}, indent=2) + "\n"


def _run_facts(run: RunRecord) -> dict[str, Any]:
    started = json.loads(event_line(run.started))
    return {
        **{name: value for name, value in started.items() if name != "event"},
        "ending": ending(run),
        "exit_code": run.ended and int(run.ended.exit_code),
        "targets": len(run.targets),
        "undone": len(run.undone),
        "hosts": Counter(host.state for host in run.hosts),
    }


def runs_markdown(runs: Iterable[RunRecord]) -> str:
    """A table of the runs, the newest first."""
    head = "| run | command | commit | by | ending |\n|---|---|---|---|---|\n"
    return head + "".join(f"{cells(*_row(run))}\n" for run in runs)


# -- one run


def run_details(record: RunRecord) -> str:
    """What one run was to do, and what became of each host."""
    lines = [f"{record.command} {record.run_id}"]
    lines += [f"  {name + ':':<9}{text}" for name, text in _facts(record)]
    lines += [f"{s.server}: skipped: {s.reason}" for s in record.skipped]
    for host in record.hosts:
        state, *rest = host_text(host, {}).splitlines()
        lines += [f"{host.host}: {state}, {_documents(host)}, {host.seconds} s", *rest]
        sent = [mail for mail in host.mails if mail.smtp.message_id]
        lines += [f"  message id for {mail.server}: {mail.smtp.message_id}" for mail in sent]
    return "".join(f"{printable(line)}\n" for line in lines)


def run_events(record: RunRecord) -> str:
    """One object: run_id, whole, events."""
    events = [json.loads(event_line(event)) for event in record.events]
    content = {"run_id": record.run_id, "whole": record.whole, "events": events}
    return as_json(content, indent=2) + "\n"


def run_table(record: RunRecord) -> str:
    """The same facts as Markdown: for a ticket, an audit, a change record."""
    lines = [f"### {record.command} {markdown_cell(record.run_id)}", ""]
    lines += [f"- {name}: {markdown_cell(text)}" for name, text in _facts(record)]
    if hosts := record.hosts:
        lines += ["", "| host | state | document | test emails | |", "|---|---|---|---|---|"]
        lines += [_host_row(host) for host in hosts]
    return "\n".join(lines) + "\n"


def _host_row(host: HostResult) -> str:
    mails = "; ".join(map(mail_words, host.mails))
    words = "; ".join(filter(None, (why(host).text, to_enter_words(host))))
    return cells(host.host, host.outcome, _documents(host), mails, words)


LISTS: Mapping[str, Callable[[Iterable[RunRecord]], str]] = {
    "text": runs_text,
    "json": runs_json,
    "markdown": runs_markdown,
}
ONES: Mapping[str, Callable[[RunRecord], str]] = {
    "text": run_details,
    "json": run_events,
    "markdown": run_table,
}
