"""What a rollback puts back: the archived entries, with tokens that still work. Pure."""

from __future__ import annotations

from .maps_document import at, key_of
from .maps_refusal import Refusal

_TOKEN = ("oauth2", "token")


def rolled_back_entries(archived, current, delivery):
    """The entries of a rollback; Refusal where one could only bring back a dead token.

    A refresh token that its provider has replaced since is dead, and using it may end the whole
    grant (RFC 9700 section 4.14.2). So an entry gets, of its own grant, the token that the
    controller sends, or else the one that the host has now.
    """
    sent = {name.casefold(): token for name, token in delivery["tokens"].items()}
    there = {key_of(entry): at(entry, _TOKEN) for entry in current}
    rotating = {name.casefold() for name in delivery["rotating"]}
    entries, dead = [], []
    for entry in archived:
        if at(entry, _TOKEN) is None:
            entries.append(entry)
            continue
        token = _of_same_grant(entry, sent.get(key_of(entry)), there.get(key_of(entry)))
        if token is None and key_of(entry) in rotating:
            dead.append(entry["server_name"])
        entries.append(_with_token(entry, token))
    if dead:
        words = "the tokens that {} had then have been replaced since: sign in again, then push"
        raise Refusal("dead_token", words.format(", ".join(sorted(dead, key=str.casefold))))
    return entries


def _of_same_grant(entry, *tokens):
    grant = at(entry, (*_TOKEN, "grant_id"))
    return next((t for t in tokens if isinstance(t, dict) and t.get("grant_id") == grant), None)


def _with_token(entry, token):
    if token is None:
        return entry
    return dict(entry, oauth2=dict(entry["oauth2"], token=token))
