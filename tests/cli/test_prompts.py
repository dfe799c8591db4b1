"""Questions at a terminal, and what happens where nobody can answer."""

import os
import subprocess
import sys

import pytest

from tests.support.paths import ROOT
from tests.support.terminal import CTRL_C, CTRL_D, Terminal

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
_ASKING = (
    "from provisioner.cli.prompts import ask_secret;"
    "print('characters:', len(ask_secret('Password').reveal()))"
)
COMMAND = [sys.executable, "-c", _PROGRAM]


@pytest.fixture
def at_terminal():
    return lambda: Terminal(COMMAND, folder=ROOT, environment=os.environ)


@pytest.mark.parametrize(
    ("name", "shown", "answers", "result"),
    [
        ("", "Reports", ["y"], "<Reports> True"),
        (" Alerts ", "Alerts", ["YES"], "<Alerts> True"),
        ("A", "A", ["perhaps", ""], "<A> False"),
        ("A", "A", ["no"], "<A> False"),
        ("a\u202eb\u3164c", "a<U+202E>b<U+3164>c", ["y"], "> True"),
    ],
)
def test_answers(at_terminal, name, shown, answers, result):
    with at_terminal() as terminal:
        terminal.answer("Name [Reports]: ", name)
        for answer in answers:
            terminal.answer(f"Delete {shown}? [y/N] ", answer)
        assert terminal.ends() == 0
        assert result in terminal.output


def test_an_answer_from_before_the_question_is_none(at_terminal):
    with at_terminal() as terminal:
        terminal.answer("Name", "Slow")
        terminal.wait_for("working")
        terminal.type("y\n")
        terminal.answer("Delete Slow? [y/N] ", "n")
        assert terminal.ends() == 0
        assert "<Slow> False" in terminal.output


@pytest.mark.parametrize("key", [CTRL_C, CTRL_D])
def test_no_answer_is_an_interruption(at_terminal, key):
    with at_terminal() as terminal:
        terminal.wait_for(r"Name \[Reports\]: ")
        terminal.type(key)
        assert terminal.ends() == 130
        assert terminal.output.endswith("\n")
        assert "bug" not in terminal.output
        assert "Traceback" not in terminal.output


def test_a_secret_stays_unseen_after_ctrl_z():
    """A shell gives a job that was stopped a terminal that shows what is typed."""
    shell = ["/bin/bash", "--norc", "--noprofile", "-i"]
    environment = os.environ | {"HISTFILE": "", "PS1": "shell: "}
    with Terminal(shell, folder=ROOT, environment=environment) as terminal:
        terminal.type(f'{sys.executable} -c "{_ASKING}"\n')
        terminal.wait_for("Password: ")
        terminal.type("\x1ahunter2\n")
        terminal.wait_for(r"characters: 7|hunter2")
        terminal.type("exit\n")
        assert terminal.ends() == 0
        assert "hunter2" not in terminal.output


@pytest.mark.parametrize("streams", ["", "<&- 2>&-"], ids=["piped", "closed"])
def test_without_a_terminal_nobody_is_asked(streams):
    finished = subprocess.run(
        ["sh", "-c", f'"$@" {streams}', "sh", *COMMAND],
        cwd=ROOT,
        input="A\ny\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (finished.returncode, finished.stdout, finished.stderr) == (7, "nobody\n", "")
