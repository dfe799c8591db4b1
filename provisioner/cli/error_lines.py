"""How an error is printed, wherever one is."""

from __future__ import annotations

import sys
import textwrap


def print_error(message: str, remedy: str = "") -> None:
    """What is wrong and what to do next, on standard error."""
    try:
        print(f"Error: {message}", file=sys.stderr)
        if remedy:
            print(textwrap.indent(remedy, "  "), file=sys.stderr)
    except OSError:  # the terminal hung up: nobody is left to tell, the exit code counts
        sys.stderr = None
