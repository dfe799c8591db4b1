"""Keyed prints of secrets: they tell whether two secrets are equal, and nothing else. Pure.

A plan sends a host no secret: entries go out with their secrets withheld, the host prints those
that it holds, and the controller, which alone has the other side, finishes the comparison.
"""

from __future__ import annotations

import hashlib
import hmac
import json

WITHHELD = "withheld"

_TOKEN = "/oauth2/token"  # noqa: S105
_SECRETS = {
    "/password": ("password",),
    "/oauth2/client_secret": ("oauth2", "client_secret"),
    "/oauth2/token/access_token": ("oauth2", "token", "access_token"),
    "/oauth2/token/refresh_token": ("oauth2", "token", "refresh_token"),
}


def without_secrets(delivery):
    """A delivery as a plan sends it; `prints` are the controller's own and stay with it.

    Of a rollback's tokens it says from which sign-in they are.
    """
    entries, key = delivery.get("entries", []), delivery.get("fingerprint_key")
    prints = {entry["server_name"]: prints_of(entry, key) for entry in entries}
    grants = {n: {"grant_id": t["grant_id"]} for n, t in delivery.get("tokens", {}).items()}
    shown = [withheld(entry) for entry in entries]
    return dict(delivery, entries=shown, prints=prints, tokens=grants, secrets=[])


def withheld(entry):
    """A copy of an entry that says only of each secret whether it is set."""
    copy = dict(entry)
    for path in _SECRETS.values():
        _withhold(copy, path)
    return copy


def _withhold(value, path):
    for name in path[:-1]:
        if not isinstance(value.get(name), dict):
            return
        value[name] = value = dict(value[name])
    if value.get(path[-1]) is not None:
        value[path[-1]] = WITHHELD


def prints_of(entry, key):
    """pointer -> print of each secret of an entry. Equal secrets in two places print apart."""
    found = {pointer: _at(entry, path) for pointer, path in _SECRETS.items()}
    name = entry["server_name"].casefold()
    return {
        pointer: _printed("\0".join((name, pointer, _text(value))), key)
        for pointer, value in found.items()
        if value is not None
    }


def _text(value):
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _printed(text, key):
    # An entry edited on the host may hold half a surrogate pair.
    data = text.encode("utf-8", "surrogatepass")
    return hmac.new(key.encode("utf-8"), data, hashlib.sha256).hexdigest()[:16]


def _at(value, path):
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def finished(maps, wanted):
    """What a host said of a delivery without secrets, once its prints are compared with ours.

    ValueError if it is not what the module says: a host may be in strange hands.
    """
    try:
        return _compared(maps, wanted)
    except (AttributeError, KeyError, TypeError):
        raise ValueError("not what the module says") from None


def _compared(maps, wanted):
    servers = {name: _finished(s, wanted.get(name)) for name, s in maps["servers"].items()}
    differing = {name for name, said in servers.items() if said["state"] == "changed"}
    state = "changed" if differing and maps["state"] == "unchanged" else maps["state"]
    needed = sorted({*maps["mails_needed"], *differing}, key=str.casefold)
    return dict(maps, servers=servers, state=state, mails_needed=needed)


def _finished(said, mine):
    said = dict(said)
    held, due = said.pop("held", None), said.pop("token_due", None)
    if held is None or mine is None:
        return said
    fields = set(said["fields"])
    differing = {p for p in set(held) | set(mine) if held.get(p) != mine.get(p)}
    fields |= {pointer for pointer in differing if not pointer.startswith(_TOKEN)}
    if not fields and (due == "other" or (due and differing)):
        fields.add(_TOKEN)
    if not any(pointer.startswith(_TOKEN) for pointer in fields):
        differing = {pointer for pointer in differing if not pointer.startswith(_TOKEN)}
    prints = {pointer: [held.get(pointer), mine.get(pointer)] for pointer in sorted(differing)}
    if fields:
        said.update(state="changed", verified=False)
    return dict(said, fields=sorted(fields), prints=prints)
