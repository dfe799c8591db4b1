"""The vault password of a project. Nothing in a checkout chooses it: it is the user's own.

In this order: the project's in the user's config.yml, ANSIBLE_VAULT_PASSWORD_FILE, the one for
all projects in config.yml, the key that was generated beside it.
"""

from __future__ import annotations

import json
import os
import secrets
import shlex
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
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
    announce: Callable[[str], None] = lambda _line: None

    def find(self, *, create: bool = False) -> VaultKey:
        """The key; SecretUnavailable if there is none. `create` generates one then.

        What an unfinished `rekey` has encrypted opens, too.
        """
        key, following = self._in_use(create=create), self.following()
        if following is None or following.password == key.password:
            return key
        return VaultKey(key.password, following.password)

    def following(self) -> VaultKey | None:
        """The key of an unfinished `rekey`."""
        folder = configuration_folder(self.environment)
        if folder is None or not os.path.lexists(folder / NEXT_KEY_FILE):
            return None
        self._refuse_in_checkout(folder / NEXT_KEY_FILE)
        return _key_in(folder / NEXT_KEY_FILE)

    def key_of_file(self, path: Path, named_by: str) -> VaultKey:
        """The key in a file, or printed by it if it is a program, that a user names."""
        return self._from_file(expanded(path), named_by)

    def _in_use(self, *, create: bool) -> VaultKey:
        config = self._config()
        if config.is_of_project:
            return self._declared(config.vault_password)
        if named := self.environment.get(PASSWORD_FILE_VARIABLE):
            return self.key_of_file(Path(named), PASSWORD_FILE_VARIABLE)
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

    def file_in_use(self) -> Path | None:
        """The file that has the key in use; None if the key comes from something else."""
        config, named = self._config(), self.environment.get(PASSWORD_FILE_VARIABLE)
        if named and not config.is_of_project:
            return expanded(Path(named))
        if config.vault_password is None:
            return self.key_file
        source = source_of(self._reference_to(config.vault_password))
        return source.path if isinstance(source, File) else None

    def setting_for(self, path: Path) -> str:
        """The setting that makes the key of this file the one in use."""
        config, named = self._config(), self.environment.get(PASSWORD_FILE_VARIABLE)
        if not config.is_of_project and (named or config.vault_password is None):
            return f"export {PASSWORD_FILE_VARIABLE}={shlex.quote(str(path))}"
        entry = f"vault_password: {{file: {json.dumps(str(path))}}}"
        whose = f"projects: {{{json.dumps(self.identity)}: {{{entry}}}}}"
        return f"in {self.key_file.parent}/config.yml: {whose if config.is_of_project else entry}"

    @contextmanager
    def key_lock(self) -> Iterator[Path]:
        """Hold the lock of the generated key; its path. OSError: there is no place for it."""
        path = self.key_file
        self._refuse_in_checkout(path)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with exclusive_lock(
            path.with_name(f".{KEY_FILE}.lock"),
            str(path),
            owner=process_owner(),
            remedy="wait until that run has ended, then run again",
            wait_seconds=_FIRST_RUN_SECONDS,
        ):
            for left_over in path.parent.glob(f".{KEY_FILE}*.tmp"):  # of a killed run
                left_over.unlink(missing_ok=True)
            yield path

    def _config(self) -> UserConfig:
        return read_user_config(self.environment, self.identity, self.root)

    def _declared(self, value: Any) -> VaultKey:
        reference, named_by = self._reference_to(value), "vault_password in config.yml"
        if not is_reference(value):
            raise FileUnusable(
                f"{named_by} is not a secret source", remedy="write {file: PATH} or {env: NAME}"
            )
        source = source_of(reference)
        if isinstance(source, File):
            return self._from_file(source.path, named_by)
        return self._read(reference, named_by)

    def _reference_to(self, value: Any) -> SecretReference:
        return SecretReference(value, configuration_folder(self.environment) or self.root)

    def _from_file(self, path: Path, named_by: str) -> VaultKey:
        """Ansible runs its password file if it is executable; so do we."""
        self._refuse_in_checkout(path)
        if path.is_file() and os.access(path, os.X_OK):
            _judge_program(path, path.stat())
            return self._read(SecretReference({Command.key: [str(path)]}, path.parent), named_by)
        return _key_in(path) or _raise_missing(path, named_by)

    def _read(self, reference: SecretReference, named_by: str) -> VaultKey:
        context = ReadContext(
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
        return key or self._make(path)

    def _make(self, path: Path) -> VaultKey:
        """Two first runs make one key. A new one beside tokens would open none of them."""
        if any(self.tokens_path.glob("*.yml")):
            raise SecretUnavailable(
                f"{self.tokens_path} has tokens, but the key that opens them is not at {path}",
                remedy="copy the vault-key file from where they were made; if it is lost, remove "
                "the token files and sign in again",
            )
        try:
            with self.key_lock():
                if (key := _key_in(path)) is not None:
                    return key
                key = write_key(path, new_key())
        except OSError as error:
            raise unwritable_key(path, error) from None
        self.announce(f"Made the vault key {path}. Keep a copy: it opens the tokens.")
        return key


def unwritable_key(path: Path, error: OSError) -> FileUnusable:
    """The error for a key that cannot be written."""
    return FileUnusable(
        f"cannot write the vault key {path}: {error.strerror}",
        remedy=f"make the folder writable, or set {PASSWORD_FILE_VARIABLE}",
    )


def new_key() -> VaultKey:
    """A new random key."""
    return VaultKey(Secret(secrets.token_hex(32)))


def expanded(path: Path) -> Path:
    """Absolute, and without `~`; what names no user's home is left as it is."""
    return Path.cwd() / os.path.expanduser(path)  # noqa: PTH111  pathlib's may raise


def write_key(path: Path, key: VaultKey) -> VaultKey:
    """The key in this file. OSError."""
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
