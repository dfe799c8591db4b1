"""One encrypted file a server: its tokens, and the destinations that a person accepted.

Each says what it was encrypted for, server and project, and is replaced in one step, under a lock.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from provisioner.credentials.destinations import Destination
from provisioner.credentials.vault import VaultKey, VaultUnreadable
from provisioner.errors import FileUnusable, ProvisionerError
from provisioner.private_file import (
    Replacement,
    exclusive_lock,
    read_private,
    replacing,
    sync_folder,
)
from provisioner.secret import Secret
from provisioner.text import printable

SCHEMA_VERSION = 1

_LOCK_WAIT_SECONDS = 60.0
_WORKING_FOLDER = ".working"  # locks and unfinished files; git is told to leave it alone
_ROOM = 64 * 1024
_LONGEST_SLUG = 40
_CONFLICT = re.compile(rb"^<<<<<<< ", re.MULTILINE)


class TokenSet(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The OAuth2 tokens of one grant. Times are Unix seconds.

    `grant_id` names the sign-in: a refresh keeps it, a new `authenticate` makes a new one.
    `identity` is None where the provider names no account; the mail server then decided.
    `unproven` says why the mail server had not yet accepted the token at the sign-in; None: it had.
    `refresh_token_expires_at` is the provider's own word; None: it gave none.
    `handed_over_to` names the one host that now owns a refresh token that rotates strictly.
    """

    grant_id: str
    access_token: Secret
    refresh_token: Secret
    expires_at: int
    scope: str
    identity: str | None
    issuer: str | None
    token_endpoint_auth_method: str
    obtained_at: int
    refreshed_at: int
    unproven: str | None = None
    refresh_token_expires_at: int | None = None
    handed_over_to: str | None = None

    def expires_within(self, seconds: float, *, now: float) -> bool:
        """Whether the access token is, or will be in `seconds`, expired."""
        return self.expires_at <= now + seconds


