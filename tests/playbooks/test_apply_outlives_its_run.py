"""A run that is killed leaves its apply command behind: the next one waits for that, or says so."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from provisioner.mail.conversation import host_code
from tests.playbooks.csharp_store import CSharpStore
from tests.playbooks.mono_host import MonoError, MonoProgram
from tests.playbooks.samples import delivery, oauth2_entry
from tests.playbooks.windows_calls import DIRECTORY, WindowsHost

Refusal = host_code("maps_refusal").Refusal
FIRST, OTHER = oauth2_entry(), oauth2_entry(port=465)

DELIVERS = """
import json, sys
from provisioner.mail.conversation import host_code
settings, wanted = json.loads(sys.argv[1]), json.loads(sys.argv[2])
host_code("maps_store").Store(**settings).deliver(wanted)
"""


class PythonRuns:
    """Runs on a POSIX host."""

    def __init__(self, place: Path) -> None:
        self.folder = place / "host"

    def run(self, run_id: str, *command: str, wait: float = 0, timeout: int = 300):
        """A run of the one checkout, which no lease keeps out."""
        return host_code("maps_store").Store(**self.settings(run_id, command, wait, timeout))

    def settings(self, run_id: str, command: tuple, wait: float = 0, timeout: int = 300) -> dict:
        """What a run brings along."""
        return {
            "directory": str(self.folder),
            "run_id": run_id,
            "owner": "ann@ws",
            "apply_command": list(command),
            "apply_timeout": timeout,
            "lock_wait": wait,
            "lease": {"holder": "ann", "commit": None, "reason": "push"},
        }

    def killed(self, command: tuple, began: Path) -> None:
        """A run is killed once there is a file."""
        given = (json.dumps(self.settings("r1", command)), json.dumps(delivery(FIRST)))
        process = subprocess.Popen([sys.executable, "-c", DELIVERS, *given])
        seen(began)
        process.kill()
        process.wait()

    def close(self) -> None:
        """Nothing of it is left."""


class CSharpRuns(PythonRuns):
    """Runs of the C#, each in a process of its own."""

    def __init__(self, place: Path, program: Path) -> None:
        super().__init__(place)
        self._program = program
        self._processes: list[MonoProgram] = []

    def run(self, run_id: str, *command: str, wait: float = 0, timeout: int = 300):
        """A run of the one checkout."""
        return CSharpStore(self.process(), **self.settings(run_id, command, wait, timeout))

    def process(self) -> MonoProgram:
        """One that has not begun."""
        self._processes.append(MonoProgram(self._program))
        return self._processes[-1]

    def killed(self, command: tuple, began: Path) -> None:
        """A run is killed once there is a file."""
        process = self.process()
        store = CSharpStore(process, **self.settings("r1", command))
        pid = store.pid

        def deliver() -> None:
            with suppress(MonoError):
                store.deliver(delivery(FIRST))

        thread = threading.Thread(target=deliver)
        thread.start()
        seen(began)
        os.kill(pid, signal.SIGKILL)
        thread.join()

    def close(self) -> None:
        """End its processes."""
        for process in self._processes:
            process.close()


class WindowsRuns(CSharpRuns):
    """Runs with the calls of Windows."""

    def __init__(self, windows: WindowsHost) -> None:
        super().__init__(windows.drive, windows.program)
        self._windows = windows
        self.folder = windows.folder

    def process(self) -> MonoProgram:
        """One that has not begun."""
        return self._windows.process()

    def settings(self, run_id: str, command: tuple, wait: float = 0, timeout: int = 300) -> dict:
        """What a run brings along."""
        return {
            **super().settings(run_id, command, wait, timeout),
            "directory": DIRECTORY,
        }


@pytest.fixture(params=["python", "csharp", "windows"])
def runs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PythonRuns]:
    """Runs on one host, in each language."""
    if request.param == "python":
        made = PythonRuns(tmp_path)
    elif request.param == "csharp":
        made = CSharpRuns(tmp_path, request.getfixturevalue("mono_program"))
    else:
        made = WindowsRuns(request.getfixturevalue("windows"))
    yield made
    made.close()


def seen(path: Path) -> None:
    """Wait for a file."""
    end = time.monotonic() + 60
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.02)
    assert path.exists()


@pytest.fixture
def killed(runs: PythonRuns, tmp_path: Path) -> Iterator[Path]:
    """A run was killed while it applied; its command goes on until there is a file `go`."""
    script = f"touch {tmp_path}/began; until [ -e {tmp_path}/go ]; do sleep 0.05; done; "
    script += f"echo first >> {tmp_path}/log"
    runs.killed(("/bin/sh", "-c", script), tmp_path / "began")
    yield tmp_path
    (tmp_path / "go").touch()


def test_the_next_run_says_what_it_waited_for(runs, killed):
    document = (runs.folder / "email-servers.json").read_bytes()
    with pytest.raises(Refusal) as caught:
        runs.run("r2", "true").deliver(delivery(OTHER))
    assert caught.value.reason == "locked"
    assert caught.value.message.startswith("ann@ws (run r1) since ")
    assert caught.value.message.endswith(
        " works on this host: maps_apply_command, or what it left running, has not ended; wait for "
        "it, or end it there, then push again"
    )
    assert (runs.folder / "email-servers.json").read_bytes() == document


def test_the_next_run_applies_once_it_has_ended(runs, killed):
    threading.Timer(0.5, (killed / "go").touch).start()
    second = f"echo second >> {killed}/log"
    result = runs.run("r2", "/bin/sh", "-c", second, wait=60).deliver(delivery(OTHER))
    assert result["state"] == "applied"
    assert (killed / "log").read_text() == "first\nsecond\n"


def test_a_daemon_that_a_command_starts_holds_nobody_up(runs, tmp_path):
    first = runs.run("r1", "/bin/sh", "-c", f"sleep 300 & echo $! > {tmp_path}/pid")
    try:
        assert first.deliver(delivery(FIRST))["state"] == "applied"
        assert runs.run("r2", "true").deliver(delivery(OTHER))["state"] == "applied"
    finally:
        subprocess.run(["kill", (tmp_path / "pid").read_text().strip()], check=True)


def test_a_command_that_has_ended_is_not_spoken_of(runs):
    runs.run("r1", "true").deliver(delivery(FIRST))
    said = json.loads((runs.folder / "lock").read_text())
    assert (said["run_id"], "running" in said) == ("r1", False)


def test_a_command_that_is_killed_for_its_time_holds_nobody_up(runs):
    slow = runs.run("r1", "sleep", "300", timeout=1)
    assert slow.deliver(delivery(FIRST))["state"] == "unknown"
    assert runs.run("r2", "true").deliver(delivery(OTHER))["state"] == "applied"
