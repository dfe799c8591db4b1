"""What a person has to change in MAPS on some hosts: sheets with that and nothing else.

The values are those of the hosts' documents, as they compare with what was entered there last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from provisioner.host.to_enter import FieldToEnter, ServerToEnter
from provisioner.model.email_server import EmailServer
from provisioner.secret import Secret
from provisioner.security_level import SecurityLevel
from provisioner.text import command_for, proposed_option
from provisioner.worksheet.sheet import (
    EMPTY_NOTES,
    DialogField,
    Field,
    Kind,
    Sheet,
    Step,
    by_tab,
    dialog_fields,
    register_step,
    secret_note,
    sign_in_steps,
)

_TASKS = {
    "new": "New: add this server, with all its fields.",
    "changed": "Changed: only these fields differ from what was entered last.",
    "removed": "Removed: delete this server in MAPS.",
}
_LEVEL = "smtp_security_level"


def changed_sheet(
    due: ServerToEnter,
    hosts: Sequence[str],
    server: EmailServer | None,
    secret: Secret | None = None,
) -> Sheet:
    """One server that MAPS has otherwise on these hosts. `server`: as it is declared, if it is;
    `secret`: its client secret or password, if that is to be shown."""
    there = {field.pointer.strip("/").replace("/", "."): field for field in due.fields}
    fields = [field for field in dialog_fields() if due.change == "new" or field.name in there]
    if not _has_oauth2(there, server):
        fields = [field for field in fields if not field.name.startswith("oauth2.")]
    level = there.get(_LEVEL)
    return Sheet(
        server_name=due.name,
        declared_at=f"{server.origin.file}:{server.origin.line}" if server else "",
        task=_TASKS[due.change],
        tabs=by_tab(
            fields,
            lambda field: _row(field, there.get(field.name), due, server, secret),
            hides_oauth2=level is not None and level.old == "oauth2",
        ),
        steps=tuple(_steps(due, hosts, server, there)),
    )


def _has_oauth2(there: Mapping[str, FieldToEnter], server: EmailServer | None) -> bool:
    """Whether the dialog shows the OAuth2 fields in the end."""
    if _LEVEL in there:
        return bool(there[_LEVEL].new == SecurityLevel.OAUTH2)
    return server is None or server.oauth2 is not None


def _row(
    field: DialogField,
    there: FieldToEnter | None,
    due: ServerToEnter,
    server: EmailServer | None,
    secret: Secret | None,
) -> Field:
    """`there`: None where a new server has nothing in that field."""
    was = f"was {_spelled(field, there.old)}" if there and due.change == "changed" else ""
    if there and there.is_hidden:
        return _hidden(field, due, server, secret)
    new = there.new if there else None
    if field.choices():
        return Field(label=field.label, kind=Kind.CHOSEN, value=_spelled(field, new), note=was)
    if new is None:
        kind, note = (Kind.CLEARED, was) if was else (Kind.EMPTY, EMPTY_NOTES.get(field.name, ""))
        return Field(label=field.label, kind=kind, note=note)
    return Field(label=field.label, kind=Kind.TYPED, value=str(new), note=was)


def _hidden(
    field: DialogField, due: ServerToEnter, server: EmailServer | None, secret: Secret | None
) -> Field:
    """A secret; one that the server no longer has is cleared."""
    if server and field.name != server.secret_field:
        return Field(label=field.label, kind=Kind.CLEARED)
    notes = (secret_note(server) if server else "", "changed" if due.change == "changed" else "")
    note = "; ".join(filter(None, notes))
    return Field(label=field.label, kind=Kind.SECRET, value=secret, note=note)


def _spelled(field: DialogField, value: object) -> str:
    """As the dialog has it."""
    choices = field.choices()
    if choices:
        return choices.get(value, choices.get(False) if value is None else None) or str(value)
    return "empty" if value is None else str(value)


def _steps(
    due: ServerToEnter,
    hosts: Sequence[str],
    server: EmailServer | None,
    changed: Iterable[str],
) -> Iterator[Step]:
    """MAPS signs in again where anything of its sign-in has changed."""
    of_sign_in = any(n.startswith("oauth2.") or n in (_LEVEL, "user_name") for n in changed)
    if server and server.oauth2 and due.change != "removed":
        if due.change == "new":
            yield register_step(server)
        if of_sign_in:
            yield from sign_in_steps(server)
    only = proposed_option("--server", due.name)
    yield Step("Record that it is done:", command_for("entered", hosts, only))
