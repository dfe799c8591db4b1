"""One server as a host receives it: what is declared, secrets and tokens in one entry."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from provisioner.ansible.run_input import Mail
from provisioner.config.pointer import pointer_to
from provisioner.credentials.store import TokenSet
from provisioner.errors import ProvisionerError
from provisioner.host.host_document import known_names, looks_like_placeholder
from provisioner.model.email_server import EmailServer, TestEmail
from provisioner.resources import published_schema
from provisioner.secret import Secret
from provisioner.smtp.client import SmtpAccount


class NoMailbox(ProvisionerError):
    """Nothing says from whom a server's test email would come."""


class ContractBroken(ProvisionerError):
    """What a host would get is not what is promised to it; nothing was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerEntry:
    """An element of `servers` in the host document (schemas/host-document.schema.json)."""

    server: EmailServer
    password: Secret | None = None
    client_secret: Secret | None = None
    token_set: TokenSet | None = None

    @property
    def name(self) -> str:
        return self.server.server_name

    @property
    def user_name(self) -> str | None:
        """The mailbox: user_name, else login_hint, else the identity that signed in."""
        return self.server.mailbox or (self.token_set.identity if self.token_set else None)

    def secrets(self) -> tuple[Secret, ...]:
        tokens = self.token_set
        found = (
            self.password,
            self.client_secret,
            tokens.access_token if tokens else None,
            tokens.refresh_token if tokens else None,
        )
        return tuple(secret for secret in found if secret is not None)

    def as_json(self) -> dict[str, Any]:
        """The entry as it is written, secrets revealed: each key of the schema, null if not set."""
        own = {
            "user_name": self.user_name,
            "password": self.password,
            "client_secret": self.client_secret,
            "token": self.token_set,
        }
        keys = published_schema("host-document")["properties"]["servers"]["items"]
        return _written(keys, self.server, own)

    def public(self, *, check: bool = True) -> tuple[dict[str, Any], dict[str, str]]:
        """(the entry with null for hidden values, JSON pointer -> JSON token of each of these).

        ContractBroken if the published schema promises something else to hosts; not where
        nothing but tokens is wanted (`check` False).
        """
        content = self.as_json()
        if check:
            _require_contract(self, content)
        hidden: dict[str, str] = {}
        _hide(content, "", hidden)
        return content, hidden

    def account(self, ca_file: Path | None) -> SmtpAccount:
        """How this machine signs in at its mail server."""
        secret = self.token_set.access_token if self.token_set else self.password
        return SmtpAccount.of(self.server, self.user_name, secret, ca_file)

    def mail(self, project_wide: TestEmail) -> Mail:
        """Its test email: of its own test_email, else provisioner.yml's, else the mailbox's."""
        own = self.server.test_email
        sender = own.sender or self.user_name or project_wide.sender
        recipient = own.recipient or project_wide.recipient or sender
        if not sender or not recipient:
            where = self.server.where("user_name")
            raise NoMailbox(
                f"{where}: there is no mailbox to send a test email from",
                remedy="add `test_email: {from: you@example.edu, to: you@example.edu}` to the "
                "server",
            )
        return Mail(sender=sender, recipient=recipient)


def _written(keys: Mapping[str, Any], source: object, own: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of `source` that a schema has `keys` for; `own` has others in their place."""
    found = {}
    for name, inner in keys["properties"].items():
        value = own[name] if name in own else getattr(source, name)
        if value is not None and "properties" in inner:
            value = _written(inner, value, own)
        found[name] = value.reveal() if isinstance(value, Secret) else value
    return found


def _hide(content: dict[str, Any], pointer: str, hidden: dict[str, str]) -> None:
    """Take hidden values out of an entry."""
    shown = known_names()[1]
    for name, value in content.items():
        if isinstance(value, dict):
            _hide(value, f"{pointer}/{name}", hidden)
        elif name not in shown and value is not None and value != "":
            hidden[f"{pointer}/{name}"] = json.dumps(value, ensure_ascii=False)
            content[name] = None


def _require_contract(entry: ServerEntry, content: Mapping[str, Any]) -> None:
    """By `jsonschema`, of which nothing else is used here: a second opinion on a second occasion.
    Its words are left behind, since they quote values."""
    error = next(_contract().iter_errors([content]), None)
    path, why = ([*error.absolute_path][1:], error.validator) if error else ([], "")
    if error is None:
        found = looks_like_placeholder(content)
        if found is None:
            return
        path, why = list(found), "it looks like a placeholder, or is not text"
    raise ContractBroken(
        f"{entry.server.where()}: its entry breaks the contract "
        f"of the host document at {pointer_to(path) or 'the entry'} ({why})",
        remedy="check what is declared there and the secret that it refers to; `provisioner "
        "schema host-document` prints the contract. If they are correct, report this as a bug",
    )


@cache
def _contract() -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(published_schema("host-document")["properties"]["servers"])
