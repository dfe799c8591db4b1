"""What became of one host, judged from what its tasks said. Pure: no host is asked here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from provisioner.errors import ExitCode
from provisioner.fleet.host_answer import NONSENSE
from provisioner.fleet.mail_proof import MailProof, mail_proofs
from provisioner.fleet.post_check import broken_before
from provisioner.fleet.runner import TaskResult


class HostState(StrEnum):
    """The outcome of a plan or a push for one host, in words that a person reads."""

    UNCHANGED = "unchanged"
    CHANGES = "would change"
    APPLIED = "applied"
    DELIVERED = "delivered, not applied"
    UNPROVEN = "delivered, not proven"
    HELD = "left as it was"
    ROLLED_BACK = "rolled back"
    RESTORED = "restored"
    LOCKED = "locked by another run"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    MOVED = "moved since the plan"
    NOT_REACHED = "not reached"
    UNKNOWN = "unknown"


EXIT_CODES = {
    HostState.UNCHANGED: ExitCode.DONE,
    HostState.CHANGES: ExitCode.CHANGES,
    HostState.APPLIED: ExitCode.DONE,
    HostState.DELIVERED: ExitCode.DONE,
    HostState.UNPROVEN: ExitCode.FAILURE,
    HostState.HELD: ExitCode.DONE,  # the skipped server that held it back has the exit code
    HostState.ROLLED_BACK: ExitCode.DONE,  # as a person has asked for
    HostState.RESTORED: ExitCode.HOSTS_BEHIND,
    HostState.LOCKED: ExitCode.LOCKED,
    HostState.FAILED: ExitCode.HOSTS_BEHIND,
    HostState.UNREACHABLE: ExitCode.HOSTS_BEHIND,
    HostState.MOVED: ExitCode.HOSTS_BEHIND,
    HostState.NOT_REACHED: ExitCode.HOSTS_BEHIND,
    HostState.UNKNOWN: ExitCode.HOST_UNKNOWN,
}

# States in which a push has done with a host what it was to do.
GOOD_STATES = frozenset(state for state, code in EXIT_CODES.items() if code is ExitCode.DONE)

# maps.state of the transaction -> the host's state, before any mail
_TRANSACTION_STATES = {
    "unchanged": HostState.UNCHANGED,
    "changed": HostState.CHANGES,
    "delivered": HostState.DELIVERED,
    "applied": HostState.APPLIED,
    "restored": HostState.RESTORED,
    "refused": HostState.FAILED,  # nothing was touched
}

# States after which no mail is sent
_ENDED = (HostState.LOCKED, HostState.FAILED, HostState.RESTORED, HostState.UNKNOWN)

_WRITTEN = ("added", "changed", "removed")
_PROVEN_BEFORE = "this push delivered nothing there, so there is nothing to take back"


@dataclass(frozen=True, slots=True)
class ServerChange:
    """One server on one host: added, changed, unchanged, removed or orphaned.

    `fields` are JSON pointers into the entry; `values` has old and new of those not secret,
    `prints` the keyed prints of those that are (in a plan; comparable on one host only).
    """

    name: str
    state: str
    fields: tuple[str, ...]
    values: Mapping[str, tuple[Any, Any]]
    verified: bool
    prints: Mapping[str, tuple[str | None, str | None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class HostResult:
    """One host's outcome; `message` says what went wrong in one line, without secrets.

    `baseline`: how the servers whose mails were wrong fare with the old document given back;
    `renewed`: those whose old entry has the delivered token there, since its own was used up.
    `before` is the fingerprint of the document that a push found, `seconds` its tasks' time.
    """

    host: str
    state: HostState
    servers: tuple[ServerChange, ...] = ()
    mails: tuple[MailProof, ...] = ()
    baseline: tuple[MailProof, ...] = ()
    renewed: tuple[str, ...] = ()
    generation: int | None = None
    fingerprint: str | None = None
    written: bool = False
    edited_by_hand: bool = False
    mails_needed: tuple[str, ...] = ()
    maps_sent: bool = False
    rolled_back_from: int | None = None
    message: str = ""
    before: str | None = None
    seconds: float = 0.0

    @property
    def exit_code(self) -> ExitCode:
        """What this host alone makes of the run."""
        return EXIT_CODES[self.state]

    @property
    def needs_push(self) -> bool:
        """Something would be written, or a delivered document is still to be proven."""
        return self.state is HostState.CHANGES or bool(self.mails_needed)


def host_result(host: str, results: Sequence[TaskResult], *, check: bool) -> HostResult:
    """Judge one host from the results of its tasks, in order."""
    nonsense = next((result for result in results if result.outcome == NONSENSE), None)
    if nonsense:
        return HostResult(host=host, state=HostState.UNKNOWN, message=_message(nonsense))
    facts = _facts(results, "deliver")
    if facts is None:
        return _without_transaction(host, results[-1] if results else None, check=check)
    mail = _facts(results, "mail") or {}
    proofs = mail_proofs(mail)
    state, message = _state(facts, mail, proofs, results, check=check)
    return HostResult(
        host=host,
        state=state,
        servers=_server_changes(facts.get("servers") or {}),
        mails=proofs,
        baseline=_baseline(results),
        renewed=tuple((_facts(results, "restore") or facts).get("renewed") or ()),
        generation=facts.get("generation"),
        fingerprint=facts.get("fingerprint"),
        written=any(s.get("state") in _WRITTEN for s in (facts.get("servers") or {}).values()),
        edited_by_hand=bool(facts.get("edited_by_hand")),
        mails_needed=tuple(facts.get("mails_needed") or ()),
        maps_sent=_maps_exit(mail) == 0,
        message=message,
        seconds=sum(result.seconds for result in results),
    )


def _without_transaction(host: str, last: TaskResult | None, *, check: bool) -> HostResult:
    """The transaction said nothing: never reached, or died before it could speak."""
    if last is None or last.outcome == "unreachable":
        reached_before = not check and last is not None
        message = _message(last) if last else "Ansible did not reach it"
        if reached_before:
            message += "; it answered a moment ago, so its document may be the old or the new one"
        state = HostState.UNKNOWN if reached_before else HostState.UNREACHABLE
        return HostResult(host=host, state=state, message=message)
    state = HostState.FAILED if check else HostState.UNKNOWN
    return HostResult(host=host, state=state, message=_message(last))


def _state(
    facts: Mapping[str, Any],
    mail: Mapping[str, Any],
    proofs: tuple[MailProof, ...],
    results: Sequence[TaskResult],
    *,
    check: bool,
) -> tuple[HostState, str]:
    state = _TRANSACTION_STATES.get(facts.get("state", ""), HostState.UNKNOWN)
    if state is HostState.FAILED and facts.get("reason") == "locked":
        state = HostState.LOCKED
    if state is HostState.CHANGES and not check:
        state = HostState.UNKNOWN
    failure = next((_message(r) for r in results if r.outcome != "ok"), "")
    if check or state in _ENDED:
        return state, failure
    restore = _facts(results, "restore")
    if restore is not None:
        if restore.get("state") != "restored":
            return HostState.UNKNOWN, failure
        if problem := broken_before(_baseline(results)):
            return HostState.UNKNOWN, problem
        return HostState.RESTORED, failure
    return _after_mails(state, facts, mail, proofs, failure)


def _after_mails(
    state: HostState,
    facts: Mapping[str, Any],
    mail: Mapping[str, Any],
    proofs: tuple[MailProof, ...],
    failure: str,
) -> tuple[HostState, str]:
    """The state of a host that keeps what lies there, by what its mails have proven."""
    if any(proof.wrong for proof in proofs):
        if facts.get("restorable"):
            return HostState.UNKNOWN, failure or "the old document could not be given back"
        return HostState.UNPROVEN, failure or _PROVEN_BEFORE
    if _maps_exit(mail):
        return HostState.UNPROVEN, _maps_failure(mail)
    proven = {proof.server for proof in proofs if proof.proven}
    if set(facts.get("mails_needed") or ()) - proven:
        return HostState.UNPROVEN, failure
    return state, failure


def _baseline(results: Sequence[TaskResult]) -> tuple[MailProof, ...]:
    return mail_proofs(_facts(results, "baseline") or {})


def _maps_exit(mail: Mapping[str, Any]) -> int | None:
    """How maps_test_command ended; None where there is none."""
    command = mail.get("maps_test_command")
    return command["exit"] if command else None


def _maps_failure(mail: Mapping[str, Any]) -> str:
    command = mail["maps_test_command"]
    said = " / ".join(str(command.get("output") or "").splitlines()[-3:])
    return f"maps_test_command ended with code {command['exit']}" + (f": {said}" if said else "")


def _facts(results: Sequence[TaskResult], phase: str) -> Mapping[str, Any] | None:
    """The `maps` of the task of that phase."""
    found = (result.result.get("maps") or {} for result in results)
    return next((facts for facts in found if facts.get("phase") == phase), None)


def _message(result: TaskResult) -> str:
    text = str(result.result.get("msg") or "it gave no reason")
    return " ".join(text.split())


def _server_changes(servers: Mapping[str, Mapping[str, Any]]) -> tuple[ServerChange, ...]:
    return tuple(
        ServerChange(
            name=name,
            state=facts["state"],
            fields=tuple(facts.get("fields") or ()),
            values={p: (old, new) for p, (old, new) in (facts.get("values") or {}).items()},
            verified=bool(facts.get("verified")),
            prints={p: (old, new) for p, (old, new) in (facts.get("prints") or {}).items()},
        )
        for name, facts in sorted(servers.items(), key=lambda item: item[0].casefold())
    )
