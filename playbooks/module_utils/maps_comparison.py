"""How a delivery differs from what a host has. Pure: decides, and touches nothing."""

from __future__ import annotations

from .maps_document import at, key_of, token_expiry

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
_GRANT = "/oauth2/token"
_WRITTEN = frozenset(("added", "changed", "removed"))


class Comparison:
    """How a delivery differs from what a host has."""

    def __init__(self, report, entries, writes, unproven):
        self.report = report  # server_name -> what the result says of it
        self.entries = entries  # what the document is to hold
        self.writes = writes  # whether that differs from what it holds
        self.unproven = unproven  # names of the delivery without a proof


def compare(delivery, current, record, now):
    """Compare a delivery with the entries on the host and with what `record` knows of them."""
    ours = {key_of(entry): entry for entry in delivery["entries"]}
    removed = {name.casefold() for name in delivery["remove"]} - set(ours)
    if delivery.get("prune"):
        removed |= _undeclared(current, delivery)
    theirs = {key_of(entry): entry for entry in current}
    report, entries, unproven = {}, [], []
    for key, entry in theirs.items():
        if key in removed and record.is_ours(key):
            report[entry["server_name"]] = _said("removed")
        elif key not in ours:
            entries.append(entry)
            report.update(_orphaned(entry, key, delivery))
    for key, entry in ours.items():
        kept, said = _compared(entry, theirs.get(key), key, record, now)
        entries.append(kept)
        report[entry["server_name"]] = said
        if said["state"] != "unchanged" or not record.is_settled(kept):
            unproven.append(entry["server_name"])
    writes = any(said["state"] in _WRITTEN for said in report.values())
    return Comparison(report, entries, writes, sorted(unproven, key=str.casefold))


def _compared(entry, existing, key, record, now):
    """(the entry to keep, what is said of it)."""
    if existing is None:
        return entry, _said("added")
    differing = _differing_fields(existing, entry)
    if not differing and not _token_is_stale(existing, entry, key, record, now):
        return existing, _said("unchanged", verified=record.is_verified(existing))
    values = {pointer: [old, new] for pointer, (old, new) in differing.items() if pointer in _SHOWN}
    return entry, _said("changed", sorted(differing) or [_GRANT], values)


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


def _token_is_stale(existing, entry, key, record, now):
    """Whether an equal entry needs the delivered token all the same.

    A refresh is no difference. But a token that somebody edited on the host is not the one
    delivered, and an expired one that was never proven cannot be proven any more.
    """
    if at(existing, ("oauth2", "token")) == at(entry, ("oauth2", "token")):
        return False
    if record.was_edited(key, existing):
        return True
    expires = token_expiry(existing)
    return not record.is_settled(existing) and expires is not None and expires <= now


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
