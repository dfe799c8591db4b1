"""Journals for a person: the list of runs, and one run from its first event to its last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from provisioner.fleet.run_record import RunRecord
from provisioner.git import Commit
from provisioner.text import counted, printable

Facts = Mapping[str, Any]
_BREAK = "\n"


def runs_as_text(runs: Sequence[RunRecord]) -> str:
    """A line a run, the newest first."""
    if not runs:
        return "no push was made from this project folder yet\n"
    return "".join(f"{printable(_row(run))}\n" for run in runs)


def _row(run: RunRecord) -> str:
    owner = str(run.started.get("owner", "?")).partition(" ")[0]
    return f"{run.run_id}  {commit(run)}  {owner}  {ending(run)}"


def commit(run: RunRecord) -> str:
    """The commit that was at work, short."""
    return str(Commit(run.started.get("commit"), run.started.get("dirty")))


def ending(run: RunRecord) -> str:
    """How the run ended, in a few words."""
    if run.finished is None:
        failed = next(iter(run.of("run_failed")), None)
        if failed is not None:
            return f"ended with {failed['exit_code']}: {failed['message'].partition(_BREAK)[0]}"
        return f"killed, or still at work; {counted(len(run.undone), 'host')} not done"
    summary = run.finished["report"]["summary"]
    states = ", ".join(f"{count} {state}" for state, count in sorted(summary.items()))
    interrupted = run.finished["report"]["interrupted"]
    words = f"interrupted ({interrupted})" if interrupted else f"exit {run.finished['exit_code']}"
    return f"{words}: {states or 'no hosts'}"


def run_as_text(run: RunRecord) -> str:
    """One run explained."""
    return "".join(f"{printable(line)}\n" for line in _lines(run))


def _lines(run: RunRecord) -> Iterator[str]:
    started = run.started
    yield f"{started.get('command', 'run')} {run.run_id}"
    yield f"  began:  {started.get('at', '?')}, by {started.get('owner', '?')}"
    yield f"  at:     {commit(run)}, provisioner {started.get('version', '?')}"
    yield f"  asked:  {asked_for(run)}"
    if run.planned is not None:
        batches = counted(len(run.planned["batches"]), "batch", "batches")
        yield f"  plan:   {run.plan.id}, {counted(len(run.targets), 'host')} in {batches}"
    yield f"  ended:  {ending(run)}"
    if not run.whole:
        yield (
            "  its journal has lines that are no events: the run was killed while it wrote, the "
            "disk was full, or somebody edited it"
        )
    for event in run.of("server_skipped"):
        yield f"{event['server']}: skipped: {event['reason']}"
    for host in run.hosts:
        yield from _host(host, run)
    for event in run.of("run_stopped"):
        yield f"stopped: {event['reason']}; not reached: {', '.join(event['hosts'])}"


def asked_for(run: RunRecord) -> str:
    """What the command line asked for."""
    options = run.started.get("options", {})
    parts = [", ".join(options.get("servers") or ()) or "all servers"]
    if options.get("limit"):
        parts.append(f"--limit {options['limit']}")
    if options.get("prune"):
        parts.append("--prune")
    if options.get("restart") is False:
        parts.append("--no-restart")
    if options.get("plan"):
        parts.append(f"the saved plan {options['plan']}")
    if options.get("resumed"):
        parts.append(f"going on with {options['resumed']}")
    return ", ".join(parts)


def _host(host: str, run: RunRecord) -> Iterator[str]:
    if host not in run.results and host in run.not_asked:
        found = run.not_asked[host]
        yield f"{host}: {found['state']} when it was asked: {found['message']}"
        return
    result = run.results.get(host)
    if result is None:
        words = "begun, and nothing was heard of it" if host in run.begun else "not begun"
        yield f"{host}: {words}"
        return
    yield f"{host}: {result['state']}, {fingerprints(result)}, {result['seconds']} s"
    if result["message"]:
        yield f"  {result['message']}"
    for server in result["servers"]:
        fields = f" ({', '.join(server['fields'])})" if server["fields"] else ""
        yield f"  {server['server']}: {server['state']}{fields}"
    for mail in result["mails"]:
        yield f"  {transcript(mail)}"


def fingerprints(result: Facts) -> str:
    """What the host had before, and after."""
    before, after = result["fingerprint_before"] or "none", result["fingerprint"] or "unknown"
    return f"document {before}" if before == after else f"document {before} -> {after}"


def transcript(mail: Facts) -> str:
    """How the conversation of one test email ended."""
    smtp = mail["smtp"]
    how = ", ".join(part for part in (smtp.get("tls"), smtp.get("mechanism")) if part)
    code = f" {smtp['code']}" if smtp.get("code") else ""
    said = f": {smtp['reply']}" if smtp.get("reply") else ""
    mail_id = f", {smtp['message_id']}" if smtp.get("message_id") else ""
    text = f"test email of {mail['server']}: {smtp['outcome']} at {smtp['stage']}{code}{said}"
    return text + (f" ({how})" if how else "") + mail_id
