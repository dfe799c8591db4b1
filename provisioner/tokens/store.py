"""The tokens of a project: one encrypted file a server, replaced whole, under a lock each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from provisioner.errors import PersonNeeded, TokenStoreError
from provisioner.secret_sources.vault import VaultKey
from provisioner.text import proposed_command
from provisioner.tokens.file_name import token_file_name
from provisioner.tokens.sealed_folder import SealedFolder
from provisioner.tokens.token_set import TokenSet
from provisioner.tokens.token_text import token_set_from, token_text

LOCK_WAIT_SECONDS = 60.0


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
        self.store.files.write(token_file_name(self.server_name), token_text(token_set))

    def delete(self) -> None:
        """Remove the file."""
        self.store.files.remove(token_file_name(self.server_name))


@dataclass(frozen=True, slots=True)
class TokenStore:
    """`folder` is the project's tokens/; `key` is asked for when a file is met."""

    folder: Path
    key: Callable[[], VaultKey]

    @property
    def files(self) -> SealedFolder:
        """The encrypted files themselves."""
        return SealedFolder(self.folder, self.key)

    def path(self, server_name: str) -> Path:
        """Where this server's tokens lie."""
        return self.folder / token_file_name(server_name)

    def exists(self, server_name: str) -> bool:
        """Whether something lies there, readable or not."""
        return os.path.lexists(self.path(server_name))

    def load(self, server_name: str) -> TokenSet | None:
        """The server's tokens, or None where nobody has signed in. Needs no lock."""
        text = self.files.read(token_file_name(server_name))
        if text is None:
            return None
        path = self.path(server_name)
        token_set = token_set_from(text, origin=str(path))
        if token_set.server_name != server_name:
            raise TokenStoreError(
                f"{path} holds the tokens of {token_set.server_name!r}, not of {server_name!r}",
                remedy="give it its own name back, or move it away and sign in again",
            )
        return token_set

    def require(self, server_name: str) -> TokenSet:
        """The server's tokens; PersonNeeded where nobody has signed in."""
        return signed_in(self.load(server_name), server_name)

    @contextmanager
    def locked(
        self, server_name: str, *, wait_seconds: float = LOCK_WAIT_SECONDS
    ) -> Iterator[LockedTokens]:
        """Hold this server's lock. Whatever was loaded before must be loaded again inside."""
        name, subject = token_file_name(server_name), f"the tokens of {server_name}"
        with self.files.locked(name, subject, wait_seconds=wait_seconds):
            yield LockedTokens(self, server_name)

    def prepare(self) -> None:
        """Find out now, not after a sign-in, that the folder cannot be written or has no key."""
        self.files.prepare()


def signed_in(tokens: TokenSet | None, server_name: str) -> TokenSet:
    """The tokens that were loaded; PersonNeeded if there are none."""
    if tokens is None:
        raise PersonNeeded(
            f"nobody has signed in to {server_name} yet",
            remedy=f"run: {proposed_command('authenticate', server_name)}",
        )
    return tokens
