"""What a person sees while a run goes on: on terminals wide and narrow, and in a log."""

import io
import os
import pty
import re
import struct
import subprocess
import sys
from fcntl import ioctl
from termios import TIOCSWINSZ

import pytest

from provisioner.cli.run_board import Board
from provisioner.cli.run_lines import run_line
from provisioner.fleet.host_result import HostResult, HostState
from provisioner.fleet.run_event import (
    BatchStarted,
    HostFinished,
    PlaybookStarted,
    RunPlanned,
    RunStopped,
    TaskEnded,
    TaskStarted,
)


def started(host, phase="deliver"):
    return TaskStarted(host=host, phase=phase)


def ended(host, text="", outcome="ok", phase="deliver"):
    return TaskEnded(host=host, phase=phase, outcome=outcome, text=text, seconds=1.0)


def finished(host, state):
    return HostFinished(result=HostResult(host=host, state=state))


def board(hosts, *events):
    made = Board(began=0.0)
    names = tuple(f"maps{n}" for n in range(1, hosts + 1))
    made.take(RunPlanned(plan={}, hosts=(), batches=(names,)), 0.0)
    made.take(BatchStarted(number=1, count=1, hosts=names), 0.0)
    for event in events:
        made.take(event, 10.0)
    return made


def test_a_line_for_each_host_at_work_and_a_footer_that_counts():
    made = board(
        4,
        started("maps1"),
        started("maps2", "test email"),
        finished("maps3", HostState.APPLIED),
        finished("maps4", HostState.RESTORED),
    )
    assert made.lines(75.0, 80, 24) == [
        "  maps1  deliver 1:05",
        "  maps2  test email 1:05",
        "batch 1 of 1, 2 of 4 hosts, 1 restored, 1:15",
    ]


@pytest.mark.parametrize("outcome", ["ok", "failed", "unreachable"])
def test_a_host_that_has_answered_is_not_at_work(outcome):
    made = board(2, started("maps1"), ended("maps1", outcome=outcome))
    assert made.lines(10.0, 80, 24) == ["batch 1 of 1, 1 of 2 hosts, 10 s"]


def test_a_host_that_begins_another_task_is_not_done_yet():
    made = board(2, started("maps1"), ended("maps1"), started("maps1", "test email"))
    assert made.lines(10.0, 80, 24)[-1] == "batch 1 of 1, 0 of 2 hosts, 10 s"


@pytest.mark.parametrize(("width", "height"), [(20, 5), (80, 24), (10, 1), (200, 60), (1, 2)])
def test_two_hundred_hosts_fit_any_terminal(width, height):
    names = [f"maps-{n:03}.a-long-name-of-a-domain.example.edu" for n in range(200)]
    lines = board(200, *map(started, names)).lines(12.0, width, height)
    assert len(lines) <= height
    assert all(len(line) <= width for line in lines)
    assert "batch 1 of 1".startswith(lines[-1][: min(width, 12)])


def test_those_that_do_not_fit_are_counted():
    lines = board(9, *(started(f"maps{n}") for n in range(9))).lines(10.0, 80, 5)
    assert lines[-2] == "  and 6 more hosts at work"


def test_a_name_cannot_move_the_cursor():
    made = board(1, started("a\x1b[2Jb"))
    assert "\x1b" not in "".join(made.lines(1.0, 80, 24))
    assert "\x1b" not in run_line(ended("x", "a\x1b[2Jb"))


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (PlaybookStarted(purpose="check", hosts=3), "asking 3 hosts"),
        (PlaybookStarted(purpose="push", hosts=3), ""),
        (BatchStarted(number=1, count=1, hosts=("a",)), ""),
        (BatchStarted(number=2, count=3, hosts=("a", "b")), "batch 2 of 3: 2 hosts"),
        (started("a"), ""),
        (ended("a", "a: delivered"), "a: delivered"),
        (finished("a", HostState.UNKNOWN), "a: unknown"),
        (finished("a", HostState.RESTORED), ""),
        (finished("a", HostState.APPLIED), ""),
        (RunStopped(reason="a failed", hosts=("b",)), "stopped: a failed; 1 host not reached"),
    ],
)
def test_plain_lines(event, line):
    assert run_line(event) == line


ON_A_TERMINAL = """
import time
from provisioner.cli.run_view import run_view
from provisioner.fleet.host_result import HostResult, HostState
from provisioner.fleet.run_event import *
with run_view(stream_events=False, quiet=False, plain=False) as view:
    view.take(RunPlanned(plan={}, hosts=(), batches=(("maps1", "maps2"),)))
    view.take(BatchStarted(number=1, count=1, hosts=("maps1", "maps2")))
    view.take(TaskStarted(host="maps1", phase="deliver"))
    view.tick()
    view.take(HostFinished(result=HostResult(
        host="maps1", state=HostState.RESTORED, message="it was refused")))
    view.note("a note")
print("the report")
"""


def shown(columns, **environment):
    """What a pseudo-terminal receives."""
    parent, child = pty.openpty()
    ioctl(child, TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    keep = {n: v for n, v in os.environ.items() if n not in ("COLUMNS", "LINES", "NO_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-c", ON_A_TERMINAL],
        env={**keep, "TERM": "xterm", **environment},
        stdin=child,
        stdout=child,
        stderr=child,
    )
    os.close(child)
    received = io.BytesIO()
    try:
        while piece := os.read(parent, 4096):
            received.write(piece)
    except OSError:  # Linux: the other side is closed
        pass
    os.close(parent)
    assert process.wait(timeout=60) == 0, received.getvalue()
    return received.getvalue().decode().replace("\r\n", "\n")


def on_screen(text):
    """The lines that are left when all cursor movements are done."""
    lines = [""]
    for part in re.split(r"(\x1b\[\d*[A-Za-z]|\n)", text):
        if part == "\n":
            lines.append("")
        elif up := re.fullmatch(r"\x1b\[(\d+)A", part):
            del lines[len(lines) - int(up[1]) :]
            lines[-1] = ""
        elif not part.startswith("\x1b"):
            lines[-1] += part
    return [line for line in lines if line]


def test_on_a_terminal_the_lines_change_and_what_went_wrong_stays():
    text = shown(80)
    assert "  maps1  deliver 0 s\n" in text
    assert "\x1b[31mmaps1: restored: it was refused\x1b[0m\n" in text
    assert on_screen(text) == ["maps1: restored: it was refused", "a note", "the report"]


def test_without_colours_and_on_a_narrow_terminal():
    text = shown(20, NO_COLOR="1")
    assert "\x1b[31m" not in text
    assert "batch 1 of 1, 0 of \n" in text


def test_a_dumb_terminal_gets_plain_lines():
    assert shown(80, TERM="dumb") == "a note\nthe report\n"
