"""A project folder: its settings (`provisioner.yml`, optional) and its servers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from provisioner.config.files import SETTINGS_FILES
from provisioner.errors import UsageError
from provisioner.model.email_server import EmailServer, SecretReference, TestEmail


@dataclass(frozen=True, slots=True)
class PushSettings:
    """`push:` of provisioner.yml.

    `batches`: sizes as Ansible's `serial` has them; None: as the number of hosts suggests.
    `mail_budget_seconds`: for mails that are tried again. `prune_limit`: how many servers
    --prune may remove; `keep_runs`: how many journals stay; `to_be_entered`: "ignore" if values
    that a person has yet to enter into MAPS make no exit code.
    """

    forks: int = 10
    batches: tuple[int | str, ...] | None = None
    max_failures: str = "0"
    mail_budget_seconds: int = 120
    prune_limit: int = 1
    keep_runs: int = 500
    to_be_entered: str = "report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Everything declared, clean. Paths are absolute. `identity`: see `git.project_identity`."""

    root: Path
    identity: str = ""
    servers_path: Path
    inventory_path: Path
    tokens_path: Path
    ca_file: Path | None = None
    test_email: TestEmail = field(default_factory=TestEmail)
    push: PushSettings = field(default_factory=PushSettings)
    providers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    servers: tuple[EmailServer, ...] = ()

    @property
    def declared_paths(self) -> tuple[Path, ...]:
        """What a commit may differ in: settings, servers and inventory."""
        settings = (self.root / name for name in SETTINGS_FILES)
        return (*settings, self.servers_path, self.inventory_path)

    def secrets(self) -> list[SecretReference]:
        return [server.secret for server in self.servers if server.secret is not None]

    def oauth2_servers(self, names: Iterable[str] | None) -> list[EmailServer]:
        """Those named, each once, else all that use OAuth2. UsageError for one that does not."""
        named = {server.server_name: server for server in map(self.server, names or ())}
        for server in named.values():
            if server.oauth2 is None:
                raise UsageError(
                    f"{server.server_name} does not use OAuth2 (smtp_security_level: "
                    f"{server.smtp_security_level}): it has no sign-in and no tokens",
                    remedy="name a server with smtp_security_level: oauth2",
                )
        return list(named.values()) or [server for server in self.servers if server.oauth2]

    def server(self, name: str) -> EmailServer:
        """The server of that name (case-insensitive); UsageError names the ones there are."""
        for server in self.servers:
            if server.server_name.casefold() == name.casefold():
                return server
        known = ", ".join(sorted(s.server_name for s in self.servers)) or "none"
        raise UsageError(
            f"no server named {name!r} is declared in {self.servers_path}",
            remedy=f"declared servers: {known}",
        )
