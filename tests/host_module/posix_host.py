"""The POSIX module on a folder of its own: in this process, or in one that can be killed."""

from __future__ import annotations

import fcntl
import importlib
import importlib.util
import json
import os
import stat
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from provisioner.resources import playbooks_folder
from tests.host_module.operation_cases import Command, call

LOCK = "push.lock"


def load() -> ModuleType:
    """playbooks/library/maps_host.py, which finds its module_utils as Ansible has it find them."""
    folder = str(playbooks_folder() / "module_utils")
    package = importlib.import_module("ansible.module_utils")
    if folder not in package.__path__:
        package.__path__.append(folder)
    file = playbooks_folder() / "library" / "maps_host.py"
    spec = importlib.util.spec_from_file_location("maps_host", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Host:
    """A folder, and what is done with it."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.folder = place / "etc" / "maps-provisioner"
        self.module = load()

    def put(self, files: dict[str, bytes] | None, opened: tuple[str, ...] = ()) -> None:
        """Make the folder with these files; anyone may read those of `opened`."""
        if files is None:
            return
        self.folder.mkdir(mode=0o755 if "" in opened else 0o700, parents=True)
        for name, data in files.items():
            (self.folder / name).write_bytes(data)
            (self.folder / name).chmod(0o644 if name in opened else 0o600)

    def files(self) -> dict[str, bytes] | None:
        """All in it, but for the lock."""
        if not self.folder.exists():
            return None
        return {path.name: path.read_bytes() for path in self.folder.iterdir() if path.name != LOCK}

    def is_closed(self) -> bool:
        """Whether only its owner may read it and all in it."""
        paths = [self.folder, *self.folder.iterdir()] if self.folder.exists() else []
        return not any(stat.S_IMODE(path.lstat().st_mode) & 0o077 for path in paths)

    def ask(self, *operations: dict[str, Any], **changed: Any) -> list[dict[str, Any]]:
        """The answers."""
        result = self.result(*operations, **changed)
        assert list(result) == ["answers"], result
        return result["answers"]

    def result(self, *operations: dict[str, Any], **changed: Any) -> dict[str, Any]:
        """What the module says, through JSON as all of it goes."""
        text = self.call_text(*operations, **changed)
        return json.loads(json.dumps(self.module.result_of(text)))

    def start(
        self, *operations: dict[str, Any], stderr: int = subprocess.DEVNULL, **changed: Any
    ) -> subprocess.Popen[str]:
        """The same in a process of its own, which prints the result."""
        call_text = self.call_text(*operations, **changed)
        return started(call_text, stdout=subprocess.PIPE, stderr=stderr)

    def call_text(self, *operations: dict[str, Any], **changed: Any) -> str:
        """A call as JSON."""
        return json.dumps(self.written(call(list(operations), **changed)))

    def written(self, value: Any) -> Any:
        """Operations and answers with this folder's paths and a shell's commands."""
        if isinstance(value, str):
            return value.replace("{folder}", str(self.folder))
        if isinstance(value, dict):
            return {name: self.written(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self.written(one) for one in value]
        return self._argv(value) if isinstance(value, Command) else value

    def _argv(self, command: Command) -> list[str]:
        said = self.place / f"said-{len(list(self.place.iterdir()))}"
        said.write_bytes(command.prints)
        script = 'cat "$1"; [ "$2" = 0 ] || exec sleep "$2"; exit "$3"'
        return ["sh", "-c", script, "sh", str(said), str(command.sleeps), str(command.exits)]

    @contextmanager
    def held(self, words: str | None) -> Any:
        """Another call has the lock, if it has words."""
        if words is None:
            yield
            return
        with (self.folder / LOCK).open("w") as file:
            (self.folder / LOCK).chmod(0o600)
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(words)
            file.flush()
            yield


def started(text: str, *tracing: str, **streams: Any) -> subprocess.Popen[str]:
    """This file as a program that is given a call."""
    process = subprocess.Popen(
        [*tracing, sys.executable, "-X", "utf8", __file__],
        stdin=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin:/bin"},
        **streams,
    )
    with suppress(BrokenPipeError):
        process.stdin.write(text)
        process.stdin.close()
    process.stdin = None
    return process


if __name__ == "__main__":
    # AnsibleModule takes longer to load than all the rest, and has no part in this.
    stub = ModuleType("ansible.module_utils.basic")
    stub.AnsibleModule = None
    sys.modules[stub.__name__] = stub
    module = load()
    module.ignore_signals()
    text = sys.stdin.read()
    os.write(2, b"begun\n")
    print(json.dumps(module.result_of(text)))
