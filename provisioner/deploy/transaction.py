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
from provisioner.deploy import protocol
from provisioner.deploy.host_change import Change, Found
from provisioner.deploy.host_document import (
    NO_DOCUMENT,
    HostDocument,
    entry_fingerprint,
    same_account,
    value_at,
    with_token,
)
from provisioner.deploy.host_settings import HostSettings
from provisioner.deploy.host_state import (
    DeliveryRecord,
    DocumentRecord,
    Previous,
    Proof,
    ServerRecord,
    State,
    with_proofs,
)
from provisioner.deploy.protocol import (
    DOCUMENT,
    STATE,
    Answer,
    Operation,
    RestartAnswer,
    RunAnswer,
    WriteAnswer,
)
from provisioner.deploy.result import HostState

APPLY_TIMEOUT = TEST_TIMEOUT = 300  # seconds


@dataclass(frozen=True)
class Transaction:
    """One delivery on one host; `at`: now, as it is recorded (UTC)."""

    found: Found
    change: Change
    work: RunInput
    given: HostInput
    settings: HostSettings
    at: str

    # -- forward

    def forward(self) -> list[Operation]:
        """Deliver, and apply where that is due; a failing apply takes the delivery back."""
        files = [*self._delivered_files(), *self._closed_files()]
        expect = {name: self.found.digests.get(name) for name in (DOCUMENT, STATE)}
        operations = [protocol.write(files, expect=expect)]
        if self.change.applies:
            instead = self.backward({}) if self.goes_back else ()
            operations += self._apply(instead)
            operations.append(self._write_state(self._applied(self.state)))
        return operations

    def _delivered_files(self) -> list[dict[str, str]]:
        if not self.change.writes:
            # a state under an old key is of no use to the next run
            return [_text(STATE, self.state.text())] if self.change.now.rekeyed else []
        archive = [{"name": self._archive, "copy": DOCUMENT}] if self._archives else []
        document = self.change.document.text(self._secrets)
        return [*archive, _text(STATE, self.state.text()), _text(DOCUMENT, document)]

    def _closed_files(self) -> list[dict[str, str]]:
        """Files that others can read, each copied onto itself; a new file has the right access."""
        written = {DOCUMENT, STATE} if self.change.writes else set()
        if self.change.now.rekeyed:
            written.add(STATE)
        return [{"name": n, "copy": n} for n in self.change.close if n and n not in written]

    @cached_property
    def _secrets(self) -> dict[str, str]:
        """placeholder -> JSON token, of those only that this host has not got."""
        known = self.change.now.document.placeholders()
        found: dict[str, str] = {}
        for server, placeholders in self.given.placeholders.items():
            tokens = self.work.secrets.get(server, {})
            for pointer, placeholder in placeholders.items():
                if placeholder not in known and pointer in tokens:
                    found[placeholder] = tokens[pointer]
        return found

    # -- the state

    @cached_property
    def fingerprint(self) -> str:
        """That of the document that lies there in the end."""
        return self.change.document.fingerprint(self.given.key)

    @cached_property
    def state(self) -> State:
        """The state with what is delivered; as it was where nothing is."""
        now = self.change.now
        if not self.change.writes:
            return self._taken_over(now.state)
        state, keep = now.state, list[str]()
        if now.fingerprint is not None:
            state = state.with_record(now.fingerprint, now.record or self._foreign_record())
            keep.append(now.fingerprint)
        if now.record and now.record.previous:
            keep.append(now.record.previous.fingerprint)
        return state.with_document(self.fingerprint, self._record, keep)

    def _taken_over(self, state: State) -> State:
        """What an interrupted run delivered, or was about to take back, is this run's from now on:
        so it may be taken back."""
        now = self.change.now
        if now.fingerprint is None:
            return state
        record = now.record or self._foreign_record()
        if now.pending:
            record = replace(record, delivery=self._delivery(settled=False))
        state = replace(state, document=self.fingerprint)
        return state.with_record(self.fingerprint, self._with_servers(record))

    @cached_property
    def _record(self) -> DocumentRecord:
        """The record of what is delivered."""
        previous = Previous(file=self._archive, fingerprint=self.change.now.fingerprint or "")
        old = self.change.now.record.previous if self.change.now.record else None
        record = DocumentRecord(
            generation=self.change.document.generation,
            previous=previous if self._archives else (old if self.change.now.pending else None),
            delivery=self._delivery(settled=False),
            servers=dict(self.change.now.record.servers) if self.change.now.record else {},
        )
        return self._with_servers(record)

    def _with_servers(self, record: DocumentRecord) -> DocumentRecord:
        """With the servers of the document that are ours, each with a proof that still holds."""
        delivered = {
            change.name.casefold()
            for change in self.change.servers
            if change.state in ("added", "changed")
            or (change.state == "unchanged" and change.name.casefold() in self._declared)
        }
        servers = {}
        for key, entry in self.change.document.entries.items():
            known = record.servers.get(key)
            if known is None and key not in delivered:
                continue
            proof = known.proof if known else None
            if proof and proof.fingerprint != entry_fingerprint(entry, self.given.key):
                proof = None
            servers[key] = ServerRecord(name=entry["server_name"], proof=proof)
        return replace(record, servers=servers)

    @cached_property
    def _declared(self) -> frozenset[str]:
        return frozenset(name.casefold() for name in self.given.servers)

    def _foreign_record(self) -> DocumentRecord:
        """Of a document that somebody else has put there."""
        nobody = DeliveryRecord(run_id="", owner="", commit=None, at="", settled=True)
        generation = self.change.now.document.generation
        return DocumentRecord(generation=generation, previous=None, delivery=nobody, servers={})

    def _delivery(self, *, settled: bool) -> DeliveryRecord:
        work = self.work
        return DeliveryRecord(
            run_id=work.run_id, owner=work.owner, commit=work.commit, at=self.at, settled=settled
        )

    def _applied(self, state: State) -> State:
        return replace(state, applied=state.document)

    @property
    def is_settled(self) -> bool:
        """Whether nothing has to be recorded of what lies there in the end."""
        record = self.state.records.get(self.fingerprint)
        return record is None or record.delivery.settled

    def proven(self, proofs: Mapping[str, Proof], *, settle: bool) -> State:
        """The state with what was verified, by key."""
        state = self._applied(self.state) if self.change.applies else self.state
        record = state.records.get(self.fingerprint)
        if record is None:
            return state
        return state.with_record(self.fingerprint, with_proofs(record, proofs, settle=settle))

    def recording(self, proofs: Mapping[str, Proof], *, settle: bool) -> list[dict[str, str]]:
        """The files that record what was verified; the last one also ends archives of before."""
        files = [_text(STATE, self.proven(proofs, settle=settle).text())]
        return files + self._old_archives() if settle else files

    def _old_archives(self) -> list[dict[str, str]]:
        record = self.state.records.get(self.fingerprint)
        kept = record.previous.file if record and record.previous else None
        there = [name for name in self.found.digests if name not in (DOCUMENT, STATE, kept)]
        return [{"name": name} for name in sorted(there)]

    # -- back

    @property
    def goes_back(self) -> bool:
        """Whether a failing apply takes something back: a delivery always, else what has an
        archive."""
        return self.change.writes or self.change.now.archived is not None

    @property
    def can_go_back(self) -> bool:
        """Whether a refused email takes the document back: a settled one it does not."""
        return self.change.writes or (self.change.now.pending and self.goes_back)

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
        now = self.change.now
        if self._archives:
            return now.document
        return now.archived if now.pending or not self.change.writes else None

    @property
    def kept_tokens(self) -> list[str]:
        """Names of servers whose delivered token stays on the way back."""
        old = self._predecessor or NO_DOCUMENT
        changed = (k for k, entry in self.before.entries.items() if entry != old.entries.get(k))
        return [self.before.entries[key]["server_name"] for key in changed]

    def _kept_alive(self, key: str, entry: Mapping[str, object]) -> Mapping[str, object]:
        """With the token that was delivered, if using it has ended the one of before."""
        newer = self.change.document.entries.get(key)
        rotating = {name.casefold() for name in self.work.rotation}
        if newer is None or key not in rotating or not value_at(entry, "/oauth2/token/grant_id"):
            return entry
        if not same_account(entry, newer):
            return entry
        return with_token(entry, value_at(newer, "/oauth2/token"))

    def backward(self, expect: Mapping[str, str | None]) -> list[Operation]:
        """Take the delivery back, whose files have these digests now, and apply what was before."""
        state = self.given_back
        operations = [
            protocol.write([_text(STATE, state.text()), self._before_file()], expect=expect)
        ]
        if self.change.applies:
            operations += self._apply(())
            operations.append(self._write_state(self._applied(state)))
        return operations

    def _before_file(self) -> dict[str, str]:
        source = self._archive if self._archives else None
        record = self.change.now.record
        if source is None and record is not None and record.previous is not None:
            source = record.previous.file
        unchanged = self.before in (self.change.now.document, self.change.now.archived)
        if source is not None and unchanged:
            return {"name": DOCUMENT, "copy": source}
        return _text(DOCUMENT, self.before.text())

    @cached_property
    def given_back(self) -> State:
        """The state of the way back, for the document of before."""
        fingerprint = self.before.fingerprint(self.given.key)
        state = self.state.given_back(fingerprint, self.before.generation)
        if fingerprint in state.records:
            return state
        now = self.change.now
        known = now.record or self._foreign_record()
        if not self._archives and self._predecessor and known.previous:
            known = self.state.records.get(known.previous.fingerprint, known)
        record = replace(
            known,
            generation=self.before.generation,
            delivery=self._delivery(settled=True),
            servers={k: v for k, v in known.servers.items() if k in self.before.entries},
        )
        return state.with_record(fingerprint, record)

    def baseline_recorded(self, proofs: Mapping[str, Proof]) -> list[dict[str, str]]:
        """The file that records what was verified of the document of before."""
        state = self._applied(self.given_back) if self.change.applies else self.given_back
        fingerprint = state.document or ""
        record = with_proofs(state.records[fingerprint], proofs, settle=False)
        return [_text(STATE, state.with_record(fingerprint, record).text())]

    # -- parts

    @property
    def _archives(self) -> bool:
        """Whether what lies there is something to go back to: not if it was never verified, and
        not if it is empty."""
        now = self.change.now
        return self.change.writes and bool(now.document.entries) and not now.pending

    @property
    def _archive(self) -> str:
        return f"email-servers.before-{self.change.document.generation}.json"

    def _apply(self, instead: Sequence[Operation]) -> list[Operation]:
        settings, operations = self.settings, list[Operation]()
        if settings.apply_command:
            argv = [*settings.apply_command, settings.place(DOCUMENT)]
            operations.append(protocol.run(argv, APPLY_TIMEOUT, instead=instead))
        if settings.service:
            operations.append(protocol.restart(settings.service, APPLY_TIMEOUT, instead=instead))
        return operations

    def _write_state(self, state: State) -> Operation:
        return protocol.write([_text(STATE, state.text())], expect={})


