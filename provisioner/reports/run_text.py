"""What a plan, push or rollback came to, for a person: hosts with the same outcome together, each
failure with its remedy."""

from __future__ import annotations

import re
import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from provisioner.deploy.record import RunRecord, ServerSkipped
from provisioner.host.host_change import ServerChange
from provisioner.host.result import CommandResult, HostResult, HostState, MailResult
from provisioner.reports.entered_text import (
    entered_lines,
    field_text,
    hosts_command,
    to_enter_note,
)
from provisioner.reports.host_reasons import command_words, why
from provisioner.reports.mail_text import mail_lines, refresh_lines
from provisioner.text import counted, names_shown, printable, printable_lines

Providers = Mapping[str, str]  # server name -> its provider's name, for the words of its errors

_NOTES = {
    HostState.DELIVERED: "Not applied: MAPS does not use the new document yet. Set "
    "maps_apply_command (on Windows also maps_service), or enter the values by hand: provisioner "
    "worksheet",
    HostState.UNVERIFIED: "Delivered, not verified: these hosts keep the new document. Push again "
    "to verify it, or correct the server files and push.",
    HostState.DRIFTED: "Drifted: these hosts changed since the plan and were skipped. Check what "
    "would change now: provisioner plan",
    HostState.UNKNOWN: "Unknown: check these hosts (provisioner status --hosts), fix the cause, "
    "and push again.",
    HostState.NOT_STARTED: "Not started: push again, or only to the hosts that are left: "
    "provisioner push --resume",
}
# In runs of another command, a push is no remedy: it would deliver what is declared.
_NOTES_OF: Mapping[str, dict[HostState, str]] = {
    "rollback": {
        HostState.UNVERIFIED: "Delivered, not verified: these hosts keep the earlier document.",
        HostState.DRIFTED: "Drifted: these hosts changed since they were read and were skipped. "
        "Roll back these alone: {command}",
        HostState.UNKNOWN: "Unknown: check these hosts before you roll them back again: "
        "provisioner status --hosts",
        HostState.NOT_STARTED: "Not started: roll back these hosts alone: {command}",
    },
    "entered": {
        HostState.DRIFTED: "Drifted: these hosts changed since they were read; nothing was "
        "recorded there. Check what is to be entered now: provisioner status --hosts",
        HostState.UNKNOWN: "Unknown: check what these hosts recorded: provisioner status --hosts",
        HostState.NOT_STARTED: "Not started: nothing was recorded for these hosts.",
    },
}
_NO_RESTART = (
    "Not applied: --no-restart skipped the restart of maps_service. Push again without it, when "
    "Argos may be restarted."
)
_SIGNED_IN_ONLY = (
    "Signed in only: if no email is sent, its sender and its delivery are not verified."
)
_MAPS_NOT_TESTED = (
    "Each test email was sent by maps-provisioner from the host, not by MAPS. Set "
    "maps_test_command to let MAPS send one, too."
)
# In these a host has what the run was to bring.
HAVE_IT = frozenset(
    (HostState.APPLIED, HostState.DELIVERED, HostState.UNVERIFIED, HostState.ROLLED_BACK)
)
_CLOCK_OFF = 300.0  # seconds
_GENERATION = re.compile(r"\bgeneration (\d+)")
# Ids of runs, times, clocks, and what mail servers put at the end of a reply:
# "[AM6PR01CA0042.eurprd01.prod.outlook.com 2026-...]", "... 5b1f17b1804b1-40c - gsmtp".
_OF_THE_MOMENT = re.compile(
    r"\b\d{8}T\d{6}-[0-9a-f]{8}\b"
    r"|\b\d{4}-\d\d-\d\dT[\d:.]+Z?"
    r"|\bby \d+ (?:seconds?|minutes?|hours?)\b"
    r"|\[\S+\.outlook\.com [^\]]*\]"
    r"|\S+ - gsmtp\b",
    re.IGNORECASE,
)
_FEW = 6


def run_text(record: RunRecord, providers: Providers) -> str:
    """The report. Names of hosts, and what they say, steer no terminal and make no lines."""
    return "\n".join([*run_blocks(record, providers), summary(record), *run_notes(record), ""])


def run_blocks(record: RunRecord, providers: Providers) -> Iterator[str]:
    """Hosts, skipped servers and warnings: a text each, with a blank line after it."""
    yield from _groups(
        (printable(host.host), host_text(host, providers), not host.junit) for host in record.hosts
    )
    yield from map(_skipped, record.skipped)
    yield from (f"warning: {printable_lines(text)}\n" for text in record.warnings)
    yield from _to_be_verified(record)
    if record.interrupted:
        yield f"interrupted by {printable(record.interrupted)}\n"


