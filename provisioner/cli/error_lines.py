"""How an error is printed, wherever one is."""

from __future__ import annotations

import sys
import textwrap

from provisioner.text import printable_lines


def print_error(message: str, remedy: str = "") -> None:
    """What is wrong and what to do next, on standard error.

    Errors quote plans, journals, inventories and answers: none of it steers the terminal.
    """
    lines = f"Error: {message}\n" + (textwrap.indent(remedy, "  ") + "\n" if remedy else "")
    try:
        print(printable_lines(lines), end="", file=sys.stderr, flush=True)
    except OSError:
        sys.stderr = None  # the terminal was closed: the exit code still tells
