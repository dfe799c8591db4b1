"""A folder of a host, and what its module does with it: the same for each language."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from tests.hosts.operation_cases import Command, call

LOCK = "push.lock"


class Host:
    """`has`: what cases may need. Each language has its own way to put files there, and to ask."""

    has = frozenset[str]()

    def __init__(self, place: Path, folder: str) -> None:
        self.place, self.folder = place, place / folder

    def need(self, *needs: str) -> None:
        """Leave the test out where this is missing."""
        import pytest  # not where this is part of a program that is killed

        for need in needs:
            if need not in self.has:
                pytest.skip(f"need {need}")

    def path(self, path: Path) -> str:
        """A path as the host has it."""
        return str(path)

    def put(self, files: dict[str, bytes] | None, opened: tuple[str, ...] = ()) -> None:
        """Make the folder with these files; anyone may read those of `opened`."""
        raise NotImplementedError

    def held(self, words: str | None) -> AbstractContextManager[None]:
        """Another call has the lock, if it has words."""
        raise NotImplementedError

    def ask(self, *operations: dict[str, Any], **changed: Any) -> list[dict[str, Any]]:
        """The answers to a call."""
        raise NotImplementedError

    def files(self) -> dict[str, bytes] | None:
        """All in it, but for the lock."""
        if not self.folder.exists():
            return None
        return {path.name: path.read_bytes() for path in self.folder.iterdir() if path.name != LOCK}

    def is_closed(self) -> bool:
        """Whether only its owner may read it and all in it, as far as that is known."""
        return True

    def call(self, *operations: dict[str, Any], **changed: Any) -> dict[str, Any]:
        """A call with this folder's paths."""
        made: dict[str, Any] = self.written(call(list(operations), **changed))
        return made

    def written(self, value: Any) -> Any:
        """Operations and answers with this folder's paths, and with commands of this system."""
        if isinstance(value, str):
            folder, file = self.path(self.folder), self.path(self.folder / "x")[:-1]
            return value.replace("{folder}/", file).replace("{folder}", folder)
        if isinstance(value, dict):
            return {name: self.written(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self.written(one) for one in value]
        return self._argv(value) if isinstance(value, Command) else value

    def _argv(self, command: Command) -> list[str]:
        script = 'cat "$1"; [ "$2" = 0 ] || exec sleep "$2"; exit "$3"'
        said = self._said(command)
        return ["/bin/sh", "-c", script, "sh", said, str(command.sleeps), str(command.exits)]

    def _said(self, command: Command) -> str:
        """A file of what a command is to say."""
        said = self.place / f"said-{len(list(self.place.iterdir()))}"
        said.write_bytes(command.prints)
        return self.path(said)