class Ending(NamedTuple):
    """How a transaction ended that did not leave its document there, applied."""

    state: HostState
    reason: str
    about: str = ""


class Moved(Exception):
    """What lies on the host is not what was read a moment ago; nothing was touched."""


def require_delivered(said: Sequence[Answer], *, writes: bool, count: int) -> Ending | None:
    """None if the first `count` answers delivered a document and applied it. `writes`: a document
    was to be written; Moved if another one lies there."""
    first = said[0]
    if not first.done:
        return _not_written(first, writes=writes)
    if len(said) >= count and all(answer.done for answer in said[:count]):
        return None
    failed = said[-1]
    about = getattr(failed, "output", "") or getattr(failed, "about", "") or ""
    instead: list[Answer] = getattr(failed, "instead", [])
    if not instead:  # there was nothing to go back to
        touched = _touched(failed)
        return Ending(HostState.UNKNOWN if touched else HostState.FAILED, "apply_failed", about)
    if not _document_written(instead[0]):
        return Ending(HostState.UNKNOWN, "apply_failed", about)
    back = [one for one in instead if isinstance(one, (RunAnswer, RestartAnswer))]
    again = instead[0].done and bool(back) and all(answer.done for answer in back)
    untouched = not any(map(_touched, (failed, *back)))
    state = HostState.RESTORED if again or untouched else HostState.UNKNOWN
    return Ending(state, "apply_failed", about)


