"""The dialog of MAPS for an email server, filled in: an EmailServer as a person types it.

Which fields there are, in which order and with which labels, is walked out of the schema of server
files: its titles are the dialog's labels, as Evisions' help has them.
https://webhelp.evisions.com/HelpFiles/MAPS/en/Content/Email%20Servers.html
https://webhelp.evisions.com/releaseguides/maps/Content/6.13/OAuth2%20for%20Email%20Servers.htm
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from itertools import groupby
from typing import Any

from provisioner.credentials.sources import source_of
from provisioner.model.email_server import EmailServer
from provisioner.resources import published_schema
from provisioner.secret import Secret
from provisioner.security_level import LEVELS
from provisioner.text import proposed_command

# The field that each tab begins with.
TABS: Mapping[str, str] = {
    "server_name": "General",
    "client_name": "Advanced",
    "smtp_security_level": "Security",
    "logging": "Logging",
}
# Keys of a server file that are no fields of the dialog.
_OURS = frozenset({"$schema", "client_secret_expires", "hosts", "test_email"})

# How the dialog spells what is chosen there. A yes or no that is not listed is a check box.
CHOICES: Mapping[str, Mapping[Any, str]] = {
    "smtp_security_level": {name: level.label for name, level in LEVELS.items()},
    "oauth2.use_https_on_callback": {True: "true", False: "false"},
}
_CHECK_BOX = {True: "checked", False: "not checked"}

_DEFAULT = "the dialog's default"
# The effect of a field that stays empty.
EMPTY_NOTES = {
    "client_name": "MAPS gives the name of its host",
    "oauth2.refresh_token_url": "MAPS uses the Access Token URL",
}
NO_OAUTH2 = "The OAuth2 fields are there only with OAuth 2."


class Kind(Enum):
    """What is to be done with a field. Only what is typed is worth copying."""

    TYPED = auto()
    CHOSEN = auto()
    EMPTY = auto()
    CLEARED = auto()
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
class Sheet:
    """One email server. `task`: what to do with it, if that is not to type in all of it; `steps`:
    what is left to do when everything is typed in."""

    server_name: str
    declared_at: str = ""
    task: str = ""
    tabs: tuple[Tab, ...] = ()
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Worksheet:
    """Email servers to type in, on each of these hosts, if they have names.

    `edition`: tells two sheets apart that look the same, because a secret has changed in between.
    """

    sheets: tuple[Sheet, ...]
    hosts: tuple[str, ...] = ()
    edition: str = ""

    @property
    def title(self) -> str:
        """What the sheet is about, in a line."""
        if self.hosts:
            return f"MAPS email servers of {', '.join(self.hosts)}"
        return "MAPS email servers" if len(self.sheets) != 1 else "MAPS email server"

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The secrets that the sheet shows; none unless that was asked for."""
        fields = (f for sheet in self.sheets for tab in sheet.tabs for f in tab.fields)
        return tuple(field.value for field in fields if isinstance(field.value, Secret))


@dataclass(frozen=True, slots=True)
class DialogField:
    """A field of the dialog, by its dotted name in a server file."""

    name: str
    tab: str
    schema: Mapping[str, Any]

    @property
    def label(self) -> str:
        return str(self.schema["title"])

    def choices(self) -> Mapping[Any, str] | None:
        """The dialog's word for each value; None where text is typed."""
        boxes = _CHECK_BOX if self.schema.get("type") == "boolean" else None
        return CHOICES.get(self.name, boxes)


@cache
def dialog_fields() -> tuple[DialogField, ...]:
    return tuple(_walk(published_schema("email-server")["properties"], "", ""))


def _walk(properties: Mapping[str, Any], prefix: str, tab: str) -> Iterator[DialogField]:
    for key, node in properties.items():
        if key in _OURS:
            continue
        tab = TABS.get(prefix + key, tab)
        if "properties" in node:
            yield from _walk(node["properties"], f"{prefix}{key}.", tab)
        else:
            yield DialogField(prefix + key, tab, node)


