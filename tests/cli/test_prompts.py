"""Questions at a terminal, and what happens where nobody can answer."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.terminal import CTRL_C, CTRL_D, Terminal

ROOT = Path(__file__).resolve().parents[2]
_PROGRAM = """
import sys, time
from provisioner.cli import app, prompts
def asking() -> int:
    '''Ask.

    Examples:
    '''
    if not prompts.can_answer():
        print("nobody")
        return 7
    name = prompts.ask("Name", default="Reports")
    print("working", flush=True)
    time.sleep(1 if name == "Slow" else 0)
    print(f"<{name}>", prompts.confirm(f"Delete {name}?"))
    return 0
app.COMMANDS = ("validate", "ask")
app.command_named = lambda name: asking
sys.exit(app.run(["ask"]))
"""
COMMAND = [sys.executable, "-c", _PROGRAM]


@pytest.fixture
def at_terminal() -> Callable[[], Terminal]:
    return lambda: Terminal(COMMAND, folder=ROOT, environment=os.environ)


@pytest.mark.parametrize(
    ("name", "sure", "result"),
    [
        ("", "y", "<Reports> True"),
        (" Alerts ", "YES", "<Alerts> True"),
        ("A", "", "<A> False"),
        ("A", "no", "<A> False"),
    ],
)
def test_answers(at_terminal: Callable[[], Terminal], name: str, sure: str, result: str) -> None:
    with at_terminal() as terminal:
        terminal.answer("Name [Reports]: ", name)
        terminal.answer("? [y/N] ", sure)
        assert terminal.ends() == 0
        assert result in terminal.output


def test_an_answer_from_before_the_question_is_none(at_terminal: Callable[[], Terminal]) -> None:
    with at_terminal() as terminal:
        terminal.answer("Name", "Slow")
        terminal.wait_for("working")
        terminal.type("y\n")
        terminal.answer("Delete Slow? [y/N] ", "n")
        assert terminal.ends() == 0
        assert "<Slow> False" in terminal.output


def test_a_question_names_what_does_not_show(at_terminal: Callable[[], Terminal]) -> None:
    with at_terminal() as terminal:
        terminal.answer("Name", "a\u202eb\u3164c")
        terminal.answer("Delete a<U+202E>b<U+3164>c? [y/N] ", "y")
        assert terminal.ends() == 0


def test_what_is_neither_yes_nor_no_is_asked_again(at_terminal: Callable[[], Terminal]) -> None:
    with at_terminal() as terminal:
        terminal.answer("Name", "A")
        terminal.answer("Delete A? [y/N] ", "perhaps")
        terminal.answer("Delete A? [y/N] ", "y")
        assert terminal.ends() == 0


@pytest.mark.parametrize("key", [CTRL_C, CTRL_D])
def test_no_answer_is_an_interruption(at_terminal: Callable[[], Terminal], key: str) -> None:
    with at_terminal() as terminal:
        terminal.wait_for(r"Name \[Reports\]: ")
        terminal.type(key)
        assert terminal.ends() == 130
        assert "bug" not in terminal.output
        assert "Traceback" not in terminal.output


def test_without_a_terminal_nobody_is_asked() -> None:
    finished = subprocess.run(
        COMMAND, cwd=ROOT, input="A\ny\n", capture_output=True, text=True, timeout=60, check=False
    )
    assert (finished.returncode, finished.stdout, finished.stderr) == (7, "nobody\n", "")


def test_closed_standard_streams_are_no_bug() -> None:
    finished = subprocess.run(
        ["sh", "-c", '"$@" <&- 2>&-', "sh", *COMMAND],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (finished.returncode, finished.stdout) == (7, "nobody\n")