def require_given_back(said: Sequence[Answer]) -> Ending | None:
    """None if the document of before lies there again, applied where that is due."""
    first = said[0]
    reason = getattr(first, "reason", None) or "crash"
    if not first.done and reason == "moved":
        return Ending(HostState.LOCKED, "moved")
    if not first.done and not _document_written(first):
        return Ending(HostState.UNKNOWN, reason, getattr(first, "about", None) or "")
    back = [one for one in said if isinstance(one, (RunAnswer, RestartAnswer))]
    if failed := [answer for answer in back if not answer.done]:
        return Ending(HostState.UNKNOWN, "apply_failed", getattr(failed[0], "output", ""))
    return None


def _not_written(first: Answer, *, writes: bool) -> Ending:
    reason = getattr(first, "reason", None) or "crash"
    about = getattr(first, "about", None) or ""
    if reason == "moved":
        raise Moved
    if reason == "locked":
        return Ending(HostState.LOCKED, "locked", about)
    state = HostState.UNKNOWN if writes and _document_written(first) else HostState.FAILED
    return Ending(state, reason, about)


def _document_written(answer: Answer) -> bool:
    return isinstance(answer, WriteAnswer) and DOCUMENT in answer.digests


def _touched(answer: Answer) -> bool:
    """Whether a command or a restart may have reached MAPS."""
    if isinstance(answer, RunAnswer):
        return answer.reason not in ("not_started", "batch_file", "e2big")
    return not isinstance(answer, RestartAnswer) or answer.touched


def digests_in(answers: Iterable[Answer]) -> dict[str, str | None]:
    """name -> digest, after these answers, of all that they have written."""
    found: dict[str, str | None] = {}
    for answer in answers:
        if isinstance(answer, protocol.WriteAnswer):
            found.update(answer.digests)
    return found


def _text(name: str, text: str) -> dict[str, str]:
    return {"name": name, "text": text}
