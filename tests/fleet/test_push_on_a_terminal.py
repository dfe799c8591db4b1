"""A push at a terminal: hosts at work are seen there, and removing is asked for first."""

import io
import os
import pty
import subprocess

import pytest

pytestmark = pytest.mark.long


def at_a_terminal(fleet, *arguments, answer=b""):
    """-> (exit code, what the terminal received). `answer` is typed when a question comes."""
    parent, child = pty.openpty()
    running = subprocess.Popen(
        ["setsid", "--ctty", "--wait", *fleet.command(*arguments)],  # Ctrl-C is a signal there
        cwd=fleet.folder,
        env={**fleet.environment, "TERM": "xterm", "COLUMNS": "100", "LINES": "30"},
        stdin=child,
        stdout=child,
        stderr=child,
    )
    os.close(child)
    received = io.BytesIO()
    try:
        while piece := os.read(parent, 4096):
            received.write(piece)
            if answer and b"[y/N]" in received.getvalue():
                os.write(parent, answer)
                answer = b""
    except OSError:  # Linux: the other side is closed
        pass
    os.close(parent)
    return running.wait(timeout=60), received.getvalue().decode()


def test_hosts_at_work_are_seen_and_removing_is_asked_for(fleet):
    fleet.declare("Alerts")
    code, seen = at_a_terminal(fleet, "push")
    assert code == 0, seen
    assert "asking, 0 of 1 host, " in seen
    assert "  maps1  deliver " in seen
    assert "batch 1 of 1, 1 of 1 host, " in seen

    fleet.undeclare("Alerts")
    code, seen = at_a_terminal(fleet, "push", "--prune", answer=b"n\n")
    assert code == 6, seen
    assert "Remove Alerts from 1 host? [y/N] " in seen
    assert "nothing was changed: removing was not agreed to" in seen
    code, seen = at_a_terminal(fleet, "push", "--prune", answer=b"\x03")
    assert code == 130, seen
    assert sorted(fleet.served("maps1")) == ["Alerts", "Reports"]

    code, seen = at_a_terminal(fleet, "push", "--prune", answer=b"yes\n")
    assert code == 0, seen
    assert fleet.served("maps1") == ["Reports"]
