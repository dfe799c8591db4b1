"""What the sources of secrets may use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from provisioner.secret_sources.vault import VaultKey


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceContext:
    """The project folder, the environment, the vault key (asked for when needed), the consent.

    `children`: the environment of the programs that are run.
    """

    project_root: Path
    environment: Mapping[str, str] = field(repr=False)
    children: Mapping[str, str] = field(repr=False)
    vault_key: Callable[[], VaultKey]
    allow_commands: bool
