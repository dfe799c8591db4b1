"""The host document, masked: placeholders stand for all that is not known to be public. Pure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any

from provisioner.config.pointer import value_at
from provisioner.resources import published_schema
from provisioner.secret import keyed_digest

SCHEMA_VERSION = 1

Entry = Mapping[str, Any]  # one element of `servers`, see schemas/host-document.schema.json

_TOKEN = "/oauth2/token"  # noqa: S105  a JSON pointer
_GRANT = _TOKEN + "/grant_id"
_ACCOUNT = (
    *("/user_name", "/oauth2/client_id"),
    *("/oauth2/access_token_url", "/oauth2/refresh_token_url"),
)
_LARGEST_NUMBER = 2**53
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_MASKED_NAME = re.compile("/hmac:[0-9a-f]{32}")
_PLACEHOLDER = re.compile(r"\Ahmac:[0-9a-f]{32}\Z")


class Damaged(Exception):
    """A file of a host that this version cannot keep. The text says why, and quotes nothing."""

    reason = "damaged"


class Newer(Damaged):
    """One that a newer version wrote: there is nothing wrong with it."""

    reason = "newer"


def require_version(version: object, known: int) -> None:
    """Newer or Damaged if a file's schema_version is another one than this version writes."""
    if isinstance(version, bool) or not isinstance(version, int) or version < known:
        raise Damaged("its schema_version is missing or wrong")
    if version > known:
        raise Newer


@dataclass(frozen=True, slots=True)
class HostDocument:
    """`entries`: by casefolded server_name. `generation`: 0 of the document that is not there."""

    generation: int
    entries: Mapping[str, Entry]

    def text(self, values: Mapping[str, str] | None = None) -> str:
        """The document in our spelling; `values`: placeholder -> the JSON token to put there."""
        entries = [self.entries[key] for key in sorted(self.entries)]
        content = {
            "schema_version": SCHEMA_VERSION,
            "generation": self.generation,
            "servers": [_filled(entry, values) for entry in entries] if values else entries,
        }
        return json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True) + "\n"

    def fingerprint(self, key: str) -> str:
        """What tells it from any other: 32 hex digits, keyed, so that it may leave the host."""
        return fingerprint(self.text(), key)

    def placeholders(self) -> frozenset[str]:
        leaves = (value for entry in self.entries.values() for _, value in _leaves(entry))
        return frozenset(value for value in leaves if is_placeholder(value))


NO_DOCUMENT = HostDocument(0, {})


def fingerprint(text: str, key: str) -> str:
    """A keyed fingerprint of a masked text; `key`: that of the host, in hex."""
    return _keyed(text, key)[:32]


def placeholder(token: str, key: str) -> str:
    """What stands for a value on one host; `token`: the value as JSON."""
    return "hmac:" + _keyed(token, key)[:32]


def is_placeholder(value: object) -> bool:
    """Whether a value looks like one. What is declared never does (deploy/entry.py)."""
    return isinstance(value, str) and _PLACEHOLDER.match(value) is not None


def looks_like_placeholder(entry: Entry) -> tuple[str, ...] | None:
    """The path of a value in a declared entry that a host would take for a placeholder, or that
    UTF-8 has no bytes for; None if there is none."""
    for pointer, value in _leaves(entry):
        if is_placeholder(value) or (isinstance(value, str) and _SURROGATE.search(value)):
            return tuple(pointer.strip("/").split("/"))
    return None


@cache
def known_names() -> tuple[frozenset[str], frozenset[str]]:
    """(all names of the published schema, those whose values are public).

    An object's name is none of the latter: a person may have put a token in the object's place.
    """
    names, hidden = set[str](), set[str]()
    _collect_names(published_schema("host-document"), names, hidden)
    return frozenset(names), frozenset(names - hidden)


def _collect_names(node: Mapping[str, Any], names: set[str], hidden: set[str]) -> None:
    for name, inner in node.get("properties", {}).items():
        names.add(name)
        if inner.get("writeOnly") or "properties" in inner or "items" in inner:
            hidden.add(name)
        _collect_names(inner, names, hidden)
    if "items" in node:
        _collect_names(node["items"], names, hidden)


def parse(text: str | None) -> HostDocument:
    """The document of a masked text, as a host answers it; Damaged if it cannot be kept."""
    if text is None:
        raise Damaged("it is not JSON")
    try:
        content = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_number(float),
            parse_int=_number(int),
        )
        json.dumps(content, ensure_ascii=False).encode("utf-8")  # half a surrogate pair has none
    except Damaged:
        raise
    except (ValueError, RecursionError):
        raise Damaged("it is not JSON that can be written again") from None
    return _document(content)


def _document(content: Any) -> HostDocument:
    content = content if isinstance(content, dict) else {}
    require_version(content.get("schema_version"), SCHEMA_VERSION)
    if not _is_generation(content):
        raise Damaged("its generation is missing or wrong")
    servers = content.get("servers")
    if not isinstance(servers, list) or not all(map(_is_entry, servers)):
        raise Damaged("servers is not a list of entries with a server_name and a host")
    entries = {key_of(entry): entry for entry in servers}
    if len(entries) != len(servers):
        raise Damaged("two entries have the same server_name")
    return HostDocument(content["generation"], entries)


