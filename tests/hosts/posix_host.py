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
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

from provisioner.resources import playbooks_folder
from tests.hosts.host import LOCK, Host
from tests.support.paths import ROOT


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


class PosixHost(Host):
    """One of this machine."""

    has = frozenset(("access lists", "locks", "posix"))

    def __init__(self, place: Path) -> None:
        super().__init__(place, "etc/maps-provisioner")
        self.module = load()

    def put(self, files: dict[str, bytes] | None, opened: tuple[str, ...] = ()) -> None:
        if files is None:
            return
        self.folder.mkdir(mode=0o755 if "" in opened else 0o700, parents=True)
        for name, data in files.items():
            (self.folder / name).write_bytes(data)
            (self.folder / name).chmod(0o644 if name in opened else 0o600)

    def is_closed(self) -> bool:
        paths = [self.folder, *self.folder.iterdir()] if self.folder.exists() else []
        return not any(stat.S_IMODE(path.lstat().st_mode) & 0o077 for path in paths)

    def ask(self, *operations: dict[str, Any], **changed: Any) -> list[dict[str, Any]]:
        """Through JSON, as all of it goes."""
        result = self.module.result_of(self.call_text(*operations, **changed))
        assert list(result) == ["answers"], result
        answers: list[dict[str, Any]] = json.loads(json.dumps(result["answers"]))
        return answers

    def start(
        self, *operations: dict[str, Any], stderr: int = subprocess.DEVNULL, **changed: Any
    ) -> subprocess.Popen[str]:
        """The same in a process of its own, which prints the result."""
        call_text = self.call_text(*operations, **changed)
        return started(call_text, stdout=subprocess.PIPE, stderr=stderr)

    def call_text(self, *operations: dict[str, Any], **changed: Any) -> str:
        """A call as JSON."""
        return json.dumps(self.call(*operations, **changed))

    @contextmanager
    def held(self, words: str | None) -> Iterator[None]:
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
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
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
