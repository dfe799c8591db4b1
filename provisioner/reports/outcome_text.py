"""What plan or push found, for a person: equal hosts together, each failure with its remedy."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping

from provisioner.fleet.host_result import HostResult, HostState, ServerChange
from provisioner.fleet.mail_proof import MailProof
from provisioner.fleet.outcome import Outcome
from provisioner.fleet.preparation import SkippedServer
from provisioner.reports.host_groups import host_groups
from provisioner.reports.mail_text import mail_lines, refresh_lines
from provisioner.secret import MASK
from provisioner.text import counted, printable_lines

_NOT_APPLIED = (
    "Delivered, not applied: these hosts have no maps_apply_command, so the document lies there "
    "and MAPS does not know it yet. Set it to the command that makes MAPS take the document over."
)
_NO_RESTART = (
    "Delivered, not applied: --no-restart left maps_service alone, so MAPS on these hosts does not "
    "know the document yet (nor where there is no maps_apply_command). Push again without it, at "
    "a time when Argos may be restarted."
)
_NOT_PROVEN = (
    "Delivered, not proven: the new document stays on these hosts. Push again to prove it; or "
    "correct it and push: the last proven document is kept until then."
)
_MOVED = (
    "Moved since the plan: these hosts keep what they have. See what would change there now: "
    "provisioner plan, with --out FILE to push just that."
)
_UNKNOWN = (
    "Unknown: see what these hosts have now (provisioner status --hosts), mend the cause, and "
    "push again."
)
_NO_MAIL = (
    "Signed in only: where no mail was sent, the sender and the way of a mail are not proven. A "
    "push without --mail sends them."
)
_MAPS_NOT_EXERCISED = (
    "MAPS itself was not exercised: each test email was sent from its host by maps-provisioner. "
    "The host variable maps_test_command lets MAPS send one, too."
)


def outcome_text(outcome: Outcome, providers: Mapping[str, str]) -> str:
    """The report; `providers` names each server's provider, for the words of its errors.

    Names of hosts, and what they say, steer no terminal.
    """
    blocks = [*host_groups((host.host, host_text(host, providers)) for host in outcome.hosts)]
    blocks += [_skipped(server) for server in outcome.skipped]
    blocks += [f"warning: {text}\n" for text in outcome.warnings]
    blocks += _mails_to_come(outcome)
    return printable_lines("\n".join([*blocks, summary(outcome), *_notes(outcome)]))


def _mails_to_come(outcome: Outcome) -> list[str]:
    """In a plan: what a push would mail, from how many hosts, to whom."""
    if not outcome.check:
        return []
    counts = Counter(name for host in outcome.hosts for name in host.mails_needed)
    lines = [
        f"  {name}: from {counted(count, 'host')} to {outcome.envelopes[name].recipient}"
        for name, count in sorted(counts.items())
        if name in outcome.envelopes
    ]
    return ["\n".join(["a push would send test emails:", *lines, ""])] if lines else []


def host_text(host: HostResult, providers: Mapping[str, str]) -> str:
    """What became of one host, its name left out: hosts with like texts are one group."""
    generation = f", generation {host.generation}" if host.written and _is_new(host) else ""
    lines = [f"{host.state}{generation}"]
    if host.rolled_back_from is not None:
        lines.append(f"  back from generation {host.rolled_back_from}")
    if host.message:
        lines.append(f"  {host.message}")
    if host.edited_by_hand:
        lines.append("  the document there was edited by hand since the last push")
    for server in host.servers:
        lines += _change(server, waiting=server.name in host.mails_needed)
    for proof in host.mails:
        lines += _proof(proof, providers.get(proof.server, ""))
    for proof in host.baseline:
        lines += _baseline(proof, providers.get(proof.server, ""))
    return "\n".join(lines)


def _is_new(host: HostResult) -> bool:
    return host.state in _NEW


_NEW = (HostState.APPLIED, HostState.DELIVERED, HostState.UNPROVEN, HostState.ROLLED_BACK)
_SIGNS = {"added": "+", "changed": "~", "removed": "-", "unchanged": " ", "orphaned": "?"}


def _change(server: ServerChange, *, waiting: bool) -> list[str]:
    note = {"orphaned": " (not declared here any more; it stays unless --prune is said)"}.get(
        server.state, ""
    )
    if server.state == "unchanged" and waiting:
        note = ", its mail not yet proven"
    lines = [f"  {_SIGNS.get(server.state, ' ')} {server.name}: {server.state}{note}"]
    if server.state == "changed":
        lines += [f"      {_field(pointer, server)}" for pointer in server.fields]
    return lines


def _field(pointer: str, server: ServerChange) -> str:
    name = pointer.strip("/").replace("/", ".")
    if pointer in server.values:
        old, new = (json.dumps(value, ensure_ascii=False) for value in server.values[pointer])
        return f"{name}: {old} -> {new}"
    return f"{name}: {MASK} -> {MASK}"


def _proof(proof: MailProof, provider: str) -> list[str]:
    lines = mail_lines(proof.server, proof.smtp, provider)
    if proof.attempts > 1:
        lines[0] += f", at attempt {proof.attempts}"
    if proof.worked_before:
        lines.append(f"    the document before says {proof.worked_before}, and that answers")
    if proof.refresh:
        lines += refresh_lines(proof.server, proof.refresh)
    return [f"  {line}" for line in lines]


def _baseline(proof: MailProof, provider: str) -> list[str]:
    """Whether this push broke the server, or found it broken."""
    ways = {"sent": "sends", "authenticated": "signs in"}
    if proof.proof in ways:
        return [f"  with the old document, {proof.server} {ways[proof.proof]}"]
    return [f"  with the old document: {_proof(proof, provider)[0].strip()}"]


def _skipped(server: SkippedServer) -> str:
    details = textwrap.indent(f"{server.reason}\n{server.remedy}", "  ")
    return f"{server.name}: skipped, what hosts have of it stays\n{details}\n"


def summary(outcome: Outcome) -> str:
    """All hosts in one line."""
    counts = Counter(str(host.state) for host in outcome.hosts)
    parts = [f"{count} {state}" for state, count in sorted(counts.items())]
    if not outcome.check and outcome.hosts:
        parts.insert(0, f"{_changed(outcome.hosts)} changed")
    if outcome.skipped:
        parts.append(f"{counted(len(outcome.skipped), 'server')} skipped")
    return f"{counted(len(outcome.hosts), 'host')}: {'; '.join(parts)}"


def _changed(hosts: Iterable[HostResult]) -> int:
    return sum(host.written and _is_new(host) for host in hosts)


def _notes(outcome: Outcome) -> list[str]:
    notes = []
    if any(host.state is HostState.DELIVERED for host in outcome.hosts):
        notes.append(_NOT_APPLIED if outcome.restart else _NO_RESTART)
    if any(host.state is HostState.UNPROVEN for host in outcome.hosts):
        notes.append(_NOT_PROVEN)
    states = {host.state for host in outcome.hosts}
    if HostState.MOVED in states:
        notes.append(_MOVED)
    if HostState.UNKNOWN in states:
        notes.append(_UNKNOWN)
    outcomes = {proof.smtp.outcome for host in outcome.hosts for proof in host.mails}
    if "authenticated" in outcomes:
        notes.append(_NO_MAIL)
    if "sent" in outcomes and any(h.mails and not h.maps_sent for h in outcome.hosts):
        notes.append(_MAPS_NOT_EXERCISED)
    return notes
