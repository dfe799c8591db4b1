"""The operations that bring one host forward, and those that bring it back. Pure: lists out.

Archive, then state, then document, each by one rename: at each moment the state knows the document
that lies there, so nothing is ever mended. Old archives go only in the write that settles.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from msgspec.structs import replace

from provisioner.ansible.run_input import HostInput, RunInput
from provisioner.host import protocol
from provisioner.host.host_change import Change, Current
from provisioner.host.host_document import (
    NO_DOCUMENT,
    Entry,
    HostDocument,
    with_token_of,
)
from provisioner.host.host_settings import HostSettings
from provisioner.host.host_state import (
    DeliveryRecord,
    DocumentRecord,
    Previous,
    Proof,
    ServerRecord,
    State,
)
from provisioner.host.protocol import (
    DOCUMENT,
    STATE,
    Answer,
    CallFailed,
    Operation,
    RestartAnswer,
    RunAnswer,
    Unreachable,
    WriteAnswer,
)
from provisioner.host.result import HostState

APPLY_TIMEOUT = TEST_TIMEOUT = 300  # seconds


@dataclass(frozen=True)
class Transaction:
    """One delivery on one host; `at`: now, as it is recorded (UTC)."""

    change: Change
    work: RunInput
    given: HostInput
    settings: HostSettings
    at: str

    @property
    def now(self) -> Current:
        return self.change.now

    # -- forward

    def forward(self) -> list[Operation]:
        """Deliver, and apply where that is due; a failing apply takes the delivery back."""
        state = self.state.text()
        files = [_text(STATE, state)] if state != self.now.found.texts.get(STATE) else []
        if self.change.writes:
            archive = [{"name": self._archive, "copy": DOCUMENT}] if self._archives else []
            files = [*archive, *files, _text(DOCUMENT, self.change.document.text(self._secrets))]
        written = {file["name"] for file in files}
        # what others can read is copied onto itself: a new file has the right access
        files += [{"name": n, "copy": n} for n in self.change.close if n and n not in written]
        instead = self.backward({}) if self.change.applies and self.goes_back else ()
        expect = {name: self.now.found.digests.get(name) for name in (DOCUMENT, STATE)}
        return self._written(files, self.state, expect, instead, applies=self.change.applies)

    def _written(
        self,
        files: Sequence[Mapping[str, str]],
        state: State,
        expect: Mapping[str, str | None],
        instead: Sequence[Operation] = (),
        *,
        applies: bool,
    ) -> list[Operation]:
        """Write files, with which MAPS takes over what lies there then, where that is due."""
        operations = [protocol.write(files, expect=expect)]
        settings = self.settings
        if not applies:
            return operations
        if settings.apply_command:
            argv = [*settings.apply_command, settings.place(DOCUMENT)]
            operations.append(protocol.run(argv, APPLY_TIMEOUT, instead=instead))
        if settings.service:
            operations.append(protocol.restart(settings.service, APPLY_TIMEOUT, instead=instead))
        applied = _text(STATE, replace(state, applied=state.document).text())
        return [*operations, protocol.write([applied], expect={})]

    @cached_property
    def _secrets(self) -> dict[str, str]:
        """placeholder -> JSON token, of those only that this host has not got."""
        known = self.now.document.placeholders()
        return {
            placeholder: self.work.secrets[server][pointer]
            for server, placeholders in self.given.placeholders.items()
            for pointer, placeholder in placeholders.items()
            if placeholder not in known and pointer in self.work.secrets.get(server, {})
        }

    # -- the state

    @property
    def fingerprint(self) -> str:
        """That of the document that lies there in the end; empty where none does."""
        return self.change.fingerprint or ""

    @cached_property
    def state(self) -> State:
        """The state with the document that lies there in the end, and with the one before it.

        What an interrupted run delivered, or was about to take back, is this run's from now on: so
        it may be taken back.
        """
        now, lying = self.now, self._lying_record
        if now.fingerprint is None and not self.change.writes:
            return now.state
        state, keep = now.state, [lying.previous.fingerprint] if lying.previous else []
        if now.fingerprint is not None:
            state = state.with_record(now.fingerprint, lying)
            keep.append(now.fingerprint)
        return state.with_document(self.fingerprint, self._record, keep)

    @cached_property
    def _lying_record(self) -> DocumentRecord:
        """Of what lies there; somebody else may have put it there."""
        nobody = DeliveryRecord(run_id="", owner="", commit=None, at="", settled=True)
        generation = self.now.document.generation
        foreign = DocumentRecord(generation=generation, previous=None, delivery=nobody, servers={})
        return self.now.record or foreign

    @cached_property
    def _record(self) -> DocumentRecord:
        """The record of the document that lies there in the end."""
        record = replace(self._lying_record, servers=self._servers)
        if self.change.writes:
            previous = record.previous if self.now.pending else None
            if self._archives:
                previous = Previous(file=self._archive, fingerprint=self.now.fingerprint or "")
            generation = self.change.document.generation
            record = replace(record, generation=generation, previous=previous)
        if self.change.writes or self.now.pending:
            record = replace(record, delivery=self._delivery(settled=False))
        return record

    @property
    def _servers(self) -> dict[str, ServerRecord]:
        """The servers of the document that are ours; a proof holds only for the entry that it is
        of, wherever it is read."""
        known = self._lying_record.servers
        ours = {*known, *(name.casefold() for name in self.given.servers)}
        ours |= {c.name.casefold() for c in self.change.servers if c.state in ("added", "changed")}
        return {
            key: replace(known.get(key, ServerRecord(name="")), name=entry["server_name"])
            for key, entry in self.change.document.entries.items()
            if key in ours
        }

    def _delivery(self, *, settled: bool) -> DeliveryRecord:
        work = self.work
        return DeliveryRecord(
            run_id=work.run_id, owner=work.owner, commit=work.commit, at=self.at, settled=settled
        )

    @property
    def is_settled(self) -> bool:
        """Whether nothing has to be recorded of what lies there in the end."""
        record = self.state.records.get(self.fingerprint)
        return record is None or record.delivery.settled

    def recording(self, proofs: Mapping[str, Proof], *, settle: bool) -> list[dict[str, str]]:
        """The files that record what was verified; the last one also ends archives of before."""
        state = self.state
        if self.change.applies:
            state = replace(state, applied=state.document)
        state = state.proven(proofs, settle=settle)
        kept = {DOCUMENT, STATE, self._previous.file if self._previous else None}
        old = sorted(set(self.now.found.digests) - kept) if settle else []
        state = state.without_other_archives() if settle else state
        return [_text(STATE, state.text()), *({"name": name} for name in old)]

    # -- back

    @property
    def goes_back(self) -> bool:
        """Whether a failing apply takes something back: a delivery always, else what has an
        archive."""
        return self.change.writes or self.now.archived is not None

    @property
    def can_go_back(self) -> bool:
        """Whether a refused email takes the document back: a settled one it does not."""
        return self.change.writes or (self.now.pending and self.goes_back)

    @property
    def _previous(self) -> Previous | None:
        record = self.state.records.get(self.fingerprint)
        return record.previous if record else None

    @cached_property
    def before(self) -> HostDocument:
        """The document of the way back; an empty one where there was none. Its generation is new
        unless it comes back byte for byte."""
        number = max(self.state.generations, self.change.document.generation) + 1
        old = self._predecessor
        if old is None:
            return HostDocument(number, NO_DOCUMENT.entries)
        entries = {key: self._kept_alive(key, entry) for key, entry in old.entries.items()}
        return old if entries == dict(old.entries) else HostDocument(number, entries)

    @property
    def _predecessor(self) -> HostDocument | None:
        """What there is to go back to: what lies there, or where that is no such thing, what was
        before it. Not behind an empty document: what was removed stays so."""
        if self._archives:
            return self.now.document
        return self.now.archived if self._previous else None

    @property
    def kept_tokens(self) -> list[str]:
        """Names of servers whose delivered token stays on the way back."""
        old = self._predecessor or NO_DOCUMENT
        changed = (k for k, entry in self.before.entries.items() if entry != old.entries.get(k))
        return [self.before.entries[key]["server_name"] for key in changed]

    def _kept_alive(self, key: str, entry: Entry) -> Entry:
        """With the token that was delivered, if using it has ended the one of before."""
        newer = self.change.document.entries.get(key)
        rotates = key in {name.casefold() for name in self.work.rotation}
        return (with_token_of(newer, entry) if newer and rotates else None) or entry

    def backward(self, expect: Mapping[str, str | None]) -> list[Operation]:
        """Take the delivery back, whose files have these digests now, and apply what was before,
        if MAPS may have got it from this run or an earlier one."""
        document = _text(DOCUMENT, self.before.text())
        if self._previous and self.before == self._predecessor:  # as it was, byte for byte
            document = {"name": DOCUMENT, "copy": self._previous.file}
        files = [_text(STATE, self.given_back.text()), document]
        return self._written(files, self.given_back, expect, applies=self.change.may_apply)

    @cached_property
    def given_back(self) -> State:
        """The state of the way back, for the document of before. MAPS may have either one."""
        fingerprint, records = self.before.fingerprint(self.given.key), self.state.records
        known = records.get(self._previous.fingerprint) if self._previous else None
        known = known or self._lying_record
        record = records.get(fingerprint) or replace(
            known,
            generation=self.before.generation,
            delivery=self._delivery(settled=True),
            servers={k: v for k, v in known.servers.items() if k in self.before.entries},
        )
        return replace(self.state.with_document(fingerprint, record, records), applied=None)

    def baseline_recorded(self, proofs: Mapping[str, Proof]) -> list[dict[str, str]]:
        """The file that records what was verified of the document of before."""
        applied = self.given_back.document if self.change.may_apply else None
        state = replace(self.given_back, applied=applied).proven(proofs, settle=False)
        return [_text(STATE, state.text())]

    # -- parts

    @property
    def _archives(self) -> bool:
        """Whether what lies there is something to go back to: not if it was never verified, and
        not if it is empty."""
        return self.change.writes and bool(self.now.document.entries) and not self.now.pending

    @property
    def _archive(self) -> str:
        return f"email-servers.before-{self.change.document.generation}.json"


class Ending(NamedTuple):
    """How a transaction ended that did not leave its document there, applied."""

    state: HostState
    reason: str
    about: str = ""


def not_heard(error: CallFailed) -> Ending:
    """What a call that was to change the host leaves there."""
    untouched = isinstance(error, Unreachable) and not error.began
    state = HostState.UNREACHABLE if untouched else HostState.UNKNOWN
    return Ending(state, error.reason, error.words)


class Moved(Exception):
    """What lies on the host is not what was read a moment ago; nothing was touched."""


def require_delivered(
    said: Sequence[Answer], operations: Sequence[Operation], *, writes: bool
) -> Ending | None:
    """None if these operations, to go forward, have delivered a document and applied it.
    `writes`: a document was to be written; Moved if another one lies there."""
    if not said[0].done:
        return _not_written(said[0], writes=writes)
    failed = _failed(said, operations)
    if failed is None:
        return None
    instead: list[Answer] = getattr(failed, "instead", [])
    touched = any(map(_touched, (failed, *instead[1:])))
    state, reason = HostState.RESTORED, "apply_failed"
    if not instead:  # there was nothing to go back to
        state = HostState.UNKNOWN if touched else HostState.FAILED
    elif _failed(instead, operations[len(said) - 1]["else"]) and (
        touched or not _document_written(instead[0])
    ):
        state, reason = HostState.UNKNOWN, "back_failed"
    return Ending(state, reason, _about(failed))


def require_given_back(said: Sequence[Answer], operations: Sequence[Operation]) -> Ending | None:
    """None if these operations, to go back, have done so, and applied what was before."""
    failed = _failed(said, operations)
    if failed is None:
        return None
    reason = getattr(failed, "reason", None) or "crash"
    if failed is not said[0]:
        reason = "back_failed"
    state = HostState.LOCKED if reason == "moved" else HostState.UNKNOWN
    return Ending(state, reason, _about(failed))


def _failed(said: Sequence[Answer], operations: Sequence[Operation]) -> Answer | None:
    """The answer at which a document was not written, or not applied."""
    count = 1 + sum(operation["op"] in ("run", "restart") for operation in operations)
    is_done = len(said) >= count and all(answer.done for answer in said[:count])
    return None if is_done else said[-1]


def _about(answer: Answer) -> str:
    return getattr(answer, "output", "") or getattr(answer, "about", "") or ""


def _not_written(first: Answer, *, writes: bool) -> Ending:
    reason = getattr(first, "reason", None) or "crash"
    if reason == "moved":
        raise Moved
    if reason == "locked":
        return Ending(HostState.LOCKED, "locked", _about(first))
    state = HostState.UNKNOWN if writes and _document_written(first) else HostState.FAILED
    return Ending(state, reason, _about(first))


def _document_written(answer: Answer) -> bool:
    return isinstance(answer, WriteAnswer) and DOCUMENT in answer.digests


def _touched(answer: Answer) -> bool:
    """Whether a command or a restart may have reached MAPS."""
    if isinstance(answer, RunAnswer):
        return answer.reason not in ("not_started", "batch_file", "e2big")
    return isinstance(answer, RestartAnswer) and answer.touched


def digests_in(answers: Iterable[Answer]) -> dict[str, str | None]:
    """name -> digest, after these answers, of all that they have written."""
    found: dict[str, str | None] = {}
    for answer in answers:
        if isinstance(answer, protocol.WriteAnswer):
            found.update(answer.digests)
    return found


def _text(name: str, text: str) -> dict[str, str]:
    return {"name": name, "text": text}
