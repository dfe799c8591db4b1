"""Entries of an old document, less what may have been used up since: refresh tokens. Pure."""

from __future__ import annotations

from .maps_document import at, key_of
from .maps_oauth import refresh_endpoint

_TOKEN = ("oauth2", "token")


def with_current_tokens(old, current, kept=(), given=()):
    """(the old entries, the names of those that have a newer token than they had).

    A provider that rotates refresh tokens takes an old one no more (RFC 9700 section 4.14.2), so
    an old entry gets the token of its server's entry in `given`, which comes from the controller;
    else, if it is named in `kept`, the one that lies on the host now. Only where that token is of
    the same client, account and provider; another one would be no use to it.
    """
    names = {name.casefold() for name in kept}
    newer = {key_of(entry): entry for entry in current if key_of(entry) in names}
    newer.update({key_of(entry): entry for entry in given})
    entries, renewed = [], []
    for entry in old:
        source = newer.get(key_of(entry))
        fits = source is not None and _fits(entry, source)
        entries.append(_with_token(entry, at(source, _TOKEN)) if fits else entry)
        if fits:
            renewed.append(entry["server_name"])
    return entries, renewed


def _with_token(entry, token):
    return dict(entry, oauth2=dict(entry["oauth2"], token=token))


def _fits(old, source):
    token = at(source, _TOKEN)
    if not isinstance(token, dict) or token == at(old, _TOKEN) or not at(old, _TOKEN):
        return False
    return _whose(old) == _whose(source)


def _whose(entry):
    return refresh_endpoint(entry), at(entry, ("oauth2", "client_id")), entry.get("user_name")