def summary(record: RunRecord) -> str:
    hosts = record.hosts
    parts = [outcome_counts(hosts)] if hosts else []
    if record.command not in ("plan", "entered") and hosts:
        changed = sum(has_changes(host) and host.state in HAVE_IT for host in hosts)
        parts.insert(0, f"{changed} changed")
    if record.skipped:
        parts.append(f"{counted(len(record.skipped), 'server')} skipped")
    return f"{counted(len(hosts), 'host')}: {'; '.join(parts)}".removesuffix(": ")


def outcome_counts(hosts: Iterable[HostResult]) -> str:
    """How many hosts have each outcome; an outcome may contain a comma."""
    counts = Counter(host.outcome for host in hosts)
    return "; ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))


def host_text(host: HostResult, providers: Providers) -> str:
    """What became of one host, without its name: hosts with the same text are one group."""
    lines = [host.outcome + _generation(host)]
    sentence, remedy = why(host)
    lines += [f"  {sentence}"] if sentence else []
    lines += [f"    do:  {remedy}"] if remedy else []
    lines += [f"  {line}" for line in _circumstances(host)]
    for server in host.servers:
        lines += _server(server, host)
    for mail in host.mails:
        lines += _mail(mail, providers.get(mail.server, ""))
    for mail in host.baseline:
        lines += _baseline(mail, providers.get(mail.server, ""))
    lines += [*_command("apply", host.apply), *_command("maps_test_command", host.test)]
    lines += [f"  {line}" for line in entered_lines(host)]
    return "\n".join(map(printable, lines))


def _generation(host: HostResult) -> str:
    if host.rolled_back_to and host.state is HostState.WOULD_CHANGE:
        return f", back to generation {host.rolled_back_to}"
    if host.rolled_back_to and host.state is HostState.ROLLED_BACK:
        return f", generation {host.generation} (content of generation {host.rolled_back_to})"
    is_new = host.state in HAVE_IT and has_changes(host)
    return f", generation {host.generation}" if is_new and host.generation else ""


def has_changes(host: HostResult) -> bool:
    """Whether a document was to be written there."""
    return any(server.state in ("added", "changed", "removed") for server in host.servers)


def _circumstances(host: HostResult) -> Iterator[str]:
    """What else a person should know of a host."""
    if host.rekeyed:
        rest = "" if has_changes(host) else "; nothing is written or restarted"
        yield f"the vault key or the host's name changed: all servers are verified again{rest}"
    if host.edited:
        yield "the document was edited by hand since the last push"
    if host.state is HostState.RESTORED and host.before is None:
        yield "the host had no document; it has an empty document now"
    if host.state is HostState.WOULD_CHANGE:
        yield from _due(host)
    if clock := clock_text(host):
        yield clock


def clock_text(host: HostResult) -> str:
    """A hint at a clock that is off; empty where it is not."""
    if host.skew is None or abs(host.skew) <= _CLOCK_OFF:
        return ""
    way = "ahead" if host.skew > 0 else "behind"
    minutes = counted(round(abs(host.skew) / 60), "minute")
    return f"its clock is {way} by {minutes}: correct it, certificates and tokens depend on it"


def _due(host: HostResult) -> Iterator[str]:
    """What a push would do there beside writing."""
    if host.applies:
        yield "the document is to be applied (maps_apply_command or maps_service)"
    if host.open:
        yield f"access is to be closed to other accounts: {open_names(host)}"
    if host.holder:
        yield f"locked at the moment: {host.holder}"
    if not (has_changes(host) or host.unverified or host.applies or host.open or host.rekeyed):
        yield "nothing is left to verify; only that is to be recorded on the host"


def open_names(host: HostResult) -> str:
    return ", ".join(name or "the folder" for name in host.open)


_SIGNS = {"added": "+", "changed": "~", "removed": "-", "unchanged": " ", "orphaned": "?"}


def _server(server: ServerChange, host: HostResult) -> Iterator[str]:
    note = ""
    if server.state == "orphaned":
        note = " (no longer declared; kept unless you pass --prune)"
    elif server.state == "unchanged":
        if server.name not in host.unverified:
            return
        is_due = host.state is HostState.WOULD_CHANGE
        note = ", to be verified by a test email" if is_due else ", not verified"
    yield f"  {_SIGNS[server.state]} {server.name}: {server.state}{note}"
    if server.state == "changed":
        yield from (
            f"      {field_text(pointer, server.values.get(pointer))}" for pointer in server.fields
        )


