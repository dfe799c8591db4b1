"""How an error is printed, wherever one is."""

from __future__ import annotations

import sys
import textwrap


def print_error(message: str, remedy: str = "") -> None:
    """What is wrong and what to do next, on standard error."""
    lines = f"Error: {message}\n" + (textwrap.indent(remedy, "  ") + "\n" if remedy else "")
    try:
        print(lines, end="", file=sys.stderr, flush=True)
    except OSError:
        sys.stderr = None  # the terminal was closed: the exit code still tells
