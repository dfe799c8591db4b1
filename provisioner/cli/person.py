"""Questions to a person at the terminal."""

from __future__ import annotations

import sys


def can_answer() -> bool:
    """Whether a person can be asked: the question is shown, and the answer can be typed."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def confirm(question: str) -> bool:
    """Ask a yes-or-no question; nothing but yes is yes. KeyboardInterrupt passes through."""
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().casefold() in ("y", "yes")
