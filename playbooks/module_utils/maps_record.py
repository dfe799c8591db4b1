"""state.json: what the host remembers of its document, and the journal of what is under way."""

from __future__ import annotations

import json

from .maps_document import digest, entry_digest, key_of

SCHEMA_VERSION = 1


class Record:
    """What state.json says. Every change is made on a copy and written as one whole file.

    document       digest of the document as this tool left it; None: there is none
    applied        digest of the document that maps_apply_command last took
    generations    the highest generation ever used here, also by what was taken back
    predecessor    digest, generation and the records of the document before
    delivery       run_id, owner, time of the last delivery; settled: no mail is due any more
    servers        key -> delivered (digest of the entry), proof (digest, outcome, at, run_id)
    transaction    the journal: a replacement that has begun, and the record after it
    """

    def __init__(self, content=None):
        self.content = dict(_BLANK, **(content or {}))

    @classmethod
    def parsed(cls, data):
        """The record in a file's bytes; None if it is none of this version's."""
        try:
            content = json.loads(data.decode("utf-8"))
        except ValueError:
            return None
        if not isinstance(content, dict) or content.get("schema_version") != SCHEMA_VERSION:
            return None
        return cls(content) if _BLANK.keys() <= content.keys() else None

    def serialised(self):
        """The bytes to write."""
        return (json.dumps(self.content, indent=2, sort_keys=True) + "\n").encode("ascii")

    def __getitem__(self, name):
        return self.content[name]

    def but(self, **changes):
        """The same with some things changed."""
        return Record(dict(self.content, **changes))

    # -- what it says of servers

    def is_ours(self, key):
        """Whether this tool has put that server there."""
        return key in self["servers"]

    def is_verified(self, entry):
        """Whether a mail went through with exactly this entry."""
        return self._proof(entry) == "sent"

    def is_settled(self, entry):
        """Verified, or known to be beyond proof."""
        return self._proof(entry) in ("sent", "unprovable")

    def was_edited(self, key, entry):
        """Whether the entry differs from what was delivered (False if that is not known)."""
        delivered = (self["servers"].get(key) or {}).get("delivered")
        return delivered is not None and delivered != entry_digest(entry)

    def _proof(self, entry):
        proof = (self["servers"].get(key_of(entry)) or {}).get("proof")
        return proof["outcome"] if proof and proof["digest"] == entry_digest(entry) else None

    # -- what it becomes

    def settled(self):
        """The same, with the last delivery seen through."""
        return self.but(delivery=dict(self["delivery"], settled=True))

    def with_proof(self, entry, outcome, at, run_id):
        """The same with the proof of one entry."""
        key = key_of(entry)
        proof = {"digest": entry_digest(entry), "outcome": outcome, "at": at, "run_id": run_id}
        known = dict(self["servers"].get(key) or {"delivered": None}, proof=proof)
        return self.but(servers=dict(self["servers"], **{key: known}))

    def after_delivery(self, data, changed, kept_keys, delivery, predecessor):
        """The record once the document is `data`."""
        servers = {k: v for k, v in self["servers"].items() if k in kept_keys}
        for entry in changed:
            known = servers.get(key_of(entry)) or {"proof": None}
            servers[key_of(entry)] = dict(known, delivered=entry_digest(entry))
        return self.but(
            document=digest(data),
            applied=None,
            generations=delivery["generation"],
            predecessor=predecessor,
            delivery=delivery,
            servers=servers,
            transaction=None,
        )


_BLANK = {
    "schema_version": SCHEMA_VERSION,
    "document": None,
    "applied": None,
    "generations": 0,
    "predecessor": None,
    "delivery": None,
    "servers": {},
    "transaction": None,
}
