"""A folder, and what the module of Windows hosts does with it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.host_module.operation_cases import Command, call
from tests.windows.powershells import Calls

LOCK = "push.lock"
EVERYONE = "*S-1-1-0:R"


class WindowsHost:
    """A folder as a PowerShell sees it."""

    def __init__(self, calls: Calls, place: Path) -> None:
        self.calls, self.place = calls, place
        self.folder = place / "ProgramData" / "maps-provisioner"

    def need(self, *needs: str) -> None:
        """Leave the test out where this is missing."""
        for need in needs:
            if need not in self.calls.powershell.has:
                pytest.skip(f"need {need}")

    def path(self, path: Path) -> str:
        """A path as the host has it."""
        return self.calls.powershell.path(path)

    def put(self, files: dict[str, bytes] | None, opened: tuple[str, ...] = ()) -> None:
        """Make the folder with these files; anyone may read those of `opened`."""
        if files is None:
            return
        if "access lists" in self.calls.powershell.has:
            self.ask(
                {"op": "write", "expect": {}, "files": []}
            )  # it is closed, and so is all in it
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (self.folder / name).write_bytes(data)
        for name in opened:
            subprocess.run(["icacls", self.folder / name, "/grant", EVERYONE], check=True)

    def files(self) -> dict[str, bytes] | None:
        """All in it, but for the lock."""
        if not self.folder.exists():
            return None
        return {path.name: path.read_bytes() for path in self.folder.iterdir() if path.name != LOCK}

    def ask(self, *operations: dict[str, Any], **changed: Any) -> list[dict[str, Any]]:
        """The answers."""
        return self.calls.answers(self.call(*operations, **changed))

    def call(self, *operations: dict[str, Any], **changed: Any) -> dict[str, Any]:
        """A call with this folder's paths."""
        made: dict[str, Any] = self.written(call(list(operations), **changed))
        return made

    def written(self, value: Any) -> Any:
        """Operations and answers with this folder's paths, and with commands of this system."""
        if isinstance(value, str):
            separator = "\\" if "windows" in self.calls.powershell.has else "/"
            path = self.path(self.folder)
            return value.replace("{folder}/", path + separator).replace("{folder}", path)
        if isinstance(value, dict):
            return {name: self.written(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self.written(one) for one in value]
        return self._argv(value) if isinstance(value, Command) else value

    def _argv(self, command: Command) -> list[str]:
        said = self.place / f"said-{len(list(self.place.iterdir()))}"
        said.write_bytes(command.prints)
        file = self.path(said)
        if "windows" not in self.calls.powershell.has:
            script = 'cat "$1"; [ "$2" = 0 ] || exec sleep "$2"; exit "$3"'
            return ["/bin/sh", "-c", script, "sh", file, str(command.sleeps), str(command.exits)]
        if b"\0" in command.prints:  # where `type` of Wine ends
            script = f"$all = [IO.File]::ReadAllBytes('{file}'); "
            script += "[Console]::OpenStandardOutput().Write($all, 0, $all.Length)"
            return [self.calls.about["program"], "-NoProfile", "-Command", script]
        sleep = f"& ping -n {command.sleeps + 1} 127.0.0.1 > nul" if command.sleeps else ""
        line = f"/d /c type {file} {sleep} & exit {command.exits}"
        return [r"C:\Windows\System32\cmd.exe", *line.split()]

    @contextmanager
    def held(self, words: str | None) -> Iterator[None]:
        """Another call has the lock, if it has words."""
        if words is None:
            yield
            return
        self.calls.ask(hold=self.path(self.folder / LOCK), words=words)
        yield
        self.calls.ask(release=True)


def fitting(found: Any, wanted: Any) -> Any:
    """`found` without the names that `wanted` says nothing of."""
    if isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        return [fitting(one, other) for one, other in zip(found, wanted, strict=True)]
    if isinstance(found, dict) and isinstance(wanted, dict) and "op" in wanted:
        return {name: fitting(found[name], wanted[name]) for name in wanted if name in found}
    return found
