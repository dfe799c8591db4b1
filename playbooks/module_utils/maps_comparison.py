"""How a delivery differs from what a host has. Pure: decides, and touches nothing."""

from __future__ import annotations

import json

from .maps_document import at, key_of, token_expiry
from .maps_prints import prints_of, withheld
from .maps_record import FULL_PROOFS

# Only these may appear with their values in a result: everything else is, or may be, a secret.
_SHOWN = frozenset(
    (
        "/server_name",
        "/host",
        "/port",
        "/client_name",
        "/maximum_emails_per_minute",
        "/smtp_security_level",
        "/use_tls",
        "/user_name",
        "/oauth2/access_token_url",
        "/oauth2/authorization_url",
        "/oauth2/client_id",
        "/oauth2/login_hint",
        "/oauth2/prompt",
        "/oauth2/refresh_token_url",
        "/oauth2/scope_for_authorize",
        "/oauth2/scope_for_token",
        "/oauth2/use_https_on_callback",
        "/logging/enabled",
        "/logging/file_name",
    )
)
_GRANT, _TOKEN = "/oauth2/token", ("oauth2", "token")
_WRITTEN = frozenset(("added", "changed", "removed"))


class Comparison:
    """How a delivery differs from what a host has."""

    def __init__(self, report, entries, writes, unproven):
        self.report = report  # server_name -> what the result says of it
        self.entries = entries  # what the document is to hold
        self.writes = writes  # whether that differs from what it holds
        self.unproven = unproven  # names of the delivery without a proof


def compare(delivery, current, record, now, print_key=None):
    """Compare a delivery with the entries on the host and with what `record` knows of them.

    A `whole` delivery is all that is to be there, whoever put the rest there.
    With a `print_key` the delivery's secrets are withheld, and the report prints those held here.
    """
    ours = {key_of(entry): entry for entry in delivery["entries"]}
    removed = {name.casefold() for name in delivery["remove"]} - set(ours)
    if delivery.get("prune"):
        removed |= _undeclared(current, delivery)
    theirs = {key_of(entry): entry for entry in current}
    known = _Known(record, now, delivery.get("accepted") or FULL_PROOFS)
    report, entries, unproven = {}, [], []
    for key, entry in theirs.items():
        if (key not in ours and delivery.get("whole")) or (key in removed and record.is_ours(key)):
            report[entry["server_name"]] = _said("removed")
        elif key not in ours:
            entries.append(entry)
            report.update(_orphaned(entry, key, delivery))
    for key, entry in ours.items():
        kept, said = _compared(entry, theirs.get(key), known, print_key)
        entries.append(kept)
        report[entry["server_name"]] = said
        if said["state"] != "unchanged" or not known.is_settled(kept):
            unproven.append(entry["server_name"])
    writes = any(said["state"] in _WRITTEN for said in report.values())
    return Comparison(report, entries, writes, sorted(unproven, key=str.casefold))


class _Known:
    """What the host remembers of its entries; `accepted`: the proofs that count in this run."""

    def __init__(self, record, now, accepted):
        self._record, self._now, self._accepted = record, now, accepted

    def is_settled(self, entry):
        """Whether nothing is to be proven of it any more."""
        return self._record.is_settled(entry, self._accepted)

    def unchanged(self, entry):
        """What is said of an entry that stays."""
        return _said("unchanged", verified=self._record.is_verified(entry))

    def token_is_spent(self, entry):
        """Whether another token of the same grant is to replace this one.

        One that somebody edited on the host is not the one delivered, and an expired one that was
        never proven cannot be proven any more.
        """
        if self._record.was_edited(key_of(entry), entry):
            return True
        expires = token_expiry(entry)
        return not self.is_settled(entry) and expires is not None and expires <= self._now


def _compared(entry, existing, known, print_key):
    """(the entry to keep, what is said of it)."""
    if existing is None:
        return entry, _said("added")
    if print_key is not None:
        return _compared_without_secrets(entry, existing, known, print_key)
    differing = _differing_fields(existing, entry)
    if not differing and not _token_is_stale(existing, entry, known):
        return existing, known.unchanged(existing)
    return entry, _changed(differing)


def _compared_without_secrets(entry, existing, known, print_key):
    """The same of all but secrets: of those, what the controller needs to finish it."""
    shown = withheld(existing)
    differing = _differing_fields(shown, entry)
    kept, said = existing, known.unchanged(existing)
    if differing:
        kept, said = entry, _changed(differing)
    due = None
    if known.token_is_spent(existing):
        due = "other" if at(shown, _TOKEN) != at(entry, _TOKEN) else "if_other"
    return kept, dict(said, held=prints_of(existing, print_key), token_due=due)


def _changed(differing):
    shown = {pointer: pair for pointer, pair in differing.items() if pointer in _SHOWN}
    values = {pointer: [_printable(value) for value in pair] for pointer, pair in shown.items()}
    return _said("changed", sorted(differing) or [_GRANT], values)


def _printable(value):
    """A value for a report: somebody may have edited the document, and put anything there."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int) and abs(value) < 2**53:
        return value
    from .maps_redaction import one_line  # only hosts that differ compile it

    return one_line(value if isinstance(value, str) else json.dumps(value), 2000)


def _said(state, fields=(), values=None, verified=False):
    return {"state": state, "fields": list(fields), "values": values or {}, "verified": verified}


def _orphaned(entry, key, delivery):
    orphaned = key in _undeclared([entry], delivery)
    return {entry["server_name"]: _said("orphaned")} if orphaned else {}


def _undeclared(entries, delivery):
    """Keys of the entries that nobody declares for this host; none where that is not known."""
    if delivery.get("declared") is None:
        return set()
    declared = {name.casefold() for name in delivery["declared"]}
    return {key_of(entry) for entry in entries} - declared


def _token_is_stale(existing, entry, known):
    """Whether an equal entry needs the delivered token all the same; a refresh is no reason."""
    if at(existing, _TOKEN) == at(entry, _TOKEN):
        return False
    return known.token_is_spent(existing)


def _differing_fields(old, new):
    """pointer -> (old, new) of everything that differs, tokens compared by their grant."""
    before, after = dict(_leaves(_comparable(old))), dict(_leaves(_comparable(new)))
    pointers = set(before) | set(after)
    return {
        pointer: (before.get(pointer), after.get(pointer))
        for pointer in pointers
        if before.get(pointer) != after.get(pointer)
    }


def _comparable(entry):
    grant = at(entry, ("oauth2", "token", "grant_id"))
    if not isinstance(entry.get("oauth2"), dict):
        return entry
    return dict(entry, oauth2=dict(entry["oauth2"], token=grant))


def _leaves(value, pointer=""):
    if not isinstance(value, dict):
        yield pointer, value
        return
    for name, inner in value.items():
        step = str(name).replace("~", "~0").replace("/", "~1")
        yield from _leaves(inner, pointer + "/" + step)
