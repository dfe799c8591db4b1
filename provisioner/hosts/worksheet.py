"""What a person types into MAPS' dialog: email servers, tab by tab."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from provisioner.secret import Secret


class Kind(Enum):
    """What is to be done with a field. Only what is typed is worth copying."""

    TYPED = auto()
    CHOSEN = auto()
    EMPTY = auto()
    SECRET = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """`value`: text to type or to choose; of a secret None, unless it was asked to be shown."""

    label: str
    kind: Kind
    value: str | Secret | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One tab of the dialog, its fields in the dialog's order."""

    name: str
    fields: tuple[Field, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """What a person does after typing; `command` is to be copied."""

    text: str
    command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSheet:
    """One email server. `steps`: what is left to do when everything is typed in."""

    server_name: str
    declared_at: str
    tabs: tuple[Tab, ...]
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Worksheet:
    """Email servers to type in, all of one host if it has a name."""

    sheets: tuple[ServerSheet, ...]
    host: str | None = None

    @property
    def title(self) -> str:
        """What the sheet is about, in a line."""
        if self.host is not None:
            return f"MAPS email servers of {self.host}"
        return "MAPS email servers" if len(self.sheets) != 1 else "MAPS email server"

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The secrets that the sheet shows; none unless that was asked for."""
        fields = (f for sheet in self.sheets for tab in sheet.tabs for f in tab.fields)
        return tuple(field.value for field in fields if isinstance(field.value, Secret))
