"""What a person still has to type into the dialog of MAPS on one host. Pure.

Where nothing on a host makes MAPS import the document, a person enters its values. The state
keeps what was entered last, with placeholders for secrets: so a changed secret shows, and no secret
is needed for that. Tokens are no part of it: the dialog has no field for one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Literal, TypeVar

from msgspec import Struct

from provisioner.config.pointer import value_at
from provisioner.host.host_document import Entry, is_placeholder, known_names
from provisioner.host.host_state import Entered, State
from provisioner.resources import published_schema

_NOT_IN_THE_DIALOG = frozenset({"token"})


class FieldToEnter(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One field of the dialog. `old`, `new`: None where it is empty, or is not to be shown
    (`is_hidden`)."""

    pointer: str
    old: Any = None
    new: Any = None
    is_hidden: bool = False


class ServerToEnter(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One server that MAPS has otherwise, as far as people have said. Of a new one, the fields that
    are not empty; of one to remove, none."""

    name: str
    change: Literal["new", "changed", "removed"]
    fields: tuple[FieldToEnter, ...] = ()


class ServerEntered(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The last record of a server: who typed it in, and when; or removed it there."""

    name: str
    at: str
    by: str
    note: str = ""
    run_id: str
    removed: bool = False


_Named = TypeVar("_Named", ServerToEnter, ServerEntered)


def last_entered(state: State) -> list[ServerEntered]:
    return [
        ServerEntered(
            name=str((last.entry or {}).get("server_name", key)),
            at=last.at,
            by=last.by,
            note=last.note,
            run_id=last.run_id,
            removed=last.entry is None,
        )
        for key, records in sorted(state.entered.items())
        for last in records[-1:]
    ]


def of_servers(found: Iterable[_Named], servers: Collection[str]) -> list[_Named]:
    """Those of these servers, whatever the case of their names; all, if none is named."""
    wanted = {name.casefold() for name in servers}
    return [one for one in found if not wanted or one.name.casefold() in wanted]


def to_undo(records: Iterable[ServerEntered], servers: Collection[str] = ()) -> list[ServerEntered]:
    """The records that an undo takes: of these servers, or all of the newest run."""
    known = list(records)
    if servers:
        return of_servers(known, servers)
    newest = max(map(when_entered, known), default=None)
    return [one for one in known if newest and one.run_id == newest[1]]


def when_entered(record: ServerEntered) -> tuple[str, str]:
    """What the newest record has the greatest of: its time and its run."""
    return record.at, record.run_id


def dialog_entry(entry: Entry) -> dict[str, Any]:
    """The part of a masked entry that the dialog has fields for; what a person made of another
    shape counts as empty."""
    found: dict[str, Any] = {}
    for pointer in _dialog_pointers():
        value = value_at(entry, pointer)
        *path, last = pointer.strip("/").split("/")
        inner = found
        for name in path:
            inner = inner.setdefault(name, {})
        inner[last] = value if isinstance(value, str | int | float) else None
    return found


def to_enter(entries: Mapping[str, Entry], state: State) -> tuple[ServerToEnter, ...]:
    """What differs between masked entries, by key of the server, and what was entered last."""
    found = (
        _server(entries.get(key), _last(state, key)) for key in sorted({*entries, *state.entered})
    )
    return tuple(server for server in found if server is not None)


def _last(state: State, key: str) -> Entered | None:
    records = state.entered.get(key)
    return records[-1] if records else None


def _server(wanted: Entry | None, last: Entered | None) -> ServerToEnter | None:
    entered = last.entry if last else None
    if wanted is None:
        if entered is None:
            return None
        return ServerToEnter(name=str(entered.get("server_name")), change="removed")
    fields = tuple(_fields(entered or {}, wanted))
    if entered is None:
        return ServerToEnter(name=wanted["server_name"], change="new", fields=fields)
    if not fields:
        return None
    return ServerToEnter(name=wanted["server_name"], change="changed", fields=fields)


def _fields(old: Entry, new: Entry) -> Iterator[FieldToEnter]:
    before, after = dialog_entry(old), dialog_entry(new)
    for pointer in _dialog_pointers():
        pair = value_at(before, pointer), value_at(after, pointer)
        if pair[0] == pair[1] or not any(one not in (None, False) for one in pair):
            continue  # a box that is not checked is empty to the dialog
        public = pointer.rpartition("/")[2] in known_names()[1]
        if public and not any(map(is_placeholder, pair)):
            yield FieldToEnter(pointer=pointer, old=pair[0], new=pair[1])
        else:
            yield FieldToEnter(pointer=pointer, is_hidden=True)


@cache
def _dialog_pointers() -> tuple[str, ...]:
    """The fields of the dialog, in the order of the published schema."""
    return tuple(_pointers(published_schema("host-document")["properties"]["servers"]["items"]))


def _pointers(node: Mapping[str, Any], pointer: str = "") -> Iterator[str]:
    for name, inner in node["properties"].items():
        if name in _NOT_IN_THE_DIALOG:
            continue
        if "properties" in inner:
            yield from _pointers(inner, f"{pointer}/{name}")
        else:
            yield f"{pointer}/{name}"
