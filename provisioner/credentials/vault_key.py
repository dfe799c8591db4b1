"""The vault password of a project. Nothing in a checkout chooses it: it is the user's own.

In this order: the project's in the user's config.yml, ANSIBLE_VAULT_PASSWORD_FILE, the one for
all projects in config.yml, the key that was generated beside it.
"""

from __future__ import annotations

import json
import os
import secrets
import shlex
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
from provisioner.private_file import (
    Exposure,
    exclusive_lock,
    exposure_of,
    read_private,
    replace_file,
)
from provisioner.secret import Secret
from provisioner.user_config import (
    configuration_folder,
    lies_in_checkout,
    read_user_config,
)

PASSWORD_FILE_VARIABLE = "ANSIBLE_VAULT_PASSWORD_FILE"  # noqa: S105
KEY_FILE = "vault-key"
NEXT_KEY_FILE = "vault-key.next"  # while `rekey` is under way

_FIRST_RUN_SECONDS = 10.0
_OF_PROJECT = "vault_password of the project in config.yml"
_OF_ALL = "vault_password in config.yml"


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
        named_by, value = self._setting()
        key = self._declared(named_by, value) if named_by else self._generated(create=create)
        folder = configuration_folder(self.environment)
        if folder is None or not os.path.lexists(folder / NEXT_KEY_FILE):
            return key
        following = self._in_file(folder / NEXT_KEY_FILE) or key
        return key if following == key else VaultKey(key.password, following.password)

    def _setting(self) -> tuple[str, Any]:
        """What names the key, and as which secret source; nothing names the generated one."""
        config = read_user_config(self.environment, self.identity, self.root)
        if config.is_of_project:
            return _OF_PROJECT, config.vault_password
        if named := self.environment.get(PASSWORD_FILE_VARIABLE):
            return PASSWORD_FILE_VARIABLE, {File.key: str(expanded(Path(named)))}
        if config.vault_password is not None:
            return _OF_ALL, config.vault_password
        return "", {File.key: str(self.key_file)}

    def is_generated(self) -> bool:
        named_by, _ = self._setting()
        return not named_by

    def file_in_use(self) -> Path | None:
        """The file that has the key in use; None if the key comes from something else."""
        source = source_of(self._reference(self._setting()[1]))
        return source.path if isinstance(source, File) else None

    def setting_for(self, path: Path) -> str:
        """The setting that makes the key of this file the one in use."""
        named_by, _ = self._setting()
        if named_by not in (_OF_PROJECT, _OF_ALL):
            return f"export {PASSWORD_FILE_VARIABLE}={shlex.quote(str(path))}"
        entry = f"vault_password: {{file: {json.dumps(str(path))}}}"
        if named_by == _OF_PROJECT:
            entry = f"projects: {{{json.dumps(self.identity)}: {{{entry}}}}}"
        return f"in {self.key_file.parent}/config.yml: {entry}"

    @property
    def key_file(self) -> Path:
        """Where the generated key is, or would be. SecretUnavailable where there is no HOME."""
        folder = configuration_folder(self.environment)
        if folder is None:
            raise NoVaultKey(
                "cannot create a vault key: HOME is not set",
                remedy=f"set HOME, or {PASSWORD_FILE_VARIABLE}",
            )
        return folder / KEY_FILE

    @contextmanager
    def key_lock(self) -> Iterator[Path]:
        """Hold the lock of the generated key; its path. OSError: there is no place for it."""
        path = self.key_file
        self._refuse_in_checkout(path)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with exclusive_lock(
            path.with_name(f".{KEY_FILE}.lock"),
            str(path),
            remedy="wait until that run has ended, then run again",
            wait_seconds=_FIRST_RUN_SECONDS,
        ):
            for left_over in path.parent.glob(f".{KEY_FILE}*.tmp"):  # of a killed run
                left_over.unlink(missing_ok=True)
            yield path

    def _declared(self, named_by: str, value: Any) -> VaultKey:
        if not is_reference(value):
            raise FileUnusable(
                f"{named_by} is not a secret source", remedy="write {file: PATH} or {env: NAME}"
            )
        reference = self._reference(value)
        source = source_of(reference)
        if isinstance(source, File):
            return self.key_of_file(source.path, named_by)
        return self._read(reference, named_by)

    def _reference(self, value: Any) -> SecretReference:
        return SecretReference(value, configuration_folder(self.environment) or self.root)

    def key_of_file(self, path: Path, named_by: str) -> VaultKey:
        """The key in a file, or printed by it if it is a program: Ansible runs it, so do we."""
        if path.is_file() and os.access(path, os.X_OK):
            self._refuse_in_checkout(path)
            _judge_program(path, path.stat())
            return self._read(SecretReference({Command.key: [str(path)]}, path.parent), named_by)
        if key := self._in_file(path):
            return key
        raise SecretUnavailable(
            f"no vault key: {path} does not exist", remedy=f"correct {named_by}, which names it"
        )

    def _read(self, reference: SecretReference, named_by: str) -> VaultKey:
        context = ReadContext(
            environment=self.environment,
            vault_key=_no_vault_text,
            allow_commands=True,
        )
        # ansible-vault strips what it reads from its password file.
        password = read_secret(reference, context, lambda: named_by).reveal().strip()
        if not password:
            raise SecretUnavailable(f"{named_by}: blank", remedy="set it to the vault password")
        return VaultKey(Secret(password))

    def _in_file(self, path: Path) -> VaultKey | None:
        """The key in a file; None where there is none."""
        self._refuse_in_checkout(path)
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
            raise SecretUnavailable(
                f"the vault key {path} is empty", remedy="restore it from a backup"
            )
        return VaultKey(Secret(text))

    def _refuse_in_checkout(self, path: Path) -> None:
        if lies_in_checkout(path, self.root, self.environment):
            raise SecretUnavailable(
                f"the vault key {path} is inside the checkout: a pull request could change it",
                remedy=f"move it out, such as to ~/.config/maps-provisioner/{KEY_FILE}",
            )

    def _generated(self, *, create: bool) -> VaultKey:
        path = self.key_file
        key = self._in_file(path)
        if key is None and not create:
            raise NoVaultKey(
                f"no vault key: {path} does not exist",
                remedy="copy the vault-key file from the machine that made the tokens, or set "
                f"{PASSWORD_FILE_VARIABLE}; `provisioner authenticate` makes one for a new project",
            )
        return key or self._make(path)

    def _make(self, path: Path) -> VaultKey:
        """Two first runs make one key. A new one beside tokens would open none of them."""
        if any(self.tokens_path.glob("*.yml")):
            raise SecretUnavailable(
                f"{self.tokens_path} has tokens, but the key that opens them is not at {path}",
                remedy="copy the vault-key file from the machine that made them; "
                "if it is lost, remove the token files and sign in again",
            )
        try:
            with self.key_lock():
                if (key := self._in_file(path)) is not None:
                    return key
                key = write_key(path, new_key())
        except OSError as error:
            raise unwritable_key(path, error) from None
        self.announce(f"Made the vault key {path}. Keep a copy: it opens the tokens.")
        return key


