"""What hosts have: a row for each host, and a summary line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from provisioner.deploy.record import RunRecord
from provisioner.host.host_change import ServerChange
from provisioner.host.result import HostResult, HostState
from provisioner.reports.entered_text import entered_words, to_enter_note, to_enter_words
from provisioner.reports.host_reasons import why
from provisioner.reports.layout import table_row
from provisioner.reports.run_formats import host_facts
from provisioner.reports.run_text import clock_text, has_changes, open_names
from provisioner.text import as_json, counted, local_time

_HEAD = ("HOST", "STATE", "GENERATION", "SERVERS", "DELIVERED", "DETAILS")

WORDS: Mapping[str, Callable[[HostResult], bool]] = {
    "no document": lambda host: host.before is None,
    "edited by hand": lambda host: host.edited,
    "foreign document": lambda host: host.delivery is None,
    "not applied": lambda host: host.applied is False,
    "not verified": lambda host: bool(host.unverified),
}
DELIVERED = "as delivered"


def status_text(record: RunRecord) -> str:
    """A table; details come last, since they may be long."""
    hosts = record.hosts
    table = [table_row(*_HEAD), *(table_row(*_row(host)) for host in hosts), ""] if hosts else []
    note = to_enter_note(hosts)
    return "".join(f"{line}\n" for line in (*table, _summary(hosts), *([note] if note else [])))


def status_json(record: RunRecord) -> str:
    hosts = record.hosts
    summary = Counter(_state(host) for host in hosts)
    return as_json({"hosts": [host_facts(h) for h in hosts], "summary": summary}, indent=2) + "\n"


RENDERERS: Mapping[str, Callable[[RunRecord], str]] = {
    "text": status_text,
    "json": status_json,
}


def _state(host: HostResult) -> str:
    """Of a host that needs nothing: whether what lies there is what was delivered and verified, and
    whether MAPS has it."""
    if host.state is not HostState.UNCHANGED:
        return str(host.state)
    return next((word for word, holds in WORDS.items() if holds(host)), host.in_maps or DELIVERED)


def _summary(hosts: Sequence[HostResult]) -> str:
    counts = Counter(_state(host) for host in hosts)
    parts = (f"{count} {state}" for state, count in sorted(counts.items()))
    return f"{counted(len(hosts), 'host')}: {', '.join(parts)}".removesuffix(": ")


def _row(host: HostResult) -> tuple[str, ...]:
    there = sum(server.state != "added" for server in host.servers)
    is_known = host.before is not None
    return (
        host.host,
        _state(host),
        _generation(host) if is_known else "-",
        str(there) if is_known else "-",
        _delivered(host),
        "; ".join(filter(None, (*_reason(host), *_details(host)))),
    )


def _reason(host: HostResult) -> Iterator[str]:
    text, remedy = why(host)
    yield text
    if "status --hosts" not in remedy:  # that is what runs here
        yield remedy


def _generation(host: HostResult) -> str:
    """Of what lies there; that of a result is the next one where something would be written."""
    number = host.generation_before if has_changes(host) else host.generation
    return str(number or "-")


def _delivered(host: HostResult) -> str:
    """`2030-03-17 17:46 +01:00 by ann@ws, 0123456789ab`."""
    if host.delivery is None:
        return "-"
    commit = (host.delivery.commit or "no commit")[:12]
    return f"{local_time(host.delivery.at)} by {host.delivery.owner.partition(' ')[0]}, {commit}"


def _details(host: HostResult) -> Iterator[str]:
    servers: dict[str, list[str]] = {}
    for server in host.servers:
        servers.setdefault(_word(server, host), []).append(server.name)
    servers.pop("unchanged", None)
    yield from (f"{word}: {', '.join(names)}" for word, names in servers.items())
    yield to_enter_words(host)
    yield entered_words(host)
    if _state(host) == "not applied":
        yield "MAPS may have another document until a push applies this one"
    if host.rekeyed:
        yield "delivered with another vault key, or to another host name"
    if host.open:
        yield f"other accounts can read {open_names(host)}"
    if host.holder:
        yield f"locked at the moment: {host.holder}"
    if host.strangers:
        yield f"other files in the folder: {', '.join(host.strangers)}"
    yield clock_text(host)


def _word(server: ServerChange, host: HostResult) -> str:
    if server.state == "unchanged" and server.name in host.unverified:
        return "not verified"
    return {"orphaned": "no longer declared"}.get(server.state, server.state)
