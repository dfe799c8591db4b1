"""state.json: what the host remembers of its document, and the journal of what is under way."""

from __future__ import annotations

import json

from .maps_document import digest, entry_digest, key_of

SCHEMA_VERSION = 1

# What a mail proves ("sent"), and what nobody but MAPS could ("unprovable").
FULL_PROOFS = ("sent", "unprovable")


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
        except (ValueError, RecursionError):
            return None
        return cls(content) if _is_record(content) else None

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

    def is_settled(self, entry, accepted=FULL_PROOFS):
        """Verified, or known to be beyond proof; `accepted`: the proofs that count."""
        return self._proof(entry) in accepted

    def was_edited(self, key, entry):
        """Whether the entry differs from what was delivered (False if that is not known)."""
        delivered = (self["servers"].get(key) or {}).get("delivered")
        return delivered is not None and delivered != entry_digest(entry)

    def _proof(self, entry):
        proof = (self["servers"].get(key_of(entry)) or {}).get("proof")
        return proof["outcome"] if proof and proof["digest"] == entry_digest(entry) else None

    # -- what it becomes

    def given_back(self, data, applied, renewed):
        """The record once the document is the predecessor's; `renewed`: entries unlike its own."""
        servers = dict(self["predecessor"]["servers"])
        for entry in renewed:
            known = servers.get(key_of(entry)) or {"proof": None}
            servers[key_of(entry)] = dict(known, delivered=entry_digest(entry))
        return self.but(
            document=digest(data), applied=applied, predecessor=None, delivery=None, servers=servers
        )

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


def _is_record(content):
    """Whether this is what `serialised` writes: the host's own file may have been edited."""
    if not _has(content, _KINDS) or content["schema_version"] != SCHEMA_VERSION:
        return False
    if not 0 <= content["generations"] < 2**53:
        return False
    parts = ((content["predecessor"], _PREDECESSOR), (content["delivery"], _DELIVERY))
    if not all(part is None or _has(part, kinds) for part, kinds in parts):
        return False
    lists = [content["servers"], (content["predecessor"] or {}).get("servers", {})]
    if not all(_is_known(known) for servers in lists for known in servers.values()):
        return False
    transaction = content["transaction"]
    if transaction is None:
        return True
    return _has(transaction, _TRANSACTION) and _is_record(transaction["after"])


def _is_known(known):
    proof = known.get("proof") if isinstance(known, dict) else False
    return proof is None or _has(proof, _PROOF)


def _has(content, kinds):
    """Whether `content` is an object in which each name of `kinds` is of its kind."""
    return isinstance(content, dict) and all(
        name in content and _is_of_kind(content[name], kind) for name, kind in kinds.items()
    )


def _is_of_kind(value, kind):
    """isinstance, but for a bool, which is no number here as it is none in JSON."""
    return isinstance(value, kind) and (kind is not int or not isinstance(value, bool))


_TEXT_OR_NONE = (str, type(None))
_OBJECT_OR_NONE = (dict, type(None))
_KINDS = {
    "schema_version": int,
    "document": _TEXT_OR_NONE,
    "applied": _TEXT_OR_NONE,
    "generations": int,
    "predecessor": _OBJECT_OR_NONE,
    "delivery": _OBJECT_OR_NONE,
    "servers": dict,
    "transaction": _OBJECT_OR_NONE,
}
_PREDECESSOR = {"digest": str, "servers": dict, "applied": _TEXT_OR_NONE}
_DELIVERY = {"run_id": str, "owner": str, "settled": bool}
_PROOF = {"digest": str, "outcome": str, "at": str, "run_id": str}
_TRANSACTION = {"from": _TEXT_OR_NONE, "to": _TEXT_OR_NONE, "after": dict}
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
