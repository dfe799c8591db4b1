"""How an error is printed, wherever one is."""

from __future__ import annotations

import sys
import textwrap


def print_error(message: str, remedy: str = "") -> None:
    """What is wrong and what to do next, on standard error."""
    print(f"Error: {message}", file=sys.stderr)
    if remedy:
        print(textwrap.indent(remedy, "  "), file=sys.stderr)
