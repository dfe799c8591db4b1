"""The C# with Windows' calls behind its seams, made to what stands for them on Linux."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import pytest

from tests.lab.errors import LabError
from tests.lab.requirements import require_programs
from tests.playbooks.csharp_store import CSharpStore
from tests.playbooks.mono_host import MonoProgram

ACCOUNT = "S-1-5-21-1-2-3-500"
SERVICE = "S-1-5-80-1-2-3-4-5"
DIRECTORY = r"C:\ProgramData\Größe\maps-provisioner"
_SOURCE = Path(__file__).parent / "mono" / "windows_calls.c"
_CONFIG = """<configuration>
  <dllmap dll="kernel32.dll" target="{0}"/>
  <dllmap dll="advapi32.dll" target="{0}"/>
</configuration>
"""
# Owned by BUILTIN\\Users, without a list: MS-DTYP 2.4.6 and 2.4.2.
_DEFAULT = bytes.fromhex(
    "01000080140000000000000000000000000000000102000000000005200000002102000000"
)


class WindowsHost:
    """A drive C:, and processes of the program that work on it."""

    def __init__(self, program: Path, place: Path, calls: Path) -> None:
        self.program = place / program.name
        self.drive = place / "drive"
        self.drive.mkdir()
        self._beside("access").mkdir()
        self._beside("default").write_bytes(_DEFAULT)
        shutil.copy(program, self.program)
        self.program.with_suffix(".exe.config").write_text(_CONFIG.format(calls))
        self.folder = self.drive / "ProgramData" / "Größe" / "maps-provisioner"
        self._programs: list[MonoProgram] = []

    def process(self) -> MonoProgram:
        """A process that has not begun."""
        program = MonoProgram(self.program, {"MAPS_DRIVE": str(self.drive)})
        self._programs.append(program)
        program.call("windows.used", account=ACCOUNT)
        return program

    @cached_property
    def asked(self) -> MonoProgram:
        """A process for whatever needs none of its own."""
        return self.process()

    def store(self, run_id: str = "run-1", owner: str = "ann", **settings) -> CSharpStore:
        """The store of the host, in a process of its own."""
        return CSharpStore(self.process(), DIRECTORY, run_id, owner, **settings)

    def fill(self) -> None:
        """Nothing can be written any more."""
        self._beside("full").touch()

    def open_document(self) -> None:
        """A program has the document open, and shares it with nobody who would replace it."""
        self._beside("open").touch()

    def close_document(self) -> None:
        """It has not any more."""
        self._beside("open").unlink()

    def forget_access(self) -> None:
        """No file has a descriptor of its own any more, as with FAT."""
        self._beside("fat").touch()

    def keep_busy(self, calls: int) -> None:
        """The next calls find their file in use."""
        self._beside("busy").write_bytes(b"x" * calls)

    def busy_calls(self) -> int:
        """How many of them are still to come."""
        return self._beside("busy").stat().st_size

    def plant(self, path: Path, text: str) -> None:
        """Put a file of somebody else there."""
        path.unlink(missing_ok=True)
        path.write_text(text)
        (self._beside("access") / str(path.stat().st_ino)).unlink(missing_ok=True)

    def access(self, path: Path) -> bytes | None:
        """The security descriptor that a file was given."""
        known = self._beside("access") / str(path.lstat().st_ino)
        return known.read_bytes() if known.exists() else None

    def close(self) -> None:
        """End its processes."""
        for program in self._programs:
            program.close()

    def _beside(self, ending: str) -> Path:
        return self.drive.with_name(f"drive.{ending}")


@pytest.fixture(scope="session")
def windows_calls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that stands for Windows."""
    try:
        require_programs("cc")
    except LabError as error:
        pytest.fail(str(error), pytrace=False)
    library = tmp_path_factory.mktemp("windows") / "windows_calls.so"
    strict = ("-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter")
    argv = ["cc", *strict, "-shared", "-fPIC", "-o", str(library), str(_SOURCE)]
    subprocess.run(argv, check=True, timeout=120)
    return library


@pytest.fixture
def windows(mono_program: Path, windows_calls: Path, tmp_path: Path) -> Iterator[WindowsHost]:
    """A host of its own."""
    host = WindowsHost(mono_program, tmp_path, windows_calls)
    try:
        yield host
    finally:
        host.close()
