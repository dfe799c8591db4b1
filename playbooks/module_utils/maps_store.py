"""The transaction on one MAPS host: read, compare, stage, archive, replace, apply, record.

Whatever happens at whatever moment, the host has its old document or the new one, whole; the
record says which, and the next run goes on from there.
"""

from __future__ import annotations

from contextlib import contextmanager

from . import maps_command, maps_lease
from .maps_document import key_of, parsed, secrets_of, serialised, token_expiry
from .maps_journal import DOCUMENT, PREDECESSOR, digest_of, now
from .maps_reader import Reader
from .maps_record import FULL_PROOFS
from .maps_refusal import Refusal
from .maps_rollback import kept_alive, rolled_back_entries
from .maps_turn import Turn

_PROVABLE = ("delivered", "applied", "unchanged")  # a result after which mails are sent


class Store(Reader):
    """The documents of one host, and who works on them (`run_id`, `owner`) in this run."""

    def __init__(
        self,
        directory,
        run_id,
        owner,
        group=None,
        apply_command=None,
        apply_timeout=300,
        lock_wait=10,
        lease=None,
    ):
        super().__init__(directory, run_id, owner, group, apply_command)
        seconds = maps_lease.SECONDS + apply_timeout
        self._lease = maps_lease.Lease(self._folder, lease, run_id, owner, seconds)
        self._turn = Turn(self._folder, self._lease, run_id, owner, lock_wait)
        self._commit = (lease or {}).get("commit")
        self._owner = owner
        self._apply_timeout = apply_timeout
        self._rotating = ()
        self.problem = ""  # why taking back did not succeed

    # -- what a run may ask for

    def deliver(self, delivery):
        """Bring the document to the declared state, and MAPS with it."""
        self._rotating = delivery.get("rotating") or ()
        self._folder.make()
        with self._working() as work:
            view = self._view(delivery, self._journal.record())
            self._folder.tighten(view.too_open)
            result = self._brought(view)
            work.goes_on = _goes_on(result, delivery)
            return result

    def _brought(self, view):
        if view.comparison.writes:
            self._replace(view)
        else:
            self._take_over(view)
        if view.unapplied:
            return self._applied(view)
        return self._result(view, "delivered" if view.comparison.writes else "unchanged")

    def roll_back(self, delivery):
        """Bring back what the host had before its last delivery, as a new generation.

        `delivery`: tokens (server_name -> the token now valid), rotating (servers whose refresh
        token its provider replaces), mails (names that have an envelope).
        """
        self._rotating = delivery["rotating"]
        if not self._folder.exists():
            raise _no_predecessor()
        with self._working() as work:
            view = self._backward(delivery, self._journal.record())
            result = dict(self._brought(view), phase="rollback")
            work.goes_on = _goes_on(result, delivery)
            return result

    def rolled_back(self, delivery):
        """What `roll_back` would do, as its result; writes nothing at all."""
        view = self._backward(delivery, self._journal.mended_record())
        differs = view.comparison.writes or view.unapplied
        return dict(self._result(view, "changed" if differs else "unchanged"), phase="rollback")

    def restore(self, rotating=()):
        """Take back what this run has delivered. -> "restored", or "unknown" (see `problem`).

        The entries of `rotating` keep the tokens that were delivered: `renewed` names them then.
        """
        self._rotating = rotating
        with self._working():
            record = self._journal.record()
            if not self._may_take_back(record):
                raise Refusal("not_ours", "this run delivered nothing here that it could take back")
            if digest_of(self._folder.read(DOCUMENT)) != record["document"]:
                raise Refusal("edited", "the document was edited by hand since it was delivered")
            return self._taken_back(record, touched_maps=True)

    def record_proofs(self, proofs, needed, accepted=FULL_PROOFS, last=True):
        """Remember what was proven: (entry, "sent", "authenticated" or "unprovable") each.

        The delivery stands once each server of `needed` has one of the `accepted` proofs; until
        then the document before stays the one to go back to. Not `last`: if this run may take its
        delivery back, it may be about to.
        """
        with self._working() as work:
            record = self._journal.record()
            work.goes_on = not last and self._may_take_back(record)
            there = self.document()[2]
            for entry, outcome in proofs:
                if entry in there:
                    record = record.with_proof(entry, outcome, now(), self._run_id)
            due = {name.casefold() for name in needed}
            waiting = [e for e in there if key_of(e) in due and not record.is_settled(e, accepted)]
            if not waiting and self._may_take_back(record):
                record = record.settled()
            self._journal.write(record)

    def renew_lease(self):
        """Keep others away for the whole of what is about to begin; Refusal if one is at work.

        A full disk is no reason against: what follows may yet be to look.
        """
        try:
            with self._working() as work:
                work.goes_on = True
        except Refusal as refusal:
            if refusal.reason == "locked":
                raise

    def release_lease(self):
        """End our own: nothing of this run follows."""
        with self._turn.locked():
            self._lease.release()

    def unlock(self, force):
        """End a lease: our own, or with `force` anybody's. -> (state, the lease that was there)."""
        if not self._folder.exists():
            return "free", None
        with self._turn.locked():
            there = self._lease.current()
            if self._lease.of_another() and not force:
                return "held", there
            self._lease.remove()
            return ("unlocked" if there else "free"), there

    def predecessor(self):
        """key -> entry of the document that `restore` would give back; empty if there is none."""
        record = self._journal.mended_record()
        data = self._folder.read(PREDECESSOR) if self._may_take_back(record) else None
        if data is None or digest_of(data) != (record["predecessor"] or {}).get("digest"):
            return {}
        return {key_of(entry): entry for entry in parsed(data, self._folder.place(PREDECESSOR))[1]}

    def probe(self):
        """What is there, since when, from whom, proven when; writes nothing at all."""
        record = self._journal.mended_record()
        data, generation, entries = self.document()
        return {
            "phase": "probe",
            "generation": generation if data is not None else None,
            "edited_by_hand": digest_of(data) != record["document"],
            "applied": data is not None and record["applied"] == digest_of(data),
            "delivery": record["delivery"],
            "lease": maps_lease.shown(self._lease.current()),
            "leftovers": self._folder.strangers(),
            "servers": {entry["server_name"]: _probed(entry, record) for entry in entries},
        }

    @contextmanager
    def _working(self):
        """Have the host for ourselves, with the journal mended."""
        with self._turn.taken() as work:
            self._journal.mend()
            yield work

    # -- looking

    def _backward(self, delivery, record):
        """The view of a rollback: a delivery of just what is archived, with tokens that work."""
        archived = self._archived(record)
        current = self.document()[2]
        entries = rolled_back_entries(archived, current, delivery)
        backward = {"entries": entries, "remove": [], "declared": None, "mails": delivery["mails"]}
        return self._view(dict(backward, whole=True), record)

    def _archived(self, record):
        known = record["predecessor"] if self._folder.exists() else None
        if known is None:
            raise _no_predecessor()
        data = self._folder.read(PREDECESSOR)
        if data is None or digest_of(data) != known["digest"]:
            raise Refusal("archive", "the predecessor here is not the one that was archived")
        return parsed(data, self._folder.place(PREDECESSOR))[1]

    # -- writing

    def _replace(self, view):
        """Replace the document; `view` then shows the host as it is."""
        generation = max(view.record["generations"], view.generation) + 1
        data = serialised(generation, view.comparison.entries)
        after = view.record.after_delivery(
            data,
            _changed(view),
            {key_of(entry) for entry in view.comparison.entries},
            self._delivery(generation, view),
            view.record["predecessor"] if view.pending else _predecessor(view),
        )
        set_aside = None if view.pending else view.data
        self._journal.replace(view.record, after, data, view.data, set_aside)
        view.record, view.data, view.generation = after, data, generation
        view.unapplied = self._is_unapplied(data, after)

    def _delivery(self, generation, view):
        return {
            "run_id": self._run_id,
            "owner": self._owner,
            "commit": self._commit,
            "at": now(),
            "generation": generation,
            "settled": not view.due and not self._apply_command,
        }

    def _take_over(self, view):
        """An interrupted delivery of just this document is from now on this run's."""
        if view.pending and (view.comparison.unproven or view.unapplied):
            taken = dict(view.record["delivery"], run_id=self._run_id, owner=self._owner)
            view.record = view.record.but(delivery=taken)
            self._journal.write(view.record)

    # -- applying

    def _applied(self, view):
        view.apply = self._run_apply(view.entries + view.comparison.entries)
        if view.apply.code == 0:
            view.record = view.record.but(applied=digest_of(view.data))
            if self._may_take_back(view.record) and not view.due:
                view.record = view.record.settled()
            self._journal.write(view.record)
            return self._result(view, "applied")
        if not self._may_take_back(view.record):
            return self._result(view, "unknown" if view.apply.started else "refused")
        state = self._taken_back(view.record, touched_maps=view.apply.started)
        view.data, view.generation, _ = self.document()
        view.record = self._journal.record()
        return self._result(view, state)

    def _run_apply(self, entries):
        argv = [*self._apply_command, self._folder.place(DOCUMENT)]
        # A run that is killed leaves the command behind: the next one must not apply beside it.
        with self._folder.lent("maps_apply_command") as lock:
            return maps_command.run(argv, self._apply_timeout, secrets_of(entries), lock)

    # -- taking back

    def _taken_back(self, record, touched_maps):
        """ "restored" once host and MAPS have what they had before, byte for byte; else "unknown".

        `touched_maps`: the apply command has run with what is taken back.
        """
        try:
            if record["predecessor"] is None:
                return self._removed(record, touched_maps)
            return self._given_back(record, touched_maps)
        except Refusal as refusal:
            self.problem = refusal.message
            return "unknown"

    def _given_back(self, record, touched_maps):
        predecessor = record["predecessor"]
        old = self._folder.read(PREDECESSOR)
        if digest_of(old) != predecessor["digest"]:
            raise Refusal("archive", "the predecessor here is not the one that was archived")
        there = self._folder.read(DOCUMENT)
        data, renewed = self._with_tokens_kept(old, there, record)
        applied = None if touched_maps or renewed else predecessor["applied"]
        after = record.given_back(data, applied, renewed)
        if renewed:
            after = after.but(generations=record["generations"] + 1)
        self._journal.replace(record, after, data, there)
        return self._applied_again(after, data, touched_maps)

    def _with_tokens_kept(self, old, there, record):
        """(the document to give back, its entries that have another token than they had)."""
        if not self._rotating:
            return old, []  # byte for byte
        archived, current = parsed(old, PREDECESSOR)[1], parsed(there, DOCUMENT)[1]
        entries, renewed = kept_alive(archived, current, self._rotating)
        self.renewed = [entry["server_name"] for entry in renewed]
        return (serialised(record["generations"] + 1, entries) if renewed else old), renewed

    def _removed(self, record, touched_maps):
        """There was no document before. MAPS is told so by an empty one, then that goes, too."""
        state, there, before = "restored", self._folder.read(DOCUMENT), record
        after = record.but(delivery=None, servers={})
        if self._apply_command and touched_maps:
            generation = record["generations"] + 1
            empty = serialised(generation, [])
            after = after.but(document=digest_of(empty), applied=None, generations=generation)
            self._journal.replace(record, after, empty, there)
            state = self._applied_again(after, empty, touched_maps)
            there, before = empty, after
        self._journal.replace(before, after.but(document=None, applied=None), None, there)
        return state

    def _applied_again(self, record, data, touched_maps):
        if not self._apply_command or not touched_maps:
            return "restored"
        if self._run_apply(parsed(data, DOCUMENT)[1]).code != 0:
            return "unknown"
        self._journal.write(record.but(applied=digest_of(data)))
        return "restored"


def _goes_on(result, delivery):
    """Whether this run comes back to prove what lies there now."""
    checked = {name.casefold() for name in delivery.get("checked", delivery["mails"])}
    needed = {name.casefold() for name in result["mails_needed"]}
    return result["state"] in _PROVABLE and bool(checked & needed)


def _no_predecessor():
    words = "this host has no document of before: there is nothing to go back to"
    return Refusal("no_predecessor", words)


def _changed(view):
    """The entries that this delivery puts there."""
    report = view.comparison.report
    return [
        entry
        for entry in view.comparison.entries
        if report.get(entry["server_name"], {}).get("state") in ("added", "changed")
    ]


def _predecessor(view):
    if view.data is None:
        return None
    digest = digest_of(view.data)
    return {
        "digest": digest,
        "generation": view.generation,
        "servers": view.record["servers"],
        "applied": digest if view.record["applied"] == digest else None,
    }


def _probed(entry, record):
    proof = (record["servers"].get(key_of(entry)) or {}).get("proof")
    return {
        "verified": record.is_verified(entry),
        "proof": {name: proof[name] for name in ("outcome", "at", "run_id")} if proof else None,
        "token_expires_at": token_expiry(entry),
    }
