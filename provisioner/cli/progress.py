"""Progress on standard error: one line that changes on a terminal, plain lines elsewhere."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from provisioner.text import printable, printable_lines

_TO_AN_EMPTY_LINE = "\r\x1b[K"


@contextmanager
def progress(*, quiet: bool) -> Iterator[Callable[[str], None]]:
    """Call what it gives to say what is going on while it lasts; leaves a clean terminal."""
    changes = sys.stderr.isatty()

    def show(text: str) -> None:
        if not quiet:
            sys.stderr.write(text)
            sys.stderr.flush()

    def tell(text: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        line = f"{_TO_AN_EMPTY_LINE}{printable(text)[:width]}"
        show(line if changes else f"{printable_lines(text)}\n")

    try:
        yield tell
    finally:
        show(_TO_AN_EMPTY_LINE if changes else "")
