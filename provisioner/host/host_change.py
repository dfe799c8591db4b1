"""What a host has, what it is to have, and what differs. Pure: decides, and asks nobody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeVar

from msgspec import Struct

from provisioner.ansible.run_input import Check, HostInput, RunInput
from provisioner.config.pointer import value_at
from provisioner.host import host_document, host_state
from provisioner.host.host_document import NO_DOCUMENT, Damaged, Entry, HostDocument, key_of
from provisioner.host.host_settings import HostSettings
from provisioner.host.host_state import DocumentRecord, Outcome, Proof, State
from provisioner.host.protocol import DOCUMENT, STATE, Digest, Name, ReadAnswer

_T = TypeVar("_T")

ServerState = Literal["unchanged", "added", "changed", "removed", "orphaned"]

_TOKEN = "/oauth2/token"  # noqa: S105  a JSON pointer
_GRANT = _TOKEN + "/grant_id"


class Found(Struct, frozen=True, kw_only=True):
    """What one `read` found, without a secret: it travels from a plan to its push.

    `texts`: masked, of the document, the state and the archives; `open`: names of files that
    others may read, "" for the folder; `skew`: seconds by which its clock is ahead of ours.
    """

    texts: dict[Name, str | None]
    digests: dict[Name, Digest]
    open: list[str] = []
    skew: float | None = None
    holder: str | None = None
    strangers: list[str] = []


def found_in(answer: ReadAnswer, at: float) -> Found:
    """What a host answered to `read`; `at`: our own time, Unix seconds."""
    files = answer.files
    return Found(
        texts={name: file.text for name, file in files.items()},
        digests={name: file.digest for name, file in files.items()},
        open=[*([""] if answer.open else []), *(n for n, file in files.items() if file.open)],
        skew=_skew(answer.time, at),
        holder=answer.holder,
        strangers=answer.strangers,
    )


def _skew(time: str | None, at: float) -> float | None:
    if time is None:
        return None
    try:
        return datetime.fromisoformat(time).timestamp() - at
    except ValueError:  # the pattern lets the 31st of February pass
        return None


class Unusable(Exception):
    """A host that cannot be worked with, of which nothing was touched: why (a word), more about
    it, and the name of the file that it is about."""

    def __init__(self, reason: str, about: str = "", *, file: str = "") -> None:
        super().__init__(reason)
        self.reason, self.about, self.file = reason, about, file

    def told(self, settings: HostSettings) -> str:
        """What it is about, with the path of the file on the host."""
        file = settings.place(self.file) if self.file else ""
        return ": ".join(filter(None, [file, self.about]))


@dataclass(frozen=True, slots=True)
class Current:
    """What lies on a host, read: its document, and what the state says of it.

    `found`: what was read; `key`: that of the host; `fingerprint` is None where no document lies;
    `rekeyed`: the state was of another key; `archived`: the document to go back to, None where
    there is none; `missing`: the name of its file, if that is not there.
    """

    found: Found
    key: str
    document: HostDocument
    fingerprint: str | None
    state: State
    record: DocumentRecord | None
    rekeyed: bool
    archived: HostDocument | None
    missing: str | None

    @property
    def edited(self) -> bool:
        """Whether what lies there is not what we left there; also where we left nothing."""
        return self.fingerprint is not None and self.fingerprint not in self.state.records

    @property
    def pending(self) -> bool:
        """Not all that its delivery had to verify is verified."""
        return self.record is not None and not self.record.delivery.settled

    def proof(self, key: str) -> Proof | None:
        """What was verified of an entry just as it lies there."""
        known = self.record.servers.get(key) if self.record else None
        entry = self.document.entries.get(key)
        if known is None or known.proof is None or entry is None:
            return None
        fitting = known.proof.fingerprint == host_document.entry_fingerprint(entry, self.key)
        return known.proof if fitting else None


def current(found: Found, given: HostInput) -> Current:
    """What lies there; Unusable where it cannot be kept."""
    document, there = NO_DOCUMENT, None
    if DOCUMENT in found.digests:
        document = _parsed(host_document.parse, DOCUMENT, found)
        there = document.fingerprint(given.key)
    state = State(key_id=given.key_id)
    if STATE in found.digests:
        state = _parsed(host_state.parse, STATE, found)
    rekeyed = state.key_id != given.key_id
    record = state.records.get(state.document or "") if rekeyed else state.record(there)
    previous = record.previous if record else None
    missing = previous.file if previous and previous.file not in found.digests else None
    archived = None
    if previous and not missing:
        with suppress(Damaged):
            archived = host_document.parse(found.texts[previous.file])
    if rekeyed:
        before = archived.fingerprint(given.key) if archived else None
        state = host_state.rekeyed(state, given.key_id, there, before)
        record = state.record(there)
    elif archived and previous and archived.fingerprint(given.key) != previous.fingerprint:
        archived = None  # edited, or another one: nothing to go back to
    return Current(found, given.key, document, there, state, record, rekeyed, archived, missing)


def _parsed(parse: Callable[[str | None], _T], name: str, found: Found) -> _T:
    try:
        return parse(found.texts[name])
    except Damaged as error:
        raise Unusable(error.reason, str(error), file=name) from None


# -- what it is to have


@dataclass(frozen=True, slots=True)
class Wanted:
    """The masked entries that a host is to have, by key, and how each is to be verified.

    `whole`: nothing else is to be there (a rollback); `dead`: names of servers of which there is
    nothing but a token that its provider has replaced since.
    """

    entries: Mapping[str, Entry]
    checks: Mapping[str, Check]
    declared: frozenset[str]
    remove: frozenset[str] = frozenset()
    prune: bool = False
    whole: bool = False
    dead: tuple[str, ...] = ()

    @classmethod
    def of(cls, work: RunInput, given: HostInput) -> Wanted:
        """What is declared for one host of a run."""
        masked = (
            host_document.masked_entry(work.servers[name], given.placeholders.get(name, {}))
            for name in given.servers
        )
        return cls(
            entries={key_of(entry): entry for entry in masked},
            checks={name.casefold(): check for name, check in given.checks.items()},
            declared=frozenset(name.casefold() for name in given.declared),
            remove=frozenset(name.casefold() for name in given.remove),
            prune=work.prune,
        )

    @classmethod
    def lying(cls, now: Current, given: HostInput) -> Wanted:
        """What lies there of what is declared: only looked at."""
        declared = frozenset(name.casefold() for name in given.declared)
        entries = {key: e for key, e in now.document.entries.items() if key in declared}
        return cls(entries=entries, checks=dict.fromkeys(entries, "none"), declared=declared)

    @classmethod
    def before(cls, now: Current, work: RunInput, given: HostInput) -> Wanted:
        """What a rollback brings back: the archive, with tokens that serve."""
        archived = now.archived.entries if now.archived else {}
        run, rotating = cls.of(work, given), {name.casefold() for name in work.rotation}
        entries, dead = dict[str, Entry](), list[str]()
        for key, entry in archived.items():
            known = run.entries.get(key), now.document.entries.get(key)
            living = _with_living_token(entry, *known, rotates=key in rotating)
            if living is None and key in rotating:
                dead.append(entry["server_name"])
            entries[key] = living or entry
        return cls(
            entries,
            {key: run.checks.get(key, "mail") for key in entries},
            frozenset(),
            whole=True,
            dead=tuple(sorted(dead)),
        )


def _with_living_token(
    entry: Entry, declared: Entry | None, there: Entry | None, *, rotates: bool
) -> Entry | None:
    """An archived entry with a token that serves; None if there is but its own.

    An old refresh token may be dead, and using that may end the whole grant (RFC 9700 section
    4.14.2). So it gets the newest one of its grant: that of the run, else that of what lies there.
    Where tokens rotate strictly, one of another sign-in to the same account is better than its own.
    """
    grant = value_at(entry, _GRANT)
    if grant is None:
        return entry
    for newer in (declared, there):
        if newer is not None and value_at(newer, _GRANT) == grant:
            return host_document.with_token(entry, value_at(newer, _TOKEN))
    return host_document.with_token_of(there, entry) if rotates and there else None


# -- what differs


class ServerChange(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One server on one host. `fields`: JSON pointers of what differs; `values`: old and new of
    those that are public; `verified`: a test email went through with just this entry, or (`proof`)
    a sign-in did, or nothing but MAPS can."""

    name: str
    state: ServerState
    fields: list[str] = []
    values: dict[str, tuple[Any, Any]] = {}
    verified: bool = False
    proof: Outcome | None = None
    proven_at: str | None = None
    token_expires_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is to be done on a host. `document`: what it is to hold, with its new generation if
    `writes`; `may_apply`: the host has a way to apply, which this run may use; `unverified`: keys
    that are to be checked, `unchecked`: that this run does not check; `left_out`: a server that
    this run is not about is still unverified, so nothing is settled; `close`: files that others
    can read, "" for the folder."""

    now: Current
    document: HostDocument
    fingerprint: str | None
    servers: tuple[ServerChange, ...]
    writes: bool
    may_apply: bool
    unverified: tuple[str, ...]
    unchecked: tuple[str, ...]
    left_out: bool
    close: tuple[str, ...]
    checks: Mapping[str, Check]

    @property
    def applies(self) -> bool:
        """Whether MAPS is to take over what lies there in the end."""
        lies = self.fingerprint
        return self.may_apply and lies is not None and self.now.state.applied != lies

    @property
    def needed(self) -> bool:
        """Whether there is anything to do."""
        settles = self.now.pending and not self.unchecked and not self.left_out
        due = self.writes or self.applies or self.unverified or self.close or self.now.rekeyed
        return bool(due or settles)


def plan_host(now: Current, wanted: Wanted, *, may_apply: bool, at: float) -> Change:
    """What differs, and what is to be done; `at`: Unix seconds."""
    there = now.document.entries
    removed = _removed(now, wanted)
    entries = {key: entry for key, entry in there.items() if key not in removed}
    changes = {
        key: ServerChange(name=there[key]["server_name"], state="removed") for key in removed
    }
    for key in set(entries) - set(wanted.entries) - wanted.declared:
        changes[key] = ServerChange(name=there[key]["server_name"], state="orphaned")
    for key, entry in wanted.entries.items():
        entries[key], changes[key] = _compared(key, entry, now, wanted, at)
    writes = any(change.state in ("added", "changed", "removed") for change in changes.values())
    document = now.document
    if writes:
        generation = max(now.state.generations, now.document.generation) + 1
        document = HostDocument(generation, entries)
    unverified = [
        key
        for key in sorted(wanted.entries)
        if changes[key].state != "unchanged" or not _is_settled(key, now, wanted)
    ]
    unchecked = [key for key in unverified if wanted.checks.get(key) == "none"]
    ours = set(now.record.servers if now.record else ()) & wanted.declared & set(there)
    return Change(
        now=now,
        document=document,
        fingerprint=document.fingerprint(now.key) if writes else now.fingerprint,
        servers=tuple(changes[key] for key in sorted(changes)),
        writes=writes,
        may_apply=may_apply,
        unverified=tuple(key for key in unverified if key not in unchecked),
        unchecked=tuple(unchecked),
        left_out=not all(_is_settled(key, now, wanted) for key in ours - set(wanted.entries)),
        close=tuple(sorted(now.found.open)),
        checks=wanted.checks,
    )


def _known(entry: Entry, now: Current) -> ServerChange:
    """An entry as it is to stay, and what was verified of it."""
    proof = now.proof(key_of(entry))
    expires = value_at(entry, _TOKEN + "/expires_at")
    return ServerChange(
        name=entry["server_name"],
        state="unchanged",
        verified=proof is not None and proof.outcome == "sent",
        proof=proof.outcome if proof else None,
        proven_at=proof.at if proof else None,
        token_expires_at=expires if type(expires) is int else None,
    )


def _removed(now: Current, wanted: Wanted) -> frozenset[str]:
    there = frozenset(now.document.entries)
    if wanted.whole:
        return there - set(wanted.entries)
    ours = frozenset(now.record.servers if now.record else ())
    undeclared = there - wanted.declared - set(wanted.entries) if wanted.prune else frozenset()
    return (wanted.remove - set(wanted.entries) | undeclared) & ours & there


def _compared(
    key: str, entry: Entry, now: Current, wanted: Wanted, at: float
) -> tuple[Entry, ServerChange]:
    """(the entry to hold, what is said of it)."""
    name, there = entry["server_name"], now.document.entries.get(key)
    if there is None:
        return entry, ServerChange(name=name, state="added")
    fields = host_document.differing_fields(there, entry)
    if not fields and not _token_is_stale(key, entry, now, wanted, at):
        return there, _known(there, now)
    return entry, ServerChange(
        name=name,
        state="changed",
        fields=list(fields) or [_TOKEN],
        values={pointer: pair for pointer, pair in fields.items() if pair != (None, None)},
    )


def _token_is_stale(key: str, entry: Entry, now: Current, wanted: Wanted, at: float) -> bool:
    """Whether another token of the same grant is to replace the one there; a refresh alone is no
    reason. One that a person edited is not the one delivered; one that expired before anything
    was verified cannot be verified any more."""
    there = now.document.entries[key]
    if host_document.same_token(there, entry):
        return False
    if now.edited or wanted.whole:
        return True
    return host_document.is_expired(there, at) and not _is_settled(key, now, wanted)


def _is_settled(key: str, now: Current, wanted: Wanted) -> bool:
    """Whether what was verified of an entry is as much as this run asks for."""
    proof = now.proof(key)
    enough = {"sent", "unverifiable"}
    if wanted.checks.get(key) == "auth":
        enough.add("authenticated")
    return proof is not None and proof.outcome in enough
