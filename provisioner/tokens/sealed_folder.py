"""A folder of encrypted files: read only if nobody else can have written them, replaced whole."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from provisioner.errors import TokenStoreError
from provisioner.secret import Secret
from provisioner.secret_sources.vault import VaultKey, VaultUnreadable
from provisioner.tokens.file_lock import file_lock
from provisioner.tokens.private_file import read_private, sync_folder, write_private

_WORKING_FOLDER = ".working"  # locks and unfinished files; git is told to leave it alone
_OTHERS_WRITE = 0o022


@dataclass(frozen=True, slots=True)
class SealedFolder:
    """The project's tokens/; `key` is asked for when a file is met."""

    path: Path
    key: Callable[[], VaultKey]

    def read(self, name: str) -> Secret | None:
        """What the file holds, or None where there is none. Needs no lock."""
        file = self.path / name
        try:
            _refuse_open_folders(self.path)
            raw = read_private(file, _refuse_what_others_write)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unusable(file, error) from None
        try:
            return self.key().decrypt(raw.decode("ascii", errors="replace"))
        except VaultUnreadable as error:
            raise TokenStoreError(f"{file} {error.message}", remedy=error.remedy) from None

    def write(self, name: str, text: str) -> None:
        """Replace the file, under its lock. On return it is on disk."""
        sealed = self.key().encrypt(text).encode("ascii")
        working = self.working_folder()
        try:
            write_private(self.path / name, sealed, working_folder=working)
        except OSError as error:
            raise _unusable(self.path / name, error) from None

    def remove(self, name: str) -> None:
        """Remove the file, under its lock."""
        try:
            (self.path / name).unlink(missing_ok=True)
            sync_folder(self.path)
        except OSError as error:
            raise _unusable(self.path / name, error) from None

    @contextmanager
    def locked(self, name: str, subject: str, *, wait_seconds: float) -> Iterator[None]:
        """Hold the file's lock. Whatever was read before must be read again inside."""
        lock = self.working_folder() / f"{name}.lock"
        with file_lock(lock, subject, wait_seconds=wait_seconds):
            yield

    def prepare(self) -> None:
        """Find out now, not after a sign-in, that the folder cannot be written or has no key."""
        working = self.working_folder()
        if not os.access(self.path, os.W_OK) or not os.access(working, os.W_OK):
            raise _unusable(self.path, PermissionError(0, "not writable"))
        self.key()

    def working_folder(self) -> Path:
        """Where locks and unfinished files lie; made if it is not there."""
        working = self.path / _WORKING_FOLDER
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            _refuse_open_folders(self.path)
            working.mkdir(mode=0o700, exist_ok=True)
            if not stat.S_ISDIR(working.lstat().st_mode):  # a link in a checkout may lead anywhere
                raise NotADirectoryError(0, "not a folder of its own")
            _refuse_open_folder(working)
            if not os.path.lexists(working / ".gitignore"):
                (working / ".gitignore").write_text("*\n")
        except OSError as error:
            raise _unusable(working, error) from None
        return working


def _refuse_open_folders(folder: Path) -> None:
    """Whoever can write a folder above can put another one in its place."""
    _refuse_open_folder(folder)
    for above in folder.resolve().parents:
        mode = above.stat().st_mode
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            raise TokenStoreError(
                f"{above}, in which {folder} lies, can be written by everybody",
                remedy=f"close it: chmod o-w {above}",
            )


def _refuse_open_folder(folder: Path) -> None:
    status = folder.stat()
    if status.st_uid not in (0, os.geteuid()):
        raise TokenStoreError(
            f"{folder} belongs to another user", remedy=f"take it over: chown $USER {folder}"
        )
    if stat.S_IMODE(status.st_mode) & _OTHERS_WRITE:
        raise TokenStoreError(
            f"{folder} can be written by others",
            remedy=f"check what lies there, then: chmod go-w {folder}",
        )


def _refuse_what_others_write(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise TokenStoreError(f"{path} is not a file", remedy="move it away and sign in again")
    if status.st_uid != os.geteuid():
        raise TokenStoreError(
            f"{path} belongs to another user",
            remedy=f"run as its owner, or take it over: chown $USER {path}",
        )
    if stat.S_IMODE(status.st_mode) & _OTHERS_WRITE:
        raise TokenStoreError(
            f"{path} can be written by others",
            remedy=f"check that it is what you expect, then: chmod 600 {path}",
        )


def _unusable(path: Path, error: OSError) -> TokenStoreError:
    return TokenStoreError(
        f"{path} cannot be used: {error.strerror}",
        remedy="check who owns the tokens folder, its mode and the free space",
    )
