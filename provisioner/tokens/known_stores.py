"""Which stores of accepted destinations this user knows: what no checkout can bring along."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from provisioner.errors import TokenStoreError
from provisioner.tokens.file_lock import file_lock
from provisioner.tokens.private_file import read_private, write_private

_FILE = "known-stores.json"


@dataclass(frozen=True, slots=True)
class KnownStores:
    """`folder` is the user's configuration folder of this tool; None where there is no HOME."""

    folder: Path | None

    def store_of(self, project: Path) -> str | None:
        """The name of the store that was last accepted into for this project folder."""
        return self._read().get(str(project.resolve()))

    def remember(self, project: Path, store: str) -> None:
        """Know this store from now on. Without a HOME nothing is known, and nothing is kept."""
        if self.folder is None or self.store_of(project) == store:
            return
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = self.folder / f".{_FILE}.lock"
            with file_lock(lock, f"the known stores in {self.folder}", wait_seconds=60):
                self._write({**self._read(), str(project.resolve()): store})
        except OSError as error:
            raise _unusable(self.folder / _FILE, error) from None

    def _write(self, known: Mapping[str, str]) -> None:
        assert self.folder is not None  # noqa: S101  `remember` has seen to it
        there = {project: store for project, store in known.items() if Path(project).exists()}
        text = json.dumps(there, indent=2, sort_keys=True) + "\n"
        write_private(self.folder / _FILE, text.encode(), working_folder=self.folder)

    def _read(self) -> dict[str, str]:
        if self.folder is None:
            return {}
        path = self.folder / _FILE
        try:
            known = json.loads(read_private(path, _refuse_what_others_write))
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise _unusable(path, error) from None
        except ValueError:
            known = None
        if not isinstance(known, dict) or not all(isinstance(v, str) for v in known.values()):
            raise TokenStoreError(
                f"{path} is damaged",
                remedy="remove it; then accept the destinations of each server once more",
            )
        return known


def _refuse_what_others_write(path: Path, status: os.stat_result) -> None:
    strange = not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid()
    if strange or stat.S_IMODE(status.st_mode) & 0o022:
        raise TokenStoreError(
            f"{path} is not a file that only you can write",
            remedy="look who wrote it, remove it, and accept the destinations once more",
        )


def _unusable(path: Path, error: OSError) -> TokenStoreError:
    return TokenStoreError(
        f"{path} cannot be used: {error.strerror}", remedy="check its owner, mode and free space"
    )
