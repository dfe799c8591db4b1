"""The vault password of a project: its own, the environment's, or one generated for this user."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from provisioner.errors import SecretUnavailable, TokenStoreError
from provisioner.model.project import Project
from provisioner.secret import Secret
from provisioner.secret_sources.reference import Command, SecretFile, SecretReference
from provisioner.secret_sources.resolving import SecretResolver
from provisioner.secret_sources.vault import VaultKey
from provisioner.tokens.private_file import create_private, read_private

PASSWORD_FILE_VARIABLE = "ANSIBLE_VAULT_PASSWORD_FILE"  # noqa: S105


def find_vault_key(
    project: Project,
    *,
    create: bool = False,
    allow_commands: bool = False,
    environment: Mapping[str, str] | None = None,
) -> VaultKey:
    """The key of the project's tokens and `!vault` texts; SecretUnavailable if there is none.

    `create` makes one if the user has none yet: only `init` and `authenticate` ask for that.
    """
    settings = os.environ if environment is None else environment
    named = project.vault_password or _ansibles(settings.get(PASSWORD_FILE_VARIABLE))
    if named is None:
        return _generated_key(key_file_path(settings), project, create=create)
    resolver = SecretResolver(project.root, allow_commands=allow_commands, environment=environment)
    origin = "vault_password" if project.vault_password else PASSWORD_FILE_VARIABLE
    # ansible-vault strips what it reads from its password file.
    password = resolver.resolve(named, origin).reveal().strip()
    if not password:
        raise SecretUnavailable(f"{origin}: blank", remedy="give it the vault password")
    return VaultKey(Secret(password))


def users_key_path(environment: Mapping[str, str]) -> Path:
    """Where the key lies if the project names none of its own."""
    named = environment.get(PASSWORD_FILE_VARIABLE)
    return _absolute(named) if named else key_file_path(environment)


def key_file_path(environment: Mapping[str, str]) -> Path:
    """Where the generated key lies (XDG Base Directory: a relative value is to be ignored)."""
    configured = environment.get("XDG_CONFIG_HOME", "")
    if Path(configured).is_absolute():
        return Path(configured) / "maps-provisioner" / "vault-key"
    home = environment.get("HOME")
    if not home:
        raise SecretUnavailable(
            "no vault key: HOME is not set, so there is no place for one",
            remedy=f"set HOME, or {PASSWORD_FILE_VARIABLE}, or vault_password in provisioner.yml",
        )
    return Path(home) / ".config" / "maps-provisioner" / "vault-key"


def _ansibles(value: str | None) -> SecretReference | None:
    """Ansible runs its password file if it is executable; we do so as with any command."""
    if not value:
        return None
    path = _absolute(value)
    if path.is_file() and os.access(path, os.X_OK):
        return Command((str(path),))
    return SecretFile(path)


def _absolute(password_file: str) -> Path:
    return Path.cwd() / Path(password_file).expanduser()


def _generated_key(path: Path, project: Project, *, create: bool) -> VaultKey:
    try:
        return _read_key(path)
    except FileNotFoundError:
        if not create:
            raise _no_key(path) from None
    _refuse_to_orphan(project, path)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        create_private(path, f"{secrets.token_hex(32)}\n".encode())
    except FileExistsError:
        pass  # another run was faster: its key is the key
    except OSError as error:
        raise SecretUnavailable(
            f"the vault key {path} cannot be written: {error.strerror}",
            remedy=f"make the folder writable, or set {PASSWORD_FILE_VARIABLE}",
        ) from None
    return _read_key(path)


def _read_key(path: Path) -> VaultKey:
    try:
        text = read_private(path, _refuse_what_others_read).decode(errors="replace").strip()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise SecretUnavailable(
            f"the vault key {path} cannot be read: {error.strerror}",
            remedy="restore it from a backup; it opens the tokens",
        ) from None
    if not text:
        raise SecretUnavailable(f"the vault key {path} is empty", remedy="restore it from a backup")
    return VaultKey(Secret(text))


def _refuse_what_others_read(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise SecretUnavailable(f"the vault key {path} is not a file", remedy="restore the file")
    if status.st_uid != os.geteuid():
        raise SecretUnavailable(
            f"the vault key {path} belongs to another user", remedy="use a key of your own"
        )
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise SecretUnavailable(
            f"the vault key {path} can be read by others",
            remedy=f"if nobody did, close it: chmod 600 {path}; else make a new key and sign in "
            "again",
        )


def _refuse_to_orphan(project: Project, path: Path) -> None:
    """A new key beside tokens of another one would leave a folder that nobody opens whole."""
    if any(project.tokens_path.glob("*.yml")):
        raise TokenStoreError(
            f"{project.tokens_path} holds tokens, but the key that opens them is not at {path}",
            remedy="bring the vault-key file from where they were made; if it is lost, remove "
            "the token files and sign in again",
        )


def _no_key(path: Path) -> SecretUnavailable:
    return SecretUnavailable(
        f"no vault key: {path} does not exist",
        remedy="bring the vault-key file from where the tokens were made, or set "
        f"{PASSWORD_FILE_VARIABLE}; `provisioner authenticate` makes one for a new project",
    )