def unwritable_key(path: Path, error: OSError) -> FileUnusable:
    return FileUnusable(
        f"cannot write the vault key {path}: {error.strerror}",
        remedy=f"make the folder writable, or set {PASSWORD_FILE_VARIABLE}",
    )


def new_key() -> VaultKey:
    return VaultKey(Secret(secrets.token_hex(32)))


def expanded(path: Path) -> Path:
    """Absolute, and without `~`; what names no user's home is left as it is."""
    return Path.cwd() / os.path.expanduser(path)  # noqa: PTH111  pathlib's may raise


def write_key(path: Path, key: VaultKey) -> VaultKey:
    """The key in this file. OSError."""
    replace_file(path, f"{key.password.reveal()}\n".encode())
    return key


def _judge(path: Path, status: os.stat_result) -> None:
    """Only the owner may read it."""
    if exposure := exposure_of(status):
        mend = f"chmod 600 {shlex.quote(str(path))}\nor, if its mode cannot be changed: "
        raise SecretUnavailable(
            f"the vault key {path} {exposure}",
            remedy=(mend if status.st_uid == os.geteuid() else "") + _how_to_copy(path),
        )


def _judge_program(path: Path, status: os.stat_result) -> None:
    """A program may be read: it is what it prints that is secret."""
    exposure = exposure_of(status)
    if exposure in (Exposure.FOREIGN, Exposure.WRITABLE):
        raise SecretUnavailable(
            f"{path}, which prints the vault password, {exposure}",
            remedy=f"chmod go-w {shlex.quote(str(path))}",
        )


def _how_to_copy(path: Path) -> str:
    return (
        f'copy it: (umask 077; cat {shlex.quote(str(path))} > "$HOME/maps-vault-key"); '
        f'export {PASSWORD_FILE_VARIABLE}="$HOME/maps-vault-key"'
    )


def _no_vault_text() -> VaultKey:
    raise SecretUnavailable(
        "is vault text, and the vault password itself cannot be one",
        remedy="use {env: NAME}, {file: PATH} or another source",
    )
