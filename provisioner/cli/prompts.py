"""Questions to the person at the terminal: on standard error, so that a report stays a report."""

from __future__ import annotations

import getpass
import sys
import termios
from collections.abc import Callable, Sequence
from contextlib import suppress

from provisioner.ansible.signals import without_suspension
from provisioner.cli.output import print_note, terminal_width
from provisioner.errors import Interrupted, UsageError
from provisioner.reports.layout import laid_out
from provisioner.secret import Secret
from provisioner.text import printable


def can_answer() -> bool:
    """Whether a person is there: standard input and error are a terminal's."""
    streams = (sys.stdin, sys.stderr)
    return all(s is not None and not s.closed and s.isatty() for s in streams)


def require_terminal(unasked: str) -> None:
    """UsageError, which says what was not confirmed, where no person can be asked."""
    if not can_answer():
        raise UsageError(unasked, remedy="confirm with --yes (no terminal to prompt on)")


def confirm(question: str) -> bool:
    """Whether the answer is yes; what is neither yes nor no is asked again, Enter is no."""
    while True:
        answer = _answer(f"{question} [y/N]").casefold()
        if answer in ("y", "yes", "", "n", "no"):
            return answer.startswith("y")


def confirm_lines(lines: Sequence[str], question: str) -> bool:
    """The same, after these lines."""
    print_note("\n".join(map(printable, lines)))
    return confirm(question)


def ask(question: str, *, default: str = "", wrong: Callable[[str], str] = lambda _: "") -> str:
    """The answer, without spaces around it; what is left empty is the default, else asked again.

    `wrong` says what is wrong with an answer, or nothing: then it is shown and asked again.
    """
    hint = f" [{default}]" if default else ""
    while True:
        answer = _answer(f"{question}{hint}:") or default
        complaint = wrong(answer) if answer else ""
        if answer and not complaint:
            return answer
        if complaint:
            print_note(f"  {complaint}")


def ask_secret(question: str) -> Secret:
    """The answer, which is not shown. getpass throws away what was typed before, too."""
    try:
        with without_suspension():
            return Secret(getpass.getpass(f"{question}: "))
    except EOFError:
        raise _no_answer() from None
    except KeyboardInterrupt:
        print(file=sys.stderr)  # what is said of it is a line of its own
        raise


def _answer(question: str) -> str:
    """One line, typed after the question, which is wrapped at blanks. The end of the input (Ctrl-D)
    is no answer; Ctrl-C ends the command, whatever else it was to do.
    """
    with suppress(termios.error, OSError, ValueError):
        termios.tcflush(sys.stdin, termios.TCIFLUSH)
    shown = laid_out(printable(question), width=terminal_width(sys.stderr)).rstrip("\n")
    try:
        print(shown, end=" ", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
    except KeyboardInterrupt:
        print(file=sys.stderr)
        raise
    if not line:
        raise _no_answer()
    return line.strip()


def _no_answer() -> Interrupted:
    print(file=sys.stderr)
    return Interrupted("no answer: nothing was changed")
