"""What is to be typed into MAPS by a person, and what was, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from provisioner.host.result import HostResult
from provisioner.host.to_enter import (
    FieldToEnter,
    ServerEntered,
    ServerToEnter,
    of_servers,
    to_undo,
    when_entered,
)
from provisioner.text import (
    command_for,
    counted,
    local_time,
    printable,
    proposed_option,
)

_SIGNS = {"new": "+", "changed": "~", "removed": "-"}
_MOST_NAMES = 6


def entered_lines(host: HostResult) -> Iterator[str]:
    """Lines of a host's block: what the run recorded, and what is left to type."""
    if host.recorded:
        last = max(host.entered, key=when_entered, default=None)
        yield f"recorded as entered in MAPS{f' by {last.by}{_noted(last)}' if last else ''}:"
        for server in host.recorded:
            yield from _server(server)
    if host.to_enter:
        back = host.rolled_back_to and host.entered
        yield "to be typed back into MAPS:" if back else "to be entered in MAPS:"
        for server in host.to_enter:
            yield from _server(server)


def _server(server: ServerToEnter) -> Iterator[str]:
    head = f"  {_SIGNS[server.change]} {server.name}: {server.change}"
    if server.change == "new":
        head += f" ({counted(len(server.fields), 'field')})"
    yield head
    if server.change == "changed":
        yield from (f"      {_field(field)}" for field in server.fields)


def _field(field: FieldToEnter) -> str:
    return field_text(field.pointer, None if field.is_hidden else (field.old, field.new))


def field_text(pointer: str, values: tuple[Any, Any] | None) -> str:
    """`port: 25 -> 587`; of what is not public (None), that it changed."""
    name = _name(pointer)
    if values is None:
        return f"{name}: changed (hidden)"
    old, new = (json.dumps(value, ensure_ascii=False) for value in values)
    return f"{name}: {old} -> {new}"


def _name(pointer: str) -> str:
    return pointer.strip("/").replace("/", ".")


def to_enter_words(host: HostResult) -> str:
    """`to be entered: Reports (port, password), New (new)`, after what the run recorded; empty if
    there is nothing of either."""
    parts = {"recorded": host.recorded, "to be entered": host.to_enter or []}
    return "; ".join(
        f"{head}: {', '.join(map(_server_words, servers))}"
        for head, servers in parts.items()
        if servers
    )


def _server_words(server: ServerToEnter) -> str:
    fields = ", ".join(_name(field.pointer) for field in server.fields)
    return f"{server.name} ({fields if server.change == 'changed' else server.change})"


def entered_words(host: HostResult) -> str:
    """`entered 2030-03-17 17:46 +01:00 by ann: Reports`; the newest record alone. Empty without
    one."""
    last = max(host.entered, key=when_entered, default=None)
    if last is None:
        return ""
    names = ", ".join(one.name for one in host.entered if one.run_id == last.run_id)
    return f"entered {local_time(last.at)} by {last.by}{_noted(last)}: {names}"


def _noted(record: ServerEntered) -> str:
    return f" ({record.note})" if record.note else ""


def question_text(hosts: Sequence[HostResult], servers: Sequence[str], *, undo: bool) -> str:
    """What a person is asked about: the fields to record for each host, or the records to undo;
    `servers`: of these alone, if there are any."""
    lines = list[str]()
    for host in hosts:
        lines.append(f"{host.host}:")
        if undo:
            lines += map(_undone, to_undo(host.entered, servers))
        for server in () if undo else of_servers(host.to_enter or (), servers):
            lines += _server(server)
    return "".join(f"{printable(line)}\n" for line in lines)


def _undone(record: ServerEntered) -> str:
    return f"  {record.name}: entered {local_time(record.at)} by {record.by}{_noted(record)}"


def to_enter_note(hosts: Sequence[HostResult]) -> str:
    """What a person has to do now; empty if nothing is to be entered."""
    names = [host.host for host in hosts if host.is_to_be_entered]
    if not names:
        return ""
    few = names if len(names) <= _MOST_NAMES else ()  # else all that have changes
    these = (proposed_option("--host", name) for name in few)
    sheet = command_for("worksheet", (), "--changed", *these)
    record = hosts_command("entered", names)
    return (
        "To be entered: MAPS does not use these values until a person types them into its dialog. "
        "If MAPS can import the document, set maps_apply_command instead.\n"
        f"  print them: {sheet}\n"
        f"  then record it: {record}"
    )


def hosts_command(command: str, hosts: Sequence[str]) -> str:
    """`provisioner COMMAND HOST...`; HOST alone where they are many."""
    return command_for(command, hosts if len(hosts) <= _MOST_NAMES else ["HOST"])
