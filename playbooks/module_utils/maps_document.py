"""The host document: its bytes, and what is in its entries. Pure."""

from __future__ import annotations

import hashlib
import hmac
import json
import re

from .maps_refusal import Refusal

SCHEMA_VERSION = 1

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

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
        json.dumps(content, ensure_ascii=False).encode("utf-8")  # half a surrogate pair has none
    except (ValueError, RecursionError):
        raise _unreadable(path, "it is not JSON that can be written again") from None
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
    if any(_CONTROL.search(entry["server_name"]) for entry in servers):
        raise _unreadable(path, "a server_name has control characters")
    if len({key_of(entry) for entry in servers}) != len(servers):
        raise _unreadable(path, "two entries have the same server_name")
    return content["generation"], servers


def _is_number(value):
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


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
    found = (at(entry, path) for entry in entries for path in _SECRETS + _TOKEN_SECRETS)
    return [value for value in found if isinstance(value, str) and value]


def token_expiry(entry):
    """When the entry's access token expires (Unix seconds); None without one."""
    expires = at(entry, ("oauth2", "token", "expires_at"))
    return expires if _is_number(expires) else None


def refresh_endpoint(entry):
    """Where the entry's refresh requests go; None where it has no OAuth2."""
    return at(entry, ("oauth2", "refresh_token_url")) or at(entry, ("oauth2", "access_token_url"))


def account(entry, ca_file):
    """The entry as maps_conversation.converse() wants it."""
    names = ("host", "port", "use_tls", "smtp_security_level", "user_name", "client_name")
    if entry.get("oauth2"):
        secret = at(entry, ("oauth2", "token", "access_token"))
    else:
        secret = entry.get("password")
    return dict({name: entry.get(name) for name in names}, secret=secret, ca_file=ca_file)


def at(value, path):
    """What is at a path of keys; None if nothing is."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
