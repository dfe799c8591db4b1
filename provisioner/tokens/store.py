"""The tokens of a project: one encrypted file a server, replaced whole, under a lock each."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from provisioner.errors import TokenStoreError
from provisioner.secret_sources.vault import VaultKey, VaultUnreadable
from provisioner.tokens.file_name import token_file_name
from provisioner.tokens.private_file import read_private, sync_folder, write_private
from provisioner.tokens.server_lock import server_lock
from provisioner.tokens.token_set import TokenSet
from provisioner.tokens.token_text import token_set_from, token_text

LOCK_WAIT_SECONDS = 60.0

_WORKING_FOLDER = ".working"  # locks and unfinished files; git is told to leave it alone


@dataclass(frozen=True, slots=True)
class LockedTokens:
    """One server's tokens while their lock is held: the only way to write them."""

    store: TokenStore
    server_name: str

    def load(self) -> TokenSet | None:
        """What lies there now."""
        return self.store.load(self.server_name)

    def save(self, token_set: TokenSet) -> None:
        """Replace what lies there. On return it is on disk."""
        self.store._write(self.server_name, token_set)

    def delete(self) -> None:
        """Remove the file."""
        self.store._remove(self.server_name)


@dataclass(frozen=True, slots=True)
class TokenStore:
    """`folder` is the project's tokens/; `key` is asked for when a file is met."""

    folder: Path
    key: Callable[[], VaultKey]

    def path(self, server_name: str) -> Path:
        """Where this server's tokens lie."""
        return self.folder / token_file_name(server_name)

    def exists(self, server_name: str) -> bool:
        """Whether something lies there, readable or not."""
        return os.path.lexists(self.path(server_name))

    def load(self, server_name: str) -> TokenSet | None:
        """The server's tokens, or None where nobody has signed in. Needs no lock."""
        path = self.path(server_name)
        try:
            raw = read_private(path, _refuse_what_others_write)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unusable(path, error) from None
        return self._opened(path, raw, server_name)

    @contextmanager
    def locked(
        self, server_name: str, *, wait_seconds: float = LOCK_WAIT_SECONDS
    ) -> Iterator[LockedTokens]:
        """Hold this server's lock. Whatever was loaded before must be loaded again inside."""
        lock = self._working_folder() / f"{token_file_name(server_name)}.lock"
        with server_lock(lock, server_name, wait_seconds=wait_seconds):
            yield LockedTokens(self, server_name)

    def prepare(self) -> None:
        """Find out now, not after a sign-in, that the folder cannot be written or has no key."""
        working = self._working_folder()
        if not os.access(self.folder, os.W_OK) or not os.access(working, os.W_OK):
            raise _unusable(self.folder, PermissionError(0, "not writable"))
        self.key()

    def _opened(self, path: Path, raw: bytes, server_name: str) -> TokenSet:
        try:
            text = self.key().decrypt(raw.decode("ascii", errors="replace"))
        except VaultUnreadable as error:
            raise TokenStoreError(f"{path} {error.message}", remedy=error.remedy) from None
        token_set = token_set_from(text, origin=str(path))
        if token_set.server_name != server_name:
            raise TokenStoreError(
                f"{path} holds the tokens of {token_set.server_name!r}, not of {server_name!r}",
                remedy="give it its own name back, or move it away and sign in again",
            )
        return token_set

    def _write(self, server_name: str, token_set: TokenSet) -> None:
        path = self.path(server_name)
        sealed = self.key().encrypt(token_text(token_set)).encode("ascii")
        working = self._working_folder()
        try:
            for left_over in working.glob(f"{path.name}.*.tmp"):  # of a run that was killed
                left_over.unlink(missing_ok=True)
            write_private(path, sealed, working_folder=working)
        except OSError as error:
            raise _unusable(path, error) from None

    def _remove(self, server_name: str) -> None:
        path = self.path(server_name)
        try:
            path.unlink(missing_ok=True)
            sync_folder(self.folder)
        except OSError as error:
            raise _unusable(path, error) from None

    def _working_folder(self) -> Path:
        working = self.folder / _WORKING_FOLDER
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            working.mkdir(mode=0o700, exist_ok=True)
            if not stat.S_ISDIR(working.lstat().st_mode):  # a link in a checkout may lead anywhere
                raise NotADirectoryError(0, "not a folder of its own")
            if not os.path.lexists(working / ".gitignore"):
                (working / ".gitignore").write_text("*\n")
        except OSError as error:
            raise _unusable(working, error) from None
        return working


def _refuse_what_others_write(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise TokenStoreError(f"{path} is not a file", remedy="move it away and sign in again")
    if status.st_uid != os.geteuid():
        raise TokenStoreError(
            f"{path} belongs to another user",
            remedy=f"run as its owner, or take it over: chown $USER {path}",
        )
    if stat.S_IMODE(status.st_mode) & 0o022:
        raise TokenStoreError(
            f"{path} can be written by others",
            remedy=f"check that it is what you expect, then: chmod 600 {path}",
        )


def _unusable(path: Path, error: OSError) -> TokenStoreError:
    return TokenStoreError(
        f"{path} cannot be used: {error.strerror}",
        remedy="check who owns the tokens folder, its mode and the free space",
    )
