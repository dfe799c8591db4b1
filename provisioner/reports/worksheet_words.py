"""What the formats of a worksheet have in common: the words around the values."""

from __future__ import annotations

from provisioner.hosts.dialog import WAY
from provisioner.hosts.worksheet import Field, Kind
from provisioner.secret import MASK, Secret
from provisioner.text import countable

LEAVE_EMPTY = "(leave empty)"
WHERE = f"In MAPS: {WAY}; for a server that is there already, its properties."
HOLDS_SECRETS = "Secrets stand here in clear: delete this when everything is typed in."


def plain(value: str | Secret | None) -> str:
    """A value as it is to be typed: the sheet is where shown secrets go. None: not to be shown."""
    if value is None:
        return ""
    return value.reveal() if isinstance(value, Secret) else value


def shown(field: Field) -> str:
    """A value that can be seen whole; never empty."""
    if field.kind is Kind.EMPTY:
        return LEAVE_EMPTY
    return MASK if field.value is None else countable(plain(field.value))


def notes(field: Field, *, unseen: str) -> str:
    """What to know of a field. `unseen`: what to do where characters do not show."""
    value = plain(field.value)
    odd = (
        f"<U+...> is a character that does not show: {unseen}" if countable(value) != value else ""
    )
    return "; ".join(filter(None, (countable(field.note), odd)))