class Credentials(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is kept for one server. `project`: see `git.project_identity`."""

    schema_version: Literal[1] = 1
    server_name: str
    project: str
    tokens: TokenSet | None = None
    accepted: dict[str, Destination] = {}


@dataclass(frozen=True, slots=True)
class LockedCredentials:
    """One server's file while its lock is held: the only way to write it, once.

    The room for that is on disk already, so that nothing that cannot be had twice is asked for in
    vain.
    """

    store: CredentialStore
    server_name: str
    _replacement: Replacement = field(repr=False)

    def read(self) -> Credentials | None:
        return self.store.read(self.server_name)

    def save(self, credentials: Credentials) -> None:
        """Replace the file. On return it is on disk."""
        sealed = self.store.sealed(credentials).encode("ascii")
        with _using(self.store.path(self.server_name)):
            self._replacement(sealed)

    def delete(self) -> None:
        path = self.store.path(self.server_name)
        with _using(path):
            path.unlink(missing_ok=True)
            sync_folder(path.parent)


@dataclass(frozen=True, slots=True)
class CredentialStore:
    """`folder` is the project's tokens/; `key` is asked for when a file is met."""

    folder: Path
    project: str
    key: Callable[[], VaultKey]

    def path(self, server_name: str) -> Path:
        """Where this server's file is: `Reports` -> `reports-<8 hex of its SHA-256>.yml`.

        The hash tells apart what the slug cannot: Reports and reports, or two names of emoji only.
        With it no name is a device of Windows (CON), is empty, or climbs out of the folder.
        """
        slug = re.sub(r"[^a-z0-9]+", "-", server_name.lower()).strip("-")[:_LONGEST_SLUG]
        # A lone surrogate can come out of JSON's \ud800; it is no reason to fail here.
        digest = hashlib.sha256(server_name.encode(errors="surrogatepass")).hexdigest()
        return self.folder / f"{slug.strip('-') or 'server'}-{digest[:8]}.yml"

    def exists(self, server_name: str) -> bool:
        return os.path.lexists(self.path(server_name))

    def read(self, server_name: str) -> Credentials | None:
        """What is kept for the server, or None. Needs no lock."""
        path = self.path(server_name)
        found = self.read_file(path)
        if found is not None and found.server_name != server_name:
            raise FileUnusable(
                f"{path} is the file of {found.server_name!r}, not of {server_name!r}",
                remedy="rename it to its own name, or move it away and sign in again",
            )
        return found

    def all(self, *, less: Iterable[str] = ()) -> Iterator[Credentials]:
        """What is kept for every server but some. A damaged file can neither vouch nor object."""
        for path in sorted({*self.folder.glob("*.yml")} - {*map(self.path, less)}):
            with suppress(ProvisionerError):
                found = self.read_file(path)
                if found is not None and self.path(found.server_name) == path:
                    yield found

    def sealed(self, credentials: Credentials) -> str:
        """The file's text: ansible-vault text of JSON, which is YAML, too."""
        text = msgspec.json.format(msgspec.json.encode(credentials, enc_hook=_revealed), indent=2)
        return self.key().encrypt(text + b"\n")

    @contextmanager
    def locked(self, server_name: str) -> Iterator[LockedCredentials]:
        """Hold this server's lock. Whatever was read before must be read again inside."""
        working, path = self.working_folder(), self.path(server_name)
        lock = exclusive_lock(
            working / f"{path.name}.lock",
            f"the sign-in of {printable(server_name)}",
            remedy="wait until that run has ended, then run again; "
            "the lock is released when its process exits",
            wait_seconds=_LOCK_WAIT_SECONDS,
        )
        with lock, ExitStack() as files:
            with _using(path):
                for left_over in working.glob(f".{path.name}.*.tmp"):  # of a killed run
                    left_over.unlink(missing_ok=True)
                replacement = files.enter_context(replacing(path, room=_ROOM, folder=working))
            yield LockedCredentials(self, server_name, replacement)

    def prepare(self) -> None:
        """Find out now, not after a sign-in, that there is no key, or no way to write."""
        self.key()
        working = self.working_folder()
        with _using(self.folder), replacing(self.folder / "x", room=_ROOM, folder=working):
            pass

    def working_folder(self) -> Path:
        """Where locks and unfinished files are; made if it is not there."""
        working = self.folder / _WORKING_FOLDER
        with _using(working):
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            working.mkdir(mode=0o700, exist_ok=True)
            if working.is_symlink():  # a link in a checkout may lead anywhere
                raise NotADirectoryError(0, "not a folder of its own")
            if working.stat().st_dev != self.folder.stat().st_dev:
                raise OSError(errno.EXDEV, "it is on another file system than its parent")
            if not os.access(self.folder, os.W_OK):  # found now, and not when tokens are here
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            if not os.path.lexists(working / ".gitignore"):
                (working / ".gitignore").write_text("*\n")
        return working

    def read_file(self, path: Path, shown: str = "") -> Credentials | None:
        """What a file holds, whatever its name; None: it is not there. `shown`: for messages."""
        shown = shown or str(path)
        with _using(path):
            raw = read_private(path)
        if raw is None:
            return None
        if _CONFLICT.search(raw):
            raise FileUnusable(
                f"{shown} has conflict markers: two people changed it, and git merged neither",
                remedy="take one side (git checkout --theirs FILE), or sign in again; "
                "`provisioner init --merge-driver` sets up the merge driver that prevents this",
            )
        try:
            text = self.key().decrypt(raw.decode("ascii", errors="replace"))
        except VaultUnreadable as error:
            raise FileUnusable(f"{shown} {error.message}", remedy=error.remedy) from None
        return _credentials_from(text, shown)


def _credentials_from(text: bytes, origin: str) -> Credentials:
    """What a decrypted file says; FileUnusable names the file, and quotes nothing of it."""
    try:
        version = msgspec.json.decode(text, type=_Versioned).schema_version
        if version == SCHEMA_VERSION:
            return msgspec.json.decode(text, type=Credentials, dec_hook=_hidden)
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, RecursionError):
        raise FileUnusable(
            f"{origin} is damaged",
            remedy="restore it from git or a backup, or move it away and sign in again",
        ) from None
    raise FileUnusable(
        f"{origin} has schema_version {version}; this provisioner reads {SCHEMA_VERSION}",
        remedy="use the provisioner that wrote it, or move it away and sign in again",
    )


def merge(base: Credentials | None, ours: Credentials, theirs: Credentials) -> Credentials | None:
    """What two people changed, in one: the newer tokens, all acceptances. None: a real conflict."""
    if (ours.server_name, ours.project) != (theirs.server_name, theirs.project):
        return None
    was = base.accepted if base else {}
    accepted = {**ours.accepted}
    for name, destination in theirs.accepted.items():
        mine = ours.accepted.get(name)
        if mine == destination or was.get(name) == destination:
            continue
        if mine is not None and mine != was.get(name):
            return None  # both changed where one secret goes, and differently
        accepted[name] = destination
    newest = max((ours.tokens, theirs.tokens), key=age)
    return msgspec.structs.replace(ours, tokens=newest, accepted=accepted)


def age(tokens: TokenSet | None) -> tuple[int, int]:
    """Greater for what was signed in to later, then for what was refreshed later."""
    return (tokens.obtained_at, tokens.refreshed_at) if tokens else (0, 0)


class _Versioned(Struct):
    schema_version: int


def _revealed(value: Any) -> str:
    if not isinstance(value, Secret):
        raise NotImplementedError
    return value.reveal()


def _hidden(kind: type, value: Any) -> Any:
    if kind is not Secret or not isinstance(value, str) or not value:
        raise ValueError
    return Secret(value)


@contextmanager
def _using(path: Path) -> Iterator[None]:
    """FileUnusable for what the system refuses."""
    try:
        yield
    except OSError as error:
        raise FileUnusable(
            f"cannot use {path}: {error.strerror}",
            remedy="check the owner and mode of the tokens folder, and the free space",
        ) from None