def _is_generation(content: Mapping[str, Any]) -> bool:
    generation = content.get("generation")
    return isinstance(generation, int) and not isinstance(generation, bool) and generation >= 0


def _is_entry(entry: object) -> bool:
    return isinstance(entry, dict) and all(
        isinstance(entry.get(name), str) and not _CONTROL.search(entry[name])
        for name in ("server_name", "host")
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Names that differ in case alone are one name to PowerShell and to many readers."""
    if len({name.casefold() for name, _ in pairs}) != len(pairs):
        raise Damaged("an object has the same name twice")
    return dict(pairs)


def _refuse_constant(_text: str) -> None:
    raise Damaged("it has a number that JSON does not know")


def _number(kind: type) -> Callable[[str], Any]:
    def made(text: str) -> Any:
        value = kind(text) if len(text) < 400 else math.inf
        if not abs(value) < _LARGEST_NUMBER:
            raise Damaged("it has a number out of bounds")
        return value

    return made


# -- entries


def key_of(entry: Entry) -> str:
    """What identifies a server: its name, whatever its case."""
    name: str = entry["server_name"]
    return name.casefold()


def masked_entry(entry: Entry, placeholders: Mapping[str, str]) -> Entry:
    """A copy of an entry with its placeholders; `entry` has null for hidden values."""
    copy = deepcopy(dict(entry))
    for pointer, value in placeholders.items():
        *path, last = pointer.strip("/").split("/")
        inner: Any = copy
        for name in path:
            inner = inner[name]
        inner[last] = value
    return copy


def is_expired(entry: Entry, at: float) -> bool:
    """Whether the access token of an entry has expired; one without a token has none."""
    expires = value_at(entry, _TOKEN + "/expires_at")
    return isinstance(expires, (int, float)) and expires <= at


def with_token(entry: Entry, token: Any) -> Entry:
    return {**entry, "oauth2": {**entry["oauth2"], "token": token}}


def entry_fingerprint(entry: Entry, key: str) -> str:
    """What a proof is about: the entry with the grant in place of its token, so that a refreshed
    token costs no proof."""
    return fingerprint(json.dumps(_comparable(entry), sort_keys=True), key)


def with_token_of(other: Entry, entry: Entry) -> Entry | None:
    """A copy of an entry with the token of another one; None unless that serves it: mailbox, client
    and endpoints are the same."""
    serves = all(value_at(other, pointer) == value_at(entry, pointer) for pointer in _ACCOUNT)
    grants = value_at(other, _GRANT) and value_at(entry, _GRANT)
    return with_token(entry, value_at(other, _TOKEN)) if serves and grants else None


def same_token(one: Entry, other: Entry) -> bool:
    """Whether both entries hold the same token, whatever grant it is of."""
    return bool(value_at(one, _TOKEN) == value_at(other, _TOKEN))


def differing_fields(old: Entry, new: Entry) -> dict[str, tuple[Any, Any]]:
    """JSON pointer -> (old, new) of all that differs, tokens compared by their grant.

    Values of hidden fields are None: what is shown to people never holds a placeholder. A name that
    the schema lacks is hidden on the host, too.
    """
    before, after = dict(_leaves(_comparable(old))), dict(_leaves(_comparable(new)))
    return {
        _MASKED_NAME.sub("/unknown", pointer): (
            _shown(pointer, before.get(pointer)),
            _shown(pointer, after.get(pointer)),
        )
        for pointer in sorted({*before, *after})
        if before.get(pointer) != after.get(pointer)
    }


def _shown(pointer: str, value: Any) -> Any:
    public = pointer.rpartition("/")[2] in known_names()[1]
    is_one = public and not isinstance(value, list)  # whose parts are masked
    return value if is_one and not is_placeholder(value) else None


def _comparable(entry: Entry) -> Entry:
    if not isinstance(entry.get("oauth2"), dict):
        return entry
    return with_token(entry, value_at(entry, _GRANT))


def _leaves(value: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(value, Mapping):
        yield pointer, value
        return
    for name, inner in value.items():
        step = str(name).replace("~", "~0").replace("/", "~1")
        yield from _leaves(inner, f"{pointer}/{step}")


def _filled(entry: Entry, values: Mapping[str, str]) -> Entry:
    """With values for placeholders, at hidden places only: a shown one that looks like a
    placeholder must not tell a secret."""

    def fill(value: Any, *, hidden: bool) -> Any:
        if isinstance(value, Mapping):
            shown = known_names()[1]
            return {name: fill(inner, hidden=name not in shown) for name, inner in value.items()}
        known = hidden and isinstance(value, str) and value in values  # a person may write lists
        return json.loads(values[value]) if known else value

    filled: Entry = fill(entry, hidden=False)
    return filled


def _keyed(text: str, key: str) -> str:
    return keyed_digest(bytes.fromhex(key), text.encode("utf-8"))
