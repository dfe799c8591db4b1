"""Replacing the document so that a kill at any moment is seen, and mended, by the next run.

Before the one rename, state.json gets a transaction: from which document, to which, and the
record as it is to be after it. Which of the two documents then lies there tells the next run
whether the rename took place.
"""

from __future__ import annotations

import time
from contextlib import suppress

from .maps_document import digest
from .maps_record import Record
from .maps_refusal import Refusal

DOCUMENT = "email-servers.json"
PREDECESSOR = "email-servers.previous.json"
RECORD = "state.json"

_STAGED = DOCUMENT + ".new"
_SET_ASIDE = DOCUMENT + ".old"
_RECORD_STAGED = RECORD + ".new"
_RECORD_BROKEN = RECORD + ".unreadable"


class Journal:
    """The record of one folder, and the replacement of its document."""

    def __init__(self, folder, run_id, owner):
        self._folder = folder
        self._who = {"run_id": run_id, "owner": owner}
        self.moved = False  # whether the document was replaced: a Refusal before that is safe

    # -- the record

    def record(self):
        """The record as it is written; a blank one if there is none, or none of this version."""
        data = self._folder.read(RECORD) if self._folder.exists() else None
        return (Record.parsed(data) if data is not None else None) or Record()

    def mended_record(self):
        """The record as `mend` would leave it; writes nothing."""
        record = self.record()
        return self._gone_on(record) if record["transaction"] else record

    def write(self, record):
        """Write the record, whole and durable."""
        self._folder.write(_RECORD_STAGED, record.serialised())
        self._folder.move(_RECORD_STAGED, RECORD)

    # -- the replacement

    def replace(self, before, after, data, old, set_aside=None):
        """The one moment: `before` and `old` up to it, `after` and `data` from it on.

        None for `data` removes the document. `set_aside` becomes the predecessor.
        """
        try:
            self._prepare(before, after, data, old, set_aside)
        except Refusal:
            self._folder.remove(_STAGED, _SET_ASIDE, _RECORD_STAGED)
            raise
        moved_before, self.moved = self.moved, True
        try:
            self._put(data)
        except Refusal:
            self._drop_if_unmoved(old, moved_before)
            raise
        self._finish(after)

    def _put(self, data):
        if data is None:
            self._folder.remove(DOCUMENT)
        else:
            self._folder.move(_STAGED, DOCUMENT)

    def _drop_if_unmoved(self, old, moved_before):
        """Where the old document still lies, as if nothing had begun: somebody may keep it open."""
        with suppress(Refusal):  # what went wrong first is what is to be said
            if digest_of(self._folder.read(DOCUMENT)) == digest_of(old):
                self.moved = moved_before
                self.mend()

    def mend(self):
        """Finish, or drop, a replacement that was interrupted; needs the lock."""
        self._put_aside_broken_record()
        record = self.record()
        if record["transaction"]:
            after = self._gone_on(record)
            if not self._took_place(record):
                self._folder.remove(_SET_ASIDE)
            self._finish(after)
        self._folder.remove(_STAGED, _SET_ASIDE, _RECORD_STAGED)

    def _prepare(self, before, after, data, old, set_aside):
        if data is not None:
            self._folder.write(_STAGED, data)
        if set_aside is not None:
            self._folder.write(_SET_ASIDE, set_aside)
        transaction = {
            "began": now(),
            "from": digest_of(old),
            "to": digest_of(data),
            "after": after.content,
        }
        self.write(before.but(transaction=dict(transaction, **self._who)))

    def _finish(self, after):
        if self._folder.has(_SET_ASIDE):
            self._folder.move(_SET_ASIDE, PREDECESSOR)
        self.write(after)
        if after["predecessor"] is None:
            self._folder.remove(PREDECESSOR)

    def _gone_on(self, record):
        after = Record(record["transaction"]["after"])
        if self._took_place(record):
            return after
        # The generation of a dropped replacement is used up all the same.
        return record.but(transaction=None, generations=after["generations"])

    def _took_place(self, record):
        transaction = record["transaction"]
        there = digest_of(self._folder.read(DOCUMENT))
        if there in (transaction["from"], transaction["to"]):
            return there == transaction["to"]
        return not self._folder.has(_STAGED)  # edited by hand meanwhile: before or after it?

    def _put_aside_broken_record(self):
        data = self._folder.read(RECORD)
        if data is not None and Record.parsed(data) is None:
            self._folder.move(RECORD, _RECORD_BROKEN)


def digest_of(data):
    """The digest of a document's bytes; None if there is no document."""
    return digest(data) if data is not None else None


def now():
    """The time as it is written down."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
