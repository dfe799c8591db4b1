"""The vault password of a project. Nothing in a checkout chooses it: it is the user's own.

In this order: the project's in the user's config.yml, ANSIBLE_VAULT_PASSWORD_FILE, the one for
all projects in config.yml, the key that was generated beside it.
"""

from __future__ import annotations

import os
import secrets
import shlex
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from provisioner.credentials.sources import (
    Command,
    File,
    ReadContext,
    is_reference,
    read_secret,
    source_of,
)
from provisioner.credentials.vault import VaultKey
from provisioner.errors import FileUnusable, SecretUnavailable
from provisioner.model.email_server import SecretReference
from provisioner.private_file import exclusive_lock, process_owner, read_private, replace_file
from provisioner.secret import Secret
from provisioner.user_config import (
    UserConfig,
    configuration_folder,
    lies_in_checkout,
    read_user_config,
)

PASSWORD_FILE_VARIABLE = "ANSIBLE_VAULT_PASSWORD_FILE"  # noqa: S105
KEY_FILE = "vault-key"
NEXT_KEY_FILE = "vault-key.next"  # while `rekey` is under way

_FIRST_RUN_SECONDS = 10.0


class NoVaultKey(SecretUnavailable):
    """The user has none yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySearch:
    """Where to look for the key of one project. `identity`: see `git.project_identity`."""

    root: Path
    tokens_path: Path
    identity: str
    environment: Mapping[str, str]

    def find(self, *, create: bool = False) -> VaultKey:
        """The key; SecretUnavailable if there is none. `create` generates one then."""
        config = self._config()
        if config.is_of_project:
            return self._declared(config.vault_password)
        if named := self.environment.get(PASSWORD_FILE_VARIABLE):
            path = Path.cwd() / os.path.expanduser(named)  # noqa: PTH111  pathlib's may raise
            return self._from_file(path, PASSWORD_FILE_VARIABLE)
        if config.vault_password is not None:
            return self._declared(config.vault_password)
        return self._generated(create=create)

    @property
    def key_file(self) -> Path:
        """Where the generated key is, or would be. SecretUnavailable where there is no HOME."""
        folder = configuration_folder(self.environment)
        if folder is None:
            raise NoVaultKey(
                "no vault key: HOME is not set, so there is no place for one",
                remedy=f"set HOME, or {PASSWORD_FILE_VARIABLE}",
            )
        return folder / KEY_FILE

    def is_generated(self) -> bool:
        """Whether the generated key is the one in use."""
        named = self.environment.get(PASSWORD_FILE_VARIABLE)
        return not named and self._config().vault_password is None

    def _config(self) -> UserConfig:
        return read_user_config(self.environment, self.identity, self.root)

    def _declared(self, value: Any) -> VaultKey:
        reference = SecretReference(value, configuration_folder(self.environment) or self.root)
        named_by = "vault_password in config.yml"
        if not is_reference(value):
            raise FileUnusable(
                f"{named_by} is not a secret source", remedy="write {file: PATH} or {env: NAME}"
            )
        source = source_of(reference)
        if isinstance(source, File):
            return self._from_file(source.path, named_by)
        return self._read(reference, named_by)

    def _from_file(self, path: Path, named_by: str) -> VaultKey:
        """Ansible runs its password file if it is executable; so do we."""
        self._refuse_in_checkout(path)
        if path.is_file() and os.access(path, os.X_OK):
            _judge_program(path, path.stat())
            return self._read(SecretReference({Command.key: [str(path)]}, path.parent), named_by)
        return _key_in(path) or _raise_missing(path, named_by)

    def _read(self, reference: SecretReference, named_by: str) -> VaultKey:
        context = ReadContext(
            root=reference.root,
            environment=self.environment,
            vault_key=_no_vault_text,
            allow_commands=True,
        )
        # ansible-vault strips what it reads from its password file.
        password = read_secret(reference, context, named_by).reveal().strip()
        if not password:
            raise SecretUnavailable(f"{named_by}: blank", remedy="set it to the vault password")
        return VaultKey(Secret(password))

    def _refuse_in_checkout(self, path: Path) -> None:
        if lies_in_checkout(path, self.root, self.environment):
            raise SecretUnavailable(
                f"the vault key {path} is inside the checkout: a pull request could change it",
                remedy=f"move it out, such as to ~/.config/maps-provisioner/{KEY_FILE}",
            )

    def _generated(self, *, create: bool) -> VaultKey:
        path = self.key_file
        self._refuse_in_checkout(path)
        key = _key_in(path)
        if key is None and not create:
            raise NoVaultKey(
                f"no vault key: {path} does not exist",
                remedy="copy the vault-key file from where the tokens were made, or set "
                f"{PASSWORD_FILE_VARIABLE}; `provisioner authenticate` makes one for a new project",
            )
        key = key or self._make(path)
        following = _key_in(path.with_name(NEXT_KEY_FILE))
        return VaultKey(key.password, following.password) if following else key

    def _make(self, path: Path) -> VaultKey:
        """Two first runs make one key. A new one beside tokens would open none of them."""
        if any(self.tokens_path.glob("*.yml")):
            raise SecretUnavailable(
                f"{self.tokens_path} has tokens, but the key that opens them is not at {path}",
                remedy="copy the vault-key file from where they were made; if it is lost, remove "
                "the token files and sign in again",
            )
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with exclusive_lock(
                path.with_name(f".{KEY_FILE}.lock"),
                str(path),
                owner=process_owner(),
                remedy="wait until that run has ended, then run again",
                wait_seconds=_FIRST_RUN_SECONDS,
            ):
                if (key := _key_in(path)) is not None:
                    return key
                return write_key(path)
        except OSError as error:
            raise FileUnusable(
                f"cannot write the vault key {path}: {error.strerror}",
                remedy=f"make the folder writable, or set {PASSWORD_FILE_VARIABLE}",
            ) from None


def write_key(path: Path) -> VaultKey:
    """A new random key in this file. OSError."""
    key = VaultKey(Secret(secrets.token_hex(32)))
    replace_file(path, f"{key.password.reveal()}\n".encode())
    return key


def _key_in(path: Path) -> VaultKey | None:
    try:
        raw = read_private(path, judge=partial(_judge, path))
    except OSError as error:
        raise SecretUnavailable(
            f"cannot read the vault key {path}: {error.strerror}",
            remedy="check the path and the file's owner and mode; it opens the tokens",
        ) from None
    if raw is None:
        return None
    text = raw.decode(errors="replace").strip()
    if not text:
        raise SecretUnavailable(f"the vault key {path} is empty", remedy="restore it from a backup")
    return VaultKey(Secret(text))


def _judge(path: Path, status: os.stat_result) -> None:
    """Only the owner reads it. Root's may be read by its group: secrets of containers, systemd."""
    others = 0o037 if status.st_uid == 0 else 0o077
    if not stat.S_ISREG(status.st_mode):
        raise SecretUnavailable(f"the vault key {path} is not a file", remedy="restore the file")
    if status.st_uid not in (0, os.geteuid()):
        raise SecretUnavailable(
            f"the vault key {path} belongs to another user", remedy=_how_to_copy(path)
        )
    if status.st_mode & others:
        writes = status.st_mode & 0o022
        mend = f"chmod 600 {shlex.quote(str(path))}" if status.st_uid == os.geteuid() else ""
        raise SecretUnavailable(
            f"other users can {'write to' if writes else 'read'} the vault key {path}",
            remedy=f"{mend}\nor, where its mode cannot be changed: {_how_to_copy(path)}"
            if mend
            else _how_to_copy(path),
        )


def _judge_program(path: Path, status: os.stat_result) -> None:
    if status.st_uid not in (0, os.geteuid()) or status.st_mode & 0o022:
        raise SecretUnavailable(
            f"other users can write to {path}, which prints the vault password",
            remedy=f"chmod go-w {shlex.quote(str(path))}",
        )


def _how_to_copy(path: Path) -> str:
    return (
        f'copy it: (umask 077; cat {shlex.quote(str(path))} > "$HOME/maps-vault-key"); '
        f'export {PASSWORD_FILE_VARIABLE}="$HOME/maps-vault-key"'
    )


def _raise_missing(path: Path, named_by: str) -> VaultKey:
    raise SecretUnavailable(
        f"no vault key: {path} does not exist", remedy=f"correct {named_by}, which names it"
    )


def _no_vault_text() -> VaultKey:
    raise SecretUnavailable(
        "is vault text, and the vault password itself cannot be one",
        remedy="use {env: NAME}, {file: PATH} or another source",
    )