def _mail(mail: MailResult, provider: str) -> list[str]:
    first, *rest = mail_lines(mail.server, mail.smtp, provider)
    attempt = f", at attempt {mail.attempts}" if mail.attempts > 1 else ""
    lines = [first + attempt, *rest]
    if mail.worked_before:
        lines.append(f"    the previous document names {mail.worked_before}, which answers")
    if mail.refresh:
        lines += refresh_lines(mail.server, mail.refresh)
    return [f"  {line}" for line in lines]


def _baseline(mail: MailResult, provider: str) -> list[str]:
    """Whether this push broke the server, or found it broken."""
    verbs = {"sent": "sends", "authenticated": "signs in"}
    if mail.proof in verbs:
        return [f"  with the previous document, {mail.server} {verbs[mail.proof]}"]
    return [f"  with the previous document: {_mail(mail, provider)[0].strip()}"]


def _command(name: str, result: CommandResult | None) -> Iterator[str]:
    if result is None or result.exit == 0:
        return
    yield f"  {name}: {command_words(result)}"
    yield from (f"    | {line}" for line in result.output.splitlines())


def _skipped(server: ServerSkipped) -> str:
    details = textwrap.indent(printable_lines(f"{server.reason}\n{server.remedy}").strip(), "  ")
    return f"{printable(server.server)}: skipped; hosts keep their copy\n{details}\n"


def _to_be_verified(record: RunRecord) -> list[str]:
    """In a plan: which servers a push would verify, from how many hosts."""
    names = Counter(
        name
        for host in record.hosts
        if host.state is HostState.WOULD_CHANGE
        for name in host.unverified
    )
    lines = [f"  {printable(name)} on {counted(names[name], 'host')}" for name in sorted(names)]
    return ["\n".join(["to be verified:", *lines, ""])] if lines else []


def run_notes(record: RunRecord) -> Iterator[str]:
    """What a person has to know or to do now."""
    hosts = record.hosts
    states = defaultdict[HostState, list[str]](list)
    for host in hosts:
        if host.state is not HostState.DELIVERED or host.in_maps is None:
            states[host.state].append(host.host)
    notes = _NOTES | _NOTES_OF.get(record.command, {})
    if record.options.get("restart") is False:
        notes[HostState.DELIVERED] = _NO_RESTART
    for state, note in notes.items():
        if names := states.get(state):
            yield note.replace("{command}", hosts_command("rollback", names))
    if note := to_enter_note(hosts):
        yield note
    outcomes = {mail.smtp.outcome for host in hosts for mail in host.mails}
    if "authenticated" in outcomes:
        yield _SIGNED_IN_ONLY
    if any(host.test is None and _sent(host) for host in hosts):
        yield _MAPS_NOT_TESTED


def _sent(host: HostResult) -> bool:
    return any(mail.smtp.outcome == "sent" for mail in host.mails)


# -- hosts with the same outcome, in one block: the same words, but for what is of the moment


def _groups(texts: Iterable[tuple[str, str, bool]]) -> Iterator[str]:
    """A block for each group of hosts, from (host, what became of it, whether all is well) each.

    Where words differ by something of the moment, they are those of the first host. Only of hosts
    where all is well there may be too many to be named.
    """
    groups: dict[tuple[str, bool], list[tuple[str, str]]] = defaultdict(list)
    for host, text, is_well in texts:
        groups[_alike(host, text), is_well].append((host, text))
    for (_, is_well), group in groups.items():
        head = _head([host for host, _ in group], _FEW if is_well else len(group))
        yield f"{head}: {_together([text for _, text in group])}\n"


def _alike(host: str, text: str) -> str:
    own_name = re.compile(rf"(?<![\w.-]){re.escape(host)}(?![\w.-])")
    same = own_name.sub("HOST", _OF_THE_MOMENT.sub("...", text))
    return _GENERATION.sub("generation \0", same)


def _head(names: Sequence[str], most: int) -> str:
    return names_shown(names, most) + (f" ({len(names)} hosts)" if len(names) > 1 else "")


def _together(texts: Sequence[str]) -> str:
    """The first text, with all hosts' generations in it."""
    numbers = zip(*(map(int, _GENERATION.findall(text)) for text in texts), strict=True)
    spans = iter([(min(column), max(column)) for column in numbers])
    return _GENERATION.sub(lambda _: _span(*next(spans)), texts[0])


def _span(first: int, last: int) -> str:
    return f"generation {first}" if first == last else f"generations {first} to {last}"
