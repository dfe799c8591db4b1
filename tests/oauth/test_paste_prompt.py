"""The prompt by itself, on a real terminal."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from provisioner.oauth.paste_prompt import is_promptable
from tests.terminal import Terminal

# The reader is busy when more is typed, and is told to stop before it gets to read that.
_BUSY = """
import os, sys, threading, time
from provisioner.oauth.paste_prompt import PastePrompt

busy, go_on = threading.Event(), threading.Event()

def entered(text):
    busy.set()
    go_on.wait()

with PastePrompt(0, entered):
    busy.wait()
    print("busy", flush=True)
    while not os.path.exists(sys.argv[1]):
        time.sleep(0.02)
    threading.Timer(0.3, go_on.set).start()
os.set_blocking(0, False)
try:
    print("left:", len(os.read(0, 4096)))
except BlockingIOError:
    print("left: nothing")
"""


def test_property_12_what_nobody_read_does_not_come_to_the_shell(tmp_path: Path) -> None:
    typed = tmp_path / "typed"
    with Terminal(
        [sys.executable, "-c", _BUSY, typed], folder=tmp_path, environment=dict(os.environ)
    ) as terminal:
        terminal.wait_until_unseen()
        terminal.type("first\r")
        terminal.wait_for("busy")
        terminal.type("CANARY\r")
        typed.touch()
        assert terminal.ends() == 0, terminal.output
        assert terminal.modes() == terminal.modes_before
    assert "left: nothing" in terminal.output
    assert "CANARY" not in terminal.output


def test_only_a_terminal_is_asked() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, Path(os.devnull).open() as nothing:
        assert not is_promptable(nothing.fileno())
        assert not is_promptable(ours.fileno())
    assert not is_promptable(-1)
