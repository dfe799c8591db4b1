"""Whether the vault key comes from the user, or from files that a pull request can change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from provisioner.errors import ProvisionerError
from provisioner.model.project import Project
from provisioner.secret_sources.vault import VaultKey
from provisioner.tokens.vault_key import find_vault_key, users_key_path


def is_the_users_own(key: VaultKey, project: Project, environment: Mapping[str, str]) -> bool:
    """Whether this key is what the environment, or the generated key file, gives as well.

    `vault_password` of provisioner.yml proves nothing: with {env: LANG} or {file: /etc/hostname}
    a pull request would choose a key that its author knows, and bring files sealed with it.
    """
    try:
        path = users_key_path(environment)
        if path.resolve().is_relative_to(_checkout(project.root.resolve())):
            return False
        return project.vault_password is None or key == users_key(project, environment)
    except ProvisionerError:
        return False  # there is no place for a key


def users_key(project: Project, environment: Mapping[str, str]) -> VaultKey | None:
    """The key that the user has, whatever the project names; None if there is none."""
    try:
        return find_vault_key(replace(project, vault_password=None), environment=environment)
    except ProvisionerError:
        return None


def _checkout(root: Path) -> Path:
    """The folder that git brings: the nearest one with .git, else the project itself."""
    return next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
