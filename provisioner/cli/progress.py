"""Progress on standard error: one line that changes on a terminal, plain lines elsewhere."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from provisioner.text import printable, printable_lines


@contextmanager
def progress(*, quiet: bool, plain: bool) -> Iterator[_Progress]:
    """Say what is going on while it lasts; leaves a clean terminal. `plain`: as for a file."""
    line = _Progress(terminal=sys.stderr.isatty() and not plain, quiet=quiet)
    try:
        yield line
    finally:
        line.clear()


class _Progress:
    def __init__(self, *, terminal: bool, quiet: bool) -> None:
        self._terminal = terminal
        self._quiet = quiet

    def __call__(self, text: str) -> None:
        if self._quiet:
            return
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write(f"\r\x1b[K{printable(text)[:width]}")
        else:
            sys.stderr.write(f"{printable_lines(text)}\n")
        sys.stderr.flush()

    def clear(self) -> None:
        """Take the changing line away."""
        if self._terminal and not self._quiet:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
