"""What lies on one MAPS host, and how a delivery differs from it; writes nothing at all.

A check run needs this alone: each module of ours is compiled anew at each call on each host.
"""

from __future__ import annotations

import time

from .maps_comparison import compare
from .maps_document import parsed
from .maps_folder import PrivateFolder
from .maps_journal import DOCUMENT, PREDECESSOR, RECORD, Journal, digest_of


class View:
    """What was found on the host, compared with a delivery."""

    def __init__(self, record, data, generation, entries, comparison, mailed):
        self.record, self.data, self.generation = record, data, generation
        self.entries, self.comparison = entries, comparison
        names = {name.casefold() for name in mailed}
        self.due = any(name.casefold() in names for name in comparison.unproven)
        self.edited_by_hand = digest_of(data) != record["document"]
        self.too_open = []
        self.unapplied = False
        self.apply = None

    @property
    def pending(self):
        """Whether what lies there was delivered, but its mails were never seen through.

        It is no document to go back to: the one before it stays the predecessor.
        """
        delivery = self.record["delivery"]
        return bool(delivery) and not delivery["settled"] and not self.edited_by_hand


class Reader:
    """The documents of one host, as `run_id` finds them."""

    def __init__(self, directory, run_id, owner, group=None, apply_command=None):
        self._folder = PrivateFolder(directory, group)
        self._journal = Journal(self._folder, run_id, owner)
        self._run_id = run_id
        self._apply_command = apply_command
        self.renewed = []  # servers whose tokens were kept when an old document was given back

    @property
    def moved(self):
        """Whether the document was replaced in this run: a Refusal after that leaves doubts."""
        return self._journal.moved

    def document(self):
        """(bytes, generation, entries) of the document there; bytes None if there is none."""
        data = self._folder.read(DOCUMENT) if self._folder.exists() else None
        if data is None:
            return None, 0, []
        return (data, *parsed(data, self._folder.place(DOCUMENT)))

    def compared(self, delivery, print_key=None):
        """What `deliver` would do, as its result; writes nothing at all.

        With a `print_key` the delivery holds no secret, and the result has prints of those here.
        """
        view = self._view(delivery, self._journal.mended_record(), print_key)
        differs = view.comparison.writes or view.unapplied or view.too_open
        return self._result(view, "changed" if differs else "unchanged")

    def _view(self, delivery, record, print_key=None):
        data, generation, entries = self.document()
        comparison = compare(delivery, entries, record, time.time(), print_key)
        view = View(record, data, generation, entries, comparison, delivery["mails"])
        view.unapplied = self._is_unapplied(data, record)
        if self._folder.exists():
            view.too_open = self._folder.too_open((DOCUMENT, PREDECESSOR, RECORD))
        return view

    def _is_unapplied(self, data, record):
        if not self._apply_command or data is None:
            return False
        return record["applied"] != digest_of(data)

    def _result(self, view, state):
        return {
            "phase": "deliver",
            "generation": view.generation if view.data is not None else None,
            "state": state,
            "servers": view.comparison.report,
            "data": view.data,
            "apply_exit": view.apply.code if view.apply else None,
            "apply_output": view.apply.output if view.apply else "",
            "mails_needed": view.comparison.unproven,
            "restorable": self._may_take_back(view.record),
            "renewed": self.renewed,
            "edited_by_hand": view.edited_by_hand,
            "tightened": view.too_open,
        }

    def _may_take_back(self, record):
        delivery = record["delivery"]
        return bool(delivery) and delivery["run_id"] == self._run_id and not delivery["settled"]
