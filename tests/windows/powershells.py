"""The PowerShells of this machine, each as one process that answers many calls."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PureWindowsPath
from typing import Any

from provisioner.resources import playbooks_folder

HERE = Path(__file__).parent
FOLDER = "MAPS_TEST_POWERSHELL"
NONE = "no PowerShell"
_UNSIGNED = ("-ExecutionPolicy", "Bypass")
_EXCEEDED = "public static bool IsExceeded(string path, string reader, bool folder) {"


@dataclass(frozen=True)
class PowerShell:
    """One that is here. `system`: linux, wine or windows; `has`: what its cases may need."""

    name: str
    program: Path
    system: str
    has: frozenset[str]

    def path(self, path: Path) -> str:
        """A path of ours, as this one has it."""
        return "Z:" + str(PureWindowsPath(path)) if self.system == "wine" else str(path)

    def utils(self, folder: Path) -> Path:
        """The C# in `folder`; what only Windows has is another file where that is missing."""
        shutil.copytree(
            playbooks_folder() / "module_utils", folder, ignore=shutil.ignore_patterns("*.py")
        )
        windows = folder / "Ansible.Maps.Windows.cs"
        if self.system == "linux":
            shutil.copy(HERE / "Ansible.Maps.Windows.linux.cs", windows)
        if (
            self.system == "wine"
        ):  # it keeps no access lists: nothing is ever as closed as it was made
            answered = _EXCEEDED + " if (path != null) { return false; }"
            windows.write_text(windows.read_text().replace(_EXCEEDED, answered))
        return folder


@cache
def powershells() -> tuple[PowerShell, ...]:
    """Those of the folder in MAPS_TEST_POWERSHELL; on Windows those of the PATH; else none."""
    if sys.platform == "win32":
        found = ((name, shutil.which(name)) for name in ("powershell", "pwsh"))
        has = frozenset(("access lists", "locks", "service", "windows"))
        return tuple(PowerShell(n, Path(p), "windows", has) for n, p in found if p)
    folder = Path(os.environ.get(FOLDER, "/nonexistent")).absolute() / "bin"
    known = (
        PowerShell("linux", folder / "pwsh", "linux", frozenset(("ssh",))),
        PowerShell(
            "wine",
            folder / "pwsh-windows",
            "wine",
            frozenset(("locks", "service", "ssh", "windows")),
        ),
    )
    return tuple(one for one in known if one.program.exists())


class Calls:
    """A process of a PowerShell that has the module loaded."""

    def __init__(self, powershell: PowerShell, folder: Path) -> None:
        self.powershell = powershell
        module = playbooks_folder() / "library" / "win_maps_host.ps1"
        utils = powershell.utils(folder / "utils")
        files = [powershell.path(file) for file in (HERE / "cases.ps1", utils, module)]
        self.process = subprocess.Popen(
            [powershell.program, "-NoProfile", "-NonInteractive", *_UNSIGNED, "-File", *files],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.about = self._answer()

    def ask(self, **request: Any) -> dict[str, Any]:
        """What it says to a request."""
        self.send(**request)
        return self._answer()

    def send(self, **request: Any) -> None:
        """Ask, and do not wait."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()

    def answers(self, call: dict[str, Any]) -> list[dict[str, Any]]:
        """The answers to a call."""
        said = self.ask(call=signed(call))
        assert "crash" not in said, said
        answers: list[dict[str, Any]] = said["answers"]
        return answers

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"{self.powershell.name} ended"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def kill(self) -> None:
        """Kill it alone: with its terminal Wine would end what it has started, too."""
        pid = self.process.pid
        if self.powershell.system != "wine":
            self.process.kill()
            return
        os.kill(pid, signal.SIGSTOP)  # it has the terminal
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            os.kill(int(child), signal.SIGKILL)

    def close(self) -> None:
        """End it."""
        self.process.kill()
        self.process.communicate()


def signed(value: Any) -> Any:
    """As the controller sends it: a sign before each text, or PowerShell makes dates of some."""
    if isinstance(value, str):
        return ":" + value
    if isinstance(value, dict):
        return {name: signed(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [signed(one) for one in value]
    return value
