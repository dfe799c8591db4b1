"""The C# of the Windows modules, run by Mono: tests call it as they call the Python modules.

Compiled once per content into .lab/mono/, as Windows would compile it: C# 5, warnings are errors.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from provisioner.mail.conversation import host_code
from tests.lab.errors import LabError
from tests.lab.requirements import require_programs

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "playbooks" / "module_utils"
OF_THE_TESTS = Path(__file__).parent / "mono"
COMPILER = ("mcs", "-langversion:5", "-warn:4", "-warnaserror", "-debug")
_REFERENCES = ("-r:System.dll", "-r:System.Core.dll")
_PROGRAM = "maps_host.exe"

Refusal = host_code("maps_refusal").Refusal


class MonoError(Exception):
    """An exception of the C#, or the end of the program; `type`: its class."""

    def __init__(self, type_: str, words: str) -> None:
        super().__init__(f"{type_}: {words}")
        self.type = type_


class MonoFormatError(MonoError, ValueError):
    """A FormatException, where Python raises ValueError."""


class MonoProgram:
    """One process of the program; started by the first call, and again after it has ended."""

    def __init__(self, program: Path, environment: dict[str, str] | None = None) -> None:
        self._argv = ["mono", "--debug", str(program)]
        self._environment = environment or {}
        self._process: subprocess.Popen[str] | None = None
        self._errors = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115  see close
        self._turn = threading.Lock()

    def __enter__(self) -> MonoProgram:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def call(self, name: str, /, *, timeout: float = 120, **arguments: Any) -> Any:
        """The result of a call; raises Refusal or MonoError as the C# did, and TimeoutError."""
        line = json.dumps({"call": name, "arguments": arguments})
        with self._turn:
            answer = json.loads(self._answer(name, line, timeout))
            words = self._stderr() if "error" in answer else ""
        if "refusal" in answer:
            raise Refusal(**answer["refusal"])
        if "error" in answer:
            kind = MonoFormatError if answer["error"] == "FormatException" else MonoError
            raise kind(answer["error"], words)
        return answer["result"]

    @property
    def pid(self) -> int:
        """Of the process that answers."""
        return self._started().pid

    def close(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill()
            self._ended(self._process)
        self._errors.close()

    def _answer(self, name: str, line: str, timeout: float) -> str:
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        with _killed_after(process, timeout) as timed_out:
            try:
                process.stdin.write(line + "\n")
                process.stdin.flush()
                answer = process.stdout.readline()
            except BrokenPipeError:
                answer = ""
        if answer:
            return answer
        code = self._ended(process)
        if timed_out.is_set():
            raise TimeoutError(f"{name} took more than {timeout} s\n{self._stderr()}")
        raise MonoError(_end(code), f"in {name}\n{self._stderr()}")

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._process = subprocess.Popen(
                self._argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                text=True,
                encoding="ascii",
                # its counters would stay in /dev/shm whenever it is killed
                env={**os.environ, "MONO_DISABLE_SHARED_AREA": "1", **self._environment},
            )
        return self._process

    def _ended(self, process: subprocess.Popen[str]) -> int:
        self._process = None
        with process:
            return process.wait()

    def _stderr(self) -> str:
        """What it has said there, and no more of it later."""
        self._errors.seek(0)
        words = self._errors.read()
        self._errors.seek(0)
        self._errors.truncate()
        return words


def _end(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit {code}"


@contextmanager
def _killed_after(process: subprocess.Popen[str], timeout: float) -> Iterator[threading.Event]:
    timed_out = threading.Event()

    def kill() -> None:
        timed_out.set()
        process.kill()

    timer = threading.Timer(timeout, kill)
    timer.start()
    try:
        yield timed_out
    finally:
        timer.cancel()
        timer.join()


# -- compiling


def compiled() -> Path:
    """The program; another worker may be compiling the same."""
    sources = sorted([*SHIPPED.glob("Ansible.Maps.*.cs"), *OF_THE_TESTS.glob("*.cs")])
    folder = ROOT / ".lab" / "mono"
    place = folder / _digest(sources)
    if not (place / _PROGRAM).exists():
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (place / _PROGRAM).exists():
                _compile(sources, place)
    return place / _PROGRAM


def _compile(sources: Sequence[Path], place: Path) -> None:
    with tempfile.TemporaryDirectory(dir=place.parent) as folder:
        compile_(sources, Path(folder) / _PROGRAM, "-target:exe")
        shutil.copytree(folder, place.with_suffix(".new"), dirs_exist_ok=True)
    place.with_suffix(".new").rename(place)


def compile_(sources: Sequence[Path], output: Path, *options: str) -> None:
    """Compile C# as it must compile everywhere, or fail in the compiler's words."""
    _require_mono()
    argv = [*COMPILER, *_REFERENCES, *options, f"-out:{output}", *map(str, sources)]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=240)
    if done.returncode != 0:
        pytest.fail(f"{' '.join(argv)}\n{done.stdout}{done.stderr}", pytrace=False)


def _require_mono() -> None:
    try:
        require_programs("mcs", "mono")
    except LabError as error:
        pytest.fail(str(error), pytrace=False)


def _digest(sources: Sequence[Path]) -> str:
    found = hashlib.sha256(repr((COMPILER, _REFERENCES)).encode())
    for path in sources:
        found.update(f"\0{path.relative_to(ROOT)}\0".encode())
        found.update(path.read_bytes())
    return found.hexdigest()[:16]


# -- fixtures


@pytest.fixture(scope="session")
def mono_program() -> Path:
    """The compiled program, for tests that start processes of their own: MonoProgram(path)."""
    return compiled()


@pytest.fixture(scope="session")
def mono_host(mono_program: Path) -> Iterator[MonoProgram]:
    """One process for all tests of this worker."""
    with MonoProgram(mono_program) as program:
        yield program
