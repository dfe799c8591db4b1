"""The gate as the user's machine has it: their key, the stores they know, their terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Protocol

from provisioner.cli.consent import asker
from provisioner.errors import SecretUnavailable
from provisioner.model.project import Project
from provisioner.secret_sources.vault import VaultKey
from provisioner.tokens.destination_store import DestinationStore
from provisioner.tokens.gate import Gate
from provisioner.tokens.known_stores import KnownStores
from provisioner.tokens.sealed_folder import SealedFolder
from provisioner.tokens.store import TokenStore
from provisioner.tokens.vault_key import key_file_path
from provisioner.tokens.vault_key_origin import is_the_users_own, users_key


class KeyFor(Protocol):
    """Finds the vault key; `create` makes one if the user has none."""

    def __call__(self, *, create: bool) -> VaultKey: ...


def users_gate(
    project: Project,
    store: TokenStore,
    environment: Mapping[str, str],
    accepted: frozenset[str],
    *,
    key_for: KeyFor,
) -> Gate:
    """The gate of a project. Accepting makes a key: passwords alone have no sign-in that would."""
    # Whether the key is theirs is asked where a file was opened with it, or one is to be written.
    accepting: Callable[[], VaultKey] = partial(key_for, create=True)
    destinations = DestinationStore(
        project=project.root,
        files=store.files,
        accepting=SealedFolder(project.tokens_path, accepting),
        known=KnownStores(_configuration_folder(environment)),
        key_is_the_users_own=lambda: is_the_users_own(accepting(), project, environment),
    )
    return Gate(
        project=project,
        tokens=store,
        destinations=destinations,
        accepted=accepted,
        ask=asker(),
        users_key=partial(users_key, project, environment),
    )


def _configuration_folder(environment: Mapping[str, str]) -> Path | None:
    try:
        return key_file_path(environment).parent
    except SecretUnavailable:
        return None
