"""The host document: its bytes, its entries, and how a delivery differs from it. Pure."""

from __future__ import annotations

import hashlib
import hmac
import json

from .maps_refusal import Refusal

SCHEMA_VERSION = 1

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
_SECRETS = (("password",), ("oauth2", "client_secret"))
_TOKEN_SECRETS = (("oauth2", "token", "access_token"), ("oauth2", "token", "refresh_token"))


def serialised(generation, servers):
    """The bytes of a document."""
    content = {
        "schema_version": SCHEMA_VERSION,
        "generation": generation,
        "servers": sorted(servers, key=key_of),
    }
    text = json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True)
    return (text + "\n").encode("utf-8")


def parsed(data, path):
    """(generation, entries) of a document's bytes; Refusal if this version cannot keep them."""
    try:
        content = json.loads(data.decode("utf-8"))
    except ValueError:
        raise _unreadable(path, "it is not JSON") from None
    if not isinstance(content, dict):
        raise _unreadable(path, "it is not an object")
    version = content.get("schema_version")
    if _is_number(version) and version > SCHEMA_VERSION:
        words = "{} was written by a newer version (schema {}): upgrade maps-provisioner here"
        raise Refusal("newer", words.format(path, version))
    numbers = _is_number(version) and _is_number(content.get("generation"))
    if not numbers or version != SCHEMA_VERSION:
        raise _unreadable(path, "schema_version or generation is missing")
    servers = content.get("servers")
    if not isinstance(servers, list) or not all(_is_entry(entry) for entry in servers):
        raise _unreadable(path, "servers is not a list of entries with a server_name and a host")
    if len({key_of(entry) for entry in servers}) != len(servers):
        raise _unreadable(path, "two entries have the same server_name")
    return content["generation"], servers


def _is_number(value):
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_entry(entry):
    return isinstance(entry, dict) and all(
        isinstance(entry.get(name), str) for name in ("server_name", "host")
    )


def _unreadable(path, why):
    words = "{} cannot be understood: {}. It is left alone: correct it, or move it away, then push"
    return Refusal("unreadable", words.format(path, why))


def key_of(entry):
    """What identifies a server: its name, whatever its case."""
    return entry["server_name"].casefold()


def digest(data):
    """SHA-256 of bytes. Stays on the host, beside the document itself."""
    return hashlib.sha256(data).hexdigest()


def entry_digest(entry):
    """SHA-256 of an entry, tokens included. Stays on the host, too."""
    return digest(json.dumps(entry, sort_keys=True, ensure_ascii=True).encode("ascii"))


def fingerprint(data, key):
    """A keyed fingerprint that may leave the host: without the key it tells nothing."""
    return hmac.new(key.encode("utf-8"), data, hashlib.sha256).hexdigest()[:16]


def secrets_of(entries):
    """Every secret of these entries."""
    found = (_at(entry, path) for entry in entries for path in _SECRETS + _TOKEN_SECRETS)
    return [value for value in found if isinstance(value, str) and value]


def token_expiry(entry):
    """When the entry's access token expires (Unix seconds); None without one."""
    expires = _at(entry, ("oauth2", "token", "expires_at"))
    return expires if _is_number(expires) else None


def account(entry, ca_file):
    """The entry as maps_smtp.converse() wants it."""
    names = ("host", "port", "use_tls", "smtp_security_level", "user_name", "client_name")
    if entry.get("oauth2"):
        secret = _at(entry, ("oauth2", "token", "access_token"))
    else:
        secret = entry.get("password")
    return dict({name: entry.get(name) for name in names}, secret=secret, ca_file=ca_file)


def _at(value, path):
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


# -- comparison


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
    theirs = {key_of(entry): entry for entry in current}
    report, entries, writes = {}, [], False
    for key, entry in theirs.items():
        if key in removed and record.is_ours(key):
            report[entry["server_name"]] = _said("removed")
            writes = True
        elif key not in ours:
            entries.append(entry)
            report.update(_orphaned(entry, key, delivery))
    for key, entry in ours.items():
        kept, said = _compared(entry, theirs.get(key), key, record, now)
        entries.append(kept)
        report[entry["server_name"]] = said
        writes = writes or said["state"] != "unchanged"
    unproven = sorted(
        (e["server_name"] for k, e in ours.items() if not _settled(e, k, report, entries, record)),
        key=str.casefold,
    )
    return Comparison(report, entries, writes, unproven)


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
    declared = delivery.get("declared")
    if declared is None or key in {name.casefold() for name in declared}:
        return {}
    return {entry["server_name"]: _said("orphaned")}


def _settled(entry, key, report, entries, record):
    """Whether nothing more is to be proven: proven, or of a kind that nobody can prove."""
    if report[entry["server_name"]]["state"] != "unchanged":
        return False
    kept = next(existing for existing in entries if key_of(existing) == key)
    return record.is_settled(kept)


def _token_is_stale(existing, entry, key, record, now):
    """Whether an equal entry needs the delivered token all the same.

    A refresh is no difference. But a token that somebody edited on the host is not the one
    delivered, and an expired one that was never proven cannot be proven any more.
    """
    if _at(existing, ("oauth2", "token")) == _at(entry, ("oauth2", "token")):
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
    grant = _at(entry, ("oauth2", "token", "grant_id"))
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
