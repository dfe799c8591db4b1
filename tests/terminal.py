"""A program at a terminal of its own: what it shows is read, answers are typed."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

CTRL_C = "\x03"
CTRL_D = "\x04"


class Terminal:
    """`shown` is everything on the screen so far. Standard output is the terminal's, too."""

    def __init__(self, command: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str]) -> None:
        self.shown = ""
        self._screen, inner = pty.openpty()
        try:
            # A session with this terminal, so that Ctrl-C becomes a signal.
            self.process = subprocess.Popen(
                ["setsid", "--ctty", *command],
                cwd=cwd,
                env=dict(env),
                stdin=inner,
                stdout=inner,
                stderr=inner,
            )
        finally:
            os.close(inner)

    def expect(self, text: str, *, seconds: float = 60) -> None:
        """Wait until the text is shown."""
        deadline = time.monotonic() + seconds
        while text not in self.shown:
            assert time.monotonic() < deadline, f"{text!r} is not shown: {self.shown}"
            assert self._read(0.5), f"{text!r} was not shown: {self.shown}"

    def answer(self, question: str, text: str) -> None:
        """Type the text and Enter when the question is shown; what was shown before is past."""
        self.expect(question)
        self.shown = self.shown.partition(question)[2]
        self.press(text + "\n")

    def press(self, keys: str) -> None:
        """Type this."""
        os.write(self._screen, keys.encode())

    def ended(self, *, seconds: float = 60) -> int:
        """Wait for the end; the exit code."""
        deadline = time.monotonic() + seconds
        while self._read(0.5):
            assert time.monotonic() < deadline, f"does not end: {self.shown}"
        return self.process.wait(timeout=seconds)

    def _read(self, seconds: float) -> bool:
        """Take in what is shown; False when nothing can come any more."""
        if not select.select([self._screen], [], [], seconds)[0]:
            return True
        try:
            raw = os.read(self._screen, 65536)
        except OSError:  # EIO: nobody has the terminal open any more
            return False
        self.shown += raw.decode(errors="replace").replace("\r\n", "\n")
        return bool(raw)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._screen)
