"""A folder, and what the module of Windows hosts does with it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.hosts.host import LOCK, Host
from tests.hosts.operation_cases import Command, write
from tests.windows.powershells import Calls

EVERYONE = "*S-1-1-0:R"


class WindowsHost(Host):
    """A folder as a PowerShell sees it."""

    def __init__(self, calls: Calls, place: Path) -> None:
        super().__init__(place, "ProgramData/maps-provisioner")
        self.calls, self.has = calls, calls.powershell.has

    def path(self, path: Path) -> str:
        return self.calls.powershell.path(path)

    def put(self, files: dict[str, bytes] | None, opened: tuple[str, ...] = ()) -> None:
        if files is None:
            return
        if "access lists" in self.has:
            self.ask(write())  # it is closed, and so is all in it
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (self.folder / name).write_bytes(data)
        for name in opened:
            subprocess.run(["icacls", self.folder / name, "/grant", EVERYONE], check=True)

    def ask(self, *operations: dict[str, Any], **changed: Any) -> list[dict[str, Any]]:
        return self.calls.answers(self.call(*operations, **changed))

    def _argv(self, command: Command) -> list[str]:
        if "windows" not in self.has:
            return super()._argv(command)
        file = self._said(command)
        if b"\0" in command.prints:  # where `type` of Wine ends
            script = f"$all = [IO.File]::ReadAllBytes('{file}'); "
            script += "[Console]::OpenStandardOutput().Write($all, 0, $all.Length)"
            return [self.calls.about["program"], "-NoProfile", "-Command", script]
        sleep = f"& ping -n {command.sleeps + 1} 127.0.0.1 > nul" if command.sleeps else ""
        line = f"/d /c type {file} {sleep} & exit {command.exits}"
        return [r"C:\Windows\System32\cmd.exe", *line.split()]

    @contextmanager
    def held(self, words: str | None) -> Iterator[None]:
        if words is None:
            yield
            return
        self.calls.ask(hold=self.path(self.folder / LOCK), words=words)
        yield
        self.calls.ask(release=True)
