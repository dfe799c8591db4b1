"""Gates of one project folder, as runs on one or another machine open them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from provisioner.model.email_server import EmailServer, Origin, SecurityLevel
from provisioner.model.project import Project
from provisioner.secret_sources.reference import EnvironmentVariable, SecretReference
from provisioner.secret_sources.vault import VaultKey
from provisioner.tokens.destination_store import DestinationStore
from provisioner.tokens.gate import Ask, Gate
from provisioner.tokens.known_stores import KnownStores
from provisioner.tokens.sealed_folder import SealedFolder
from provisioner.tokens.store import TokenStore
from tests.oauth_samples import KEY, project_in

RELAY_PASSWORD = EnvironmentVariable("RELAY_PASSWORD")


def password_server(
    name: str = "Relay", *, password: SecretReference = RELAY_PASSWORD, **changes: Any
) -> EmailServer:
    """A server that signs in with a password."""
    server = EmailServer(
        server_name=name,
        host="mail.example.edu",
        port=587,
        smtp_security_level=SecurityLevel.PLAIN,
        use_tls=True,
        user_name="reports@example.edu",
        password=password,
        origin=Origin(f"servers/{name.lower()}.yml", 1),
    )
    return replace(server, **changes)


@dataclass
class Machine:
    """A user's machine with a checkout of the project at `folder`.

    `key`: what opens the store there; `own_key`: nobody but the user can have chosen it.
    """

    folder: Path
    configuration: Path
    key: VaultKey = KEY
    own_key: bool = True

    def gate(self, *, accept: Iterable[str] = (), ask: Ask | None = None, **project: Any) -> Gate:
        declared: Project = replace(project_in(self.folder), **project)
        files = SealedFolder(declared.tokens_path, lambda: self.key)
        return Gate(
            project=declared,
            tokens=TokenStore(declared.tokens_path, lambda: self.key),
            destinations=DestinationStore(
                project=declared.root,
                files=files,
                accepting=files,
                known=KnownStores(self.configuration),
                key_is_the_users_own=lambda: self.own_key,
            ),
            accepted=frozenset(accept),
            ask=ask,
        )
