"""state.json: the controller's memory of a host, kept by the host. Pure.

It has a record for each document that may lie there, found by the document's fingerprint; so at
each moment of a delivery it describes whatever lies there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from provisioner.host.host_document import Damaged, require_version
from provisioner.host.protocol import Name

SCHEMA_VERSION = 1

# With its length: `$` alone lets a line end follow, and JSON Schema knows no `\Z`.
Fingerprint = Annotated[str, Meta(pattern=r"^[0-9a-f]{32}$", max_length=32)]
Number = Annotated[int, Meta(ge=0, lt=2**53)]
Text = Annotated[str, Meta(max_length=400)]
Outcome = Literal["sent", "authenticated", "unverifiable"]


class Proof(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was verified: the entry with this fingerprint, when, by which run."""

    fingerprint: Fingerprint
    outcome: Outcome
    at: Text
    run_id: Text


class ServerRecord(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A server that this tool delivered: so it may remove it."""

    name: Text
    proof: Proof | None = None


class Previous(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The archive to go back to, and the fingerprint of its document."""

    file: Name
    fingerprint: Fingerprint


class DeliveryRecord(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who delivered a document, when. `settled`: all that was to be verified is."""

    run_id: Text
    owner: Text
    commit: Text | None
    at: Text
    settled: bool


class DocumentRecord(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of one document."""

    generation: Number
    previous: Previous | None
    delivery: DeliveryRecord
    servers: dict[Text, ServerRecord]


class Entered(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person typed into the dialog of MAPS for one server, and who says so.

    `entry`: the masked entry, without its tokens, of which MAPS has its own (host/to_enter.py);
    None: the server was removed there.
    """

    entry: dict[str, Any] | None
    at: Text
    by: Text
    note: Text = ""
    run_id: Text


# The newest last; the one before it is what an undo leaves.
Entries = Annotated[list[Entered], Meta(min_length=1, max_length=2)]


class State(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file. `generations`: the highest number used so far; `applied`: the document that
    MAPS last took over; `document`: the last one that we left there; `entered`: by key of the
    server, what MAPS has of it by a person's word, whatever document lies there."""

    schema_version: Literal[1] = 1
    key_id: Text
    generations: Number = 0
    applied: Fingerprint | None = None
    document: Fingerprint | None = None
    records: dict[Fingerprint, DocumentRecord] = {}
    entered: dict[Text, Entries] = {}

    def text(self) -> str:
        return msgspec.json.format(msgspec.json.encode(self), indent=1).decode() + "\n"

    def record(self, document: str | None) -> DocumentRecord | None:
        """The record of the document with this fingerprint; of one that a person edited, that of
        the document that we left there, which then counts as settled."""
        if document in self.records:
            return self.records[document]
        known = self.records.get(self.document) if self.document else None
        return known and replace(known, delivery=replace(known.delivery, settled=True))

    def with_document(self, fingerprint: str, record: DocumentRecord, keep: Iterable[str]) -> State:
        """With one more document, as it is delivered; `keep`: whose records are still needed."""
        records = {key: self.records[key] for key in keep if key in self.records}
        return replace(
            self,
            generations=max(self.generations, record.generation),
            document=fingerprint,
            records={**records, fingerprint: record},
        )

    def with_record(self, fingerprint: str, record: DocumentRecord) -> State:
        """With the record of one document replaced."""
        return replace(self, records={**self.records, fingerprint: record})

    def with_entered(self, entered: Mapping[str, Entered]) -> State:
        """With one more record of what a person typed in, for each of these servers."""
        added = {key: [*self.entered.get(key, [])[-1:], one] for key, one in entered.items()}
        return replace(self, entered={**self.entered, **added})

    def without_entered(self, keys: Iterable[str]) -> State:
        """Without the newest record of each of these servers."""
        left = {key: list(self.entered.get(key, [])[:-1]) for key in keys}
        kept = {key: records for key, records in {**self.entered, **left}.items() if records}
        return replace(self, entered=kept)

    def without_other_archives(self) -> State:
        """Once archives of before its document are removed: no record names one of them."""
        records = {
            key: record if key == self.document else replace(record, previous=None)
            for key, record in self.records.items()
        }
        return replace(self, records=records)

    def proven(self, proofs: Mapping[str, Proof], *, settle: bool) -> State:
        """With these proofs of its document, by key of the server."""
        record = self.records.get(self.document or "")
        if record is None:
            return self
        servers = {
            key: replace(known, proof=proofs.get(key, known.proof))
            for key, known in record.servers.items()
        }
        delivery = replace(record.delivery, settled=record.delivery.settled or settle)
        record = replace(record, servers=servers, delivery=delivery)
        return self.with_record(self.document or "", record)


def parse(text: str | None) -> State:
    """The state of a file's text; Damaged if this version cannot keep it."""
    try:
        content = msgspec.json.decode((text or "").encode(), type=dict[str, msgspec.Raw])
        require_version(msgspec.json.decode(content["schema_version"]), SCHEMA_VERSION)
        state = msgspec.json.decode((text or "").encode(), type=State)
    except (msgspec.DecodeError, UnicodeEncodeError, KeyError, RecursionError):
        raise Damaged("it is not the state of a host") from None
    if state.document is not None and state.document not in state.records:
        raise Damaged("it contradicts itself")
    return state


def rekeyed(state: State, key_id: str, document: str | None, previous: str | None) -> State:
    """The state under another key: fingerprints of before are of no use.

    What lies there (`document`, fingerprint under the new key) takes over the record of the
    document that we left, whose proofs fit nothing any more; `previous`: that of its archive.
    """
    known = state.records.get(state.document) if state.document else None
    blank = replace(state, key_id=key_id, records={}, document=None, applied=None)
    if known is None or document is None:
        return blank
    archive = known.previous if known.previous and previous else None
    record = replace(
        known,
        previous=archive and replace(archive, fingerprint=previous),
    )
    applied = document if state.applied == state.document else None
    return replace(blank, records={document: record}, document=document, applied=applied)