def build_sheet(server: EmailServer, secret: Secret | None = None) -> Sheet:
    """The server's sheet. `secret`: its client secret or password, if that is to be shown."""
    there = [f for f in dialog_fields() if server.oauth2 or not f.name.startswith("oauth2.")]
    return Sheet(
        server_name=server.server_name,
        declared_at=f"{server.origin.file}:{server.origin.line}",
        tabs=by_tab(
            there, lambda field: _filled_in(field, server, secret), hides_oauth2=not server.oauth2
        ),
        steps=(register_step(server), *sign_in_steps(server)) if server.oauth2 else (),
    )


def by_tab(
    fields: Iterable[DialogField], fill: Callable[[DialogField], Field], *, hides_oauth2: bool
) -> tuple[Tab, ...]:
    """The filled-in fields below their tabs. `hides_oauth2`: the dialog does not show them."""
    return tuple(
        Tab(
            name=name,
            fields=tuple(map(fill, of_tab)),
            note=NO_OAUTH2 if name == "Security" and hides_oauth2 else "",
        )
        for name, of_tab in groupby(fields, key=lambda field: field.tab)
    )


def _filled_in(field: DialogField, server: EmailServer, secret: Secret | None) -> Field:
    label, value, choices = field.label, _declared(server, field.name), field.choices()
    if field.name == "user_name":
        return _user_name(label, server)
    if value is None and choices:
        return Field(label=label, kind=Kind.CHOSEN, value=choices[False], note="not declared")
    if value is None:
        return Field(label=label, kind=Kind.EMPTY, note=EMPTY_NOTES.get(field.name, ""))
    if field.name == server.secret_field:
        return Field(label=label, kind=Kind.SECRET, value=secret, note=secret_note(server))
    note = _DEFAULT if value == field.schema.get("default") else ""
    if choices:
        return Field(label=label, kind=Kind.CHOSEN, value=choices[value], note=note)
    return Field(label=label, kind=Kind.TYPED, value=str(value), note=note)


def _declared(server: EmailServer, name: str) -> Any:
    """The value of `oauth2.client_id`, default included; None if there is none."""
    value: Any = server
    for key in name.split("."):
        value = getattr(value, key, None)
    return value


def secret_note(server: EmailServer) -> str:
    """Where the server's secret is read, and when it expires; empty if it has none."""
    if server.secret is None:
        return ""
    expires = server.oauth2.client_secret_expires if server.oauth2 else None
    return f"read from {source_of(server.secret)}" + (f"; expires on {expires}" if expires else "")


def _user_name(label: str, server: EmailServer) -> Field:
    """As a push delivers it, see `ServerEntry.user_name`: only the identity is not known here."""
    if server.mailbox is None:
        note = "or the mailbox that will sign in" if server.oauth2 else ""
        return Field(label=label, kind=Kind.EMPTY, note=note)
    note = "" if server.user_name else "not declared: the Login Hint"
    return Field(label=label, kind=Kind.TYPED, value=server.mailbox, note=note)


def register_step(server: EmailServer) -> Step:
    """What the provider has to know of MAPS."""
    is_https = server.oauth2 is not None and server.oauth2.use_https_on_callback
    return Step(
        f"MAPS will use the redirect URI {'https' if is_https else 'http'}://localhost:PORT, with "
        "any port that is free. To print the values to register at the provider, run",
        proposed_command("authenticate", server.server_name, "--card"),
    )


def sign_in_steps(server: EmailServer) -> tuple[Step, Step]:
    """The dialog has no field for a token, so a person signs in from MAPS once more."""
    return (
        Step(
            f"Click Authenticate in MAPS and sign in as {server.mailbox or 'the mailbox'} in the "
            "browser that opens: the dialog has no field for a token."
        ),
        Step(
            "Know that this sign-in makes a token of MAPS' own, beside the one that provisioner "
            "may keep for this server. No command of provisioner sees, refreshes or revokes that "
            "of MAPS."
        ),
    )
