"""How a declared file refers to a secret. Not yet read: `validate` never reads one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from provisioner.secret import Secret


@dataclass(frozen=True, slots=True)
class Plaintext:
    """The secret itself stands in the declared file (a finding, but it works)."""

    text: Secret


@dataclass(frozen=True, slots=True)
class VaultText:
    """`!vault`: inline ansible-vault ciphertext, opened with the project's vault password."""

    ciphertext: str


@dataclass(frozen=True, slots=True)
class EnvironmentVariable:
    """`{env: NAME}`."""

    name: str


@dataclass(frozen=True, slots=True)
class SecretFile:
    """`{file: PATH}`, relative to the project folder; one trailing line break is not part of it."""

    path: Path


@dataclass(frozen=True, slots=True)
class Command:
    """`{command: [argv]}`: its standard output; runs only with `--allow-commands`."""

    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeyringEntry:
    """`{keyring: SERVICE/NAME}` in the operating system's keyring."""

    service: str
    name: str


SecretReference = Plaintext | VaultText | EnvironmentVariable | SecretFile | Command | KeyringEntry
