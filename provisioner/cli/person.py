"""Questions to the person at the terminal: on standard error, so that a report stays a report."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TextIO

from provisioner.errors import Interrupted
from provisioner.text import printable


def can_answer() -> bool:
    """Whether somebody is there: standard input and error are a terminal's."""
    return _is_terminal(sys.stdin) and _is_terminal(sys.stderr)


def _nothing(_: str) -> str:
    return ""


def ask(question: str, *, default: str = "", wrong: Callable[[str], str] = _nothing) -> str:
    """The answer, without spaces around it; what is left empty is the default, else asked again.

    `wrong` says what is wrong with an answer, or nothing: then it is told and asked again.
    """
    hint = f" [{default}]" if default else ""
    while True:
        answer = _answer(f"{question}{hint}: ") or default
        if not answer:
            continue
        if not (complaint := wrong(answer)):
            return answer
        print(f"  {complaint}", file=sys.stderr)


def confirm(question: str) -> bool:
    """Whether the answer is yes; what is neither yes nor no is asked again, nothing is no."""
    while True:
        answer = _answer(f"{printable(question)} [y/N] ").casefold()
        if answer in ("y", "yes"):
            return True
        if answer in ("", "n", "no"):
            return False


def _answer(prompt: str) -> str:
    """One line. The end of the input (Ctrl-D) is no answer, as Ctrl-C is none."""
    print(prompt, end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line:
        print(file=sys.stderr)
        raise Interrupted("no answer came: nothing was done")
    return line.strip()


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()
