"""The text of a new definition: what `init` writes into servers/NAME.yml."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from provisioner.providers.provider import Provider
from provisioner.providers.registrations import Registration

_TEXT = """\
# yaml-language-server: $schema=https://w3id.org/maps-provisioner/v1/email-server.schema.json
# {title}. `provisioner validate` checks this file, `provisioner schema` explains each key.
server_name: {server_name}
host: {host}
port: {port}{tls}
smtp_security_level: oauth2
use_tls: true
user_name: {mailbox}  # the mailbox; whoever signs in is compared with it{limit}
oauth2:
  access_token_url: {access_token_url}
  authorization_url: {authorization_url}
  client_id: {client_id}
  # Read when it is needed; {{file: PATH}}, {{keyring: SERVICE/NAME}} and !vault serve, too.
  client_secret: {{env: {variable}}}
  # client_secret_expires: YYYY-MM-DD  # `provisioner status` warns before
  scope_for_authorize: {scope}{doubt}
# hosts: maps  # which hosts get it: a group or pattern of the inventory
"""

# Plain in YAML, and no number, date or keyword: letters first, no ` #`, no `: `.
_PLAIN = re.compile(r"[A-Za-z][\w.@+/?&=%~-]*(?::[\w.@+/?&=%~-]+)*(?: [\w.@+/?&=%~:-]*[\w./])*")
_KEYWORDS = frozenset({"true", "false", "null"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDefinition:
    """What has to be known of a server before its definition can be written."""

    server_name: str
    mailbox: str
    host: str
    port: int
    authorization_url: str
    access_token_url: str
    scope: str
    client_id: str

    @property
    def file_name(self) -> str:
        """`reports.yml`, safe on every file system."""
        slug = re.sub(r"[^a-z0-9]+", "-", self.server_name.lower()).strip("-")[:60].strip("-")
        return f"{slug or 'server'}.yml"

    @property
    def variable(self) -> str:
        """The environment variable that the client secret is read from."""
        words = re.sub(r"[^A-Z0-9]+", "_", self.server_name.upper()).strip("_")
        named = words if words[:1].isalpha() else f"MAPS_{words}".rstrip("_")
        return f"{named[:60]}_CLIENT_SECRET"

    def text(self, provider: Provider, registration: Registration) -> str:
        """The definition as YAML with comments."""
        limit = provider.messages_per_minute
        return _TEXT.format(
            title=f"Email server at {provider.label}",
            server_name=_scalar(self.server_name),
            host=_scalar(self.host),
            port=self.port,
            tls="  # TLS from the first byte" if self.port == 465 else "  # with STARTTLS",
            mailbox=_scalar(self.mailbox),
            limit=f"\nmaximum_emails_per_minute: {limit}  # the provider's limit" if limit else "",
            access_token_url=_scalar(self.access_token_url),
            authorization_url=_scalar(self.authorization_url),
            client_id=_scalar(self.client_id),
            variable=self.variable,
            scope=_scalar(self.scope),
            doubt=f"  # {registration.doubt}" if registration.doubt else "",
        )


def _scalar(text: str) -> str:
    """Plain where that is certain, else in double quotes: JSON's are YAML's."""
    if _PLAIN.fullmatch(text) and text.casefold() not in _KEYWORDS:
        return text
    return json.dumps(text, ensure_ascii=False)
