"""One declared email server, clean: what `documents` and `lint` have found nothing wrong with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from provisioner.security_level import SecurityLevel

DEFAULT_HOSTS = "maps"
DEFAULT_PORT = 25


@dataclass(frozen=True, slots=True)
class SecretReference:
    """Where a secret is read from, as declared; `credentials.sources` parses and reads it.

    `root` is where a relative path starts.
    """

    value: Any = field(repr=False, hash=False)
    root: Path


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a server is declared: for messages. `line_of` finds the line of `/oauth2/scope`."""

    file: str
    line: int
    line_of: Callable[[str], int] | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth2Settings:
    """The ten OAuth2 fields of the MAPS dialog, and `client_secret_expires`, which is ours."""

    access_token_url: str
    authorization_url: str
    client_id: str
    client_secret: SecretReference
    client_secret_expires: date | None = None
    login_hint: str | None = None
    prompt: str | None = None
    refresh_token_url: str | None = None
    scope_for_authorize: str
    scope_for_token: str | None = None
    use_https_on_callback: bool = False

    @property
    def refresh_endpoint(self) -> str:
        """Where refresh requests go: `refresh_token_url`, else the token endpoint."""
        return self.refresh_token_url or self.access_token_url


@dataclass(frozen=True, slots=True)
class LogFile:
    """MAPS' own log of its SMTP conversations."""

    enabled: bool
    file_name: str | None = None


@dataclass(frozen=True, slots=True)
class TestEmail:
    """Envelope of the test email; `None` falls back as `deploy/entry.py` says."""

    __test__ = False  # not a pytest class

    sender: str | None = None
    recipient: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailServer:
    """One MAPS email-server definition. Identity: `server_name`."""

    server_name: str
    host: str
    port: int = DEFAULT_PORT
    client_name: str | None = None
    maximum_emails_per_minute: int | None = None
    smtp_security_level: SecurityLevel
    use_tls: bool = False
    user_name: str | None = None
    password: SecretReference | None = None
    oauth2: OAuth2Settings | None = None
    logging: LogFile | None = None
    hosts: str = DEFAULT_HOSTS
    test_email: TestEmail = field(default_factory=TestEmail)
    origin: Origin

    def where(self, name: str = "") -> str:
        """How a message begins: `servers/a.yml:7: Reports: oauth2.client_secret`.

        With a field's dotted name its line; where it is not declared, the line of what holds it.
        """
        line_of, line = self.origin.line_of, self.origin.line
        if name and line_of is not None:
            line = line_of("/" + name.replace(".", "/"))
        return ": ".join(filter(None, (f"{self.origin.file}:{line}", self.server_name, name)))

    @property
    def secret(self) -> SecretReference | None:
        """Where the server's one secret is: its client secret, or its password."""
        return self.oauth2.client_secret if self.oauth2 else self.password

    @property
    def secret_field(self) -> str:
        return "oauth2.client_secret" if self.oauth2 else "password"

    @property
    def mailbox(self) -> str | None:
        """The mailbox as declared: user_name, else login_hint. None: the identity signed in."""
        return self.user_name or (self.oauth2.login_hint if self.oauth2 else None)
