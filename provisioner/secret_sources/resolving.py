"""A reference to a secret -> the secret. To add a source: its file, one line in the table."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from provisioner.errors import SecretUnavailable
from provisioner.secret import Secret
from provisioner.secret_sources import command, environment, file, keyring_entry, vault_text
from provisioner.secret_sources.context import SourceContext
from provisioner.secret_sources.reference import (
    Command,
    EnvironmentVariable,
    KeyringEntry,
    Plaintext,
    SecretFile,
    SecretReference,
    VaultText,
)
from provisioner.secret_sources.vault import VaultKey

_SOURCES: Mapping[type, Callable[[Any, SourceContext], Secret]] = {
    Plaintext: lambda reference, _: reference.text,
    EnvironmentVariable: environment.read,
    SecretFile: file.read,
    Command: command.read,
    KeyringEntry: keyring_entry.read,
    VaultText: vault_text.read,
}


class SecretResolver:
    """Reads secrets where the declared files say they are.

    `vault_key` is called only if a `!vault` text is met. `environment` is where {env: NAME} looks;
    the programs of {command: ...} get the process's own.
    """

    def __init__(
        self,
        project_root: Path,
        *,
        vault_key: Callable[[], VaultKey] | None = None,
        allow_commands: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._context = SourceContext(
            project_root=project_root,
            environment=os.environ if environment is None else environment,
            children=os.environ,
            vault_key=vault_key or _no_vault_key,
            allow_commands=allow_commands,
        )

    def resolve(self, reference: SecretReference, field: str) -> Secret:
        """The secret, never empty. `field` names it in errors, e.g. `Reports: client_secret`."""
        try:
            secret = _SOURCES[type(reference)](reference, self._context)
        except SecretUnavailable as error:
            raise SecretUnavailable(f"{field}: {error.message}", remedy=error.remedy) from None
        if not secret:
            raise SecretUnavailable(
                f"{field}: the secret is empty", remedy="give its source the secret's value"
            )
        return _sendable(secret, field)


def _sendable(secret: Secret, field: str) -> Secret:
    """A variable may hold any bytes, and JSON half a character; neither can be sent as text."""
    try:
        secret.reveal().encode()
    except UnicodeEncodeError:
        raise SecretUnavailable(
            f"{field}: the secret is not UTF-8 text",
            remedy="give its source the secret's value as plain UTF-8 text",
        ) from None
    return secret


def _no_vault_key() -> VaultKey:
    raise SecretUnavailable(
        "is vault text, and the vault password itself cannot be one",
        remedy="use {env: NAME}, {file: PATH} or another source",
    )
