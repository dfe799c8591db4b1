"""What an old document brings back: its entries, with tokens that still work. Pure."""

from __future__ import annotations

from .maps_document import at, key_of, refresh_endpoint
from .maps_refusal import Refusal

_TOKEN = ("oauth2", "token")


class Revived:
    """Archived entries with the tokens that work now.

    A refresh token that its provider has replaced since is dead, and using it may end the whole
    grant (RFC 9700 section 4.14.2). So an entry gets, of its own grant, the token that the
    controller sends (`tokens`), or else the one that the host has now. The servers of `rotating`
    get the latter of another grant, too, if it is of the same account, client and provider; where
    there is none, theirs is `dead`. `renewed`: the entries with another token than they had.
    """

    def __init__(self, archived, current, tokens, rotating):
        self._sent = {name.casefold(): token for name, token in tokens.items()}
        self._there = {key_of(entry): entry for entry in current}
        self._rotating = {name.casefold() for name in rotating}
        self.dead = []
        self.entries = [self._revived(entry) for entry in archived]
        before = {key_of(entry): entry for entry in archived}
        self.renewed = [entry for entry in self.entries if entry != before[key_of(entry)]]

    def _revived(self, entry):
        if at(entry, _TOKEN) is None:
            return entry
        token = self._token(entry)
        if token is not None:
            return dict(entry, oauth2=dict(entry["oauth2"], token=token))
        if key_of(entry) in self._rotating:
            self.dead.append(entry["server_name"])
        return entry

    def _token(self, entry):
        there = self._there.get(key_of(entry))
        tokens = (self._sent.get(key_of(entry)), at(there, _TOKEN))
        grant = at(entry, (*_TOKEN, "grant_id"))
        same = (t for t in tokens if isinstance(t, dict) and t.get("grant_id") == grant)
        rotates = key_of(entry) in self._rotating
        another = at(there, _TOKEN) if rotates and _whose(there) == _whose(entry) else None
        return next(same, another)


def rolled_back_entries(archived, current, delivery):
    """The entries of a rollback; Refusal where one could only bring back a dead token."""
    revived = Revived(archived, current, delivery["tokens"], delivery["rotating"])
    if revived.dead:
        names = ", ".join(sorted(revived.dead, key=str.casefold))
        words = "the tokens that {} had then have been replaced since: sign in again, then push"
        raise Refusal("dead_token", words.format(names))
    return revived.entries


def kept_alive(archived, current, rotating):
    """(the entries to give back, those of them with another token): only `rotating` ones differ."""
    names = {name.casefold() for name in rotating}
    there = [entry for entry in current if key_of(entry) in names]
    revived = Revived(archived, there, {}, rotating)
    return revived.entries, revived.renewed


def _whose(entry):
    entry = entry or {}
    return refresh_endpoint(entry), at(entry, ("oauth2", "client_id")), entry.get("user_name")
