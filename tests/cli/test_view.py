"""What a person sees while a run lasts: on terminals wide and narrow, in a log, as JSON lines."""

import io
import json
import os
import pty
import re
import struct
import subprocess
import sys
import time
from fcntl import ioctl
from termios import TIOCSWINSZ

import pytest

from provisioner.cli.view import Board, event_text, host_line
from provisioner.deploy.record import (
    BatchStarted,
    HostFinished,
    HostsAsked,
    PhaseStarted,
    RunPlanned,
    RunStopped,
    WarningGiven,
)
from provisioner.host.result import HostResult, HostState


def phase(host, name="deliver"):
    return PhaseStarted(host=host, phase=name)


def finished(host, state, reason=""):
    return HostFinished(result=HostResult(host=host, state=state, reason=reason))


def board(hosts, *events):
    made, names = Board(), [f"maps{n}" for n in range(1, hosts + 1)]
    made.on_event(RunPlanned(hosts=[], plan=None, batches=[names]))
    made.on_event(BatchStarted(number=1, count=1, hosts=names))
    made.on_event(HostsAsked(purpose="push", hosts=hosts))
    for event in events:
        made.on_event(event)
    return made


# -- the lines that change


def test_a_line_for_each_host_at_work_and_a_footer_that_counts(monkeypatch):
    monkeypatch.setattr(time, "monotonic", lambda: 10.0)
    made = board(
        4,
        phase("maps1"),
        phase("maps2", "verify"),
        finished("maps3", HostState.APPLIED),
        finished("maps4", HostState.RESTORED),
    )
    monkeypatch.setattr(time, "monotonic", lambda: 75.0)
    assert made.lines(24) == [
        "  maps1  deliver 1:05",
        "  maps2  verify 1:05",
        "batch 1 of 1, 2 of 4 hosts, 1 restored, 1:05",
    ]


def test_a_host_that_has_answered_is_not_at_work_while_others_are_checked():
    made = Board()
    made.on_event(HostsAsked(purpose="plan", hosts=2))
    for event in (phase("maps1", "read"), phase("maps2", "read"), phase("maps1", "done")):
        made.on_event(event)
    assert made.lines(24) == ["  maps2  read 0 s", "checking, 1 of 2 hosts, 0 s"]


@pytest.mark.parametrize("height", [1, 2, 5, 24, 60])
def test_two_hundred_hosts_fit_any_terminal(height):
    lines = board(200, *(phase(f"maps{n}") for n in range(200))).lines(height)
    assert len(lines) == height
    assert lines[-1].startswith("batch 1 of 1, 0 of 200 hosts")
    if height > 1:
        assert lines[-2] == f"  and {200 - max(0, height - 2)} more hosts"


def test_a_long_name_leaves_room_for_its_phase_where_it_stays_its_own():
    (line, _) = board(1, phase("m" * 100 + "n" * 100)).lines(24, 60)
    assert line == f"  {'m' * 19}…{'n' * 20}  deliver 0 s"
    names = ["m" * 50 + number + "n" * 50 for number in "12"]
    lines = board(2, *map(phase, names)).lines(24, 60)
    assert [line.split()[0] for line in lines[:2]] == names


# -- plain lines


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (HostsAsked(purpose="plan", hosts=3), "checking 3 hosts"),
        (HostsAsked(purpose="push", hosts=3), ""),
        (BatchStarted(number=1, count=1, hosts=["a"]), ""),
        (BatchStarted(number=2, count=3, hosts=["a", "b"]), "batch 2 of 3: 2 hosts"),
        (phase("a"), ""),
        (finished("a", HostState.UNCHANGED), ""),
        (finished("a", HostState.APPLIED), "a: applied"),
        (
            finished("a", HostState.RESTORED, "mail_refused"),
            "a: restored: a test email was rejected",
        ),
        (
            RunStopped(reason="a failed", hosts=["b"]),
            "stopped: a failed; 1 host of later batches not started",
        ),
        (WarningGiven(text="in the report"), ""),
    ],
)
def test_plain_lines(event, line):
    assert event_text(event) == line


def test_a_name_cannot_move_the_cursor():
    made = board(1, phase("a\x1b[2Jb\n", "x\x1b[2J"))
    assert "\x1b" not in "".join(made.lines(24))
    assert len(made.lines(24)) == 2
    assert "\x1b" not in host_line(HostResult(host="a\x1b[2J", state=HostState.FAILED))
    assert "\x1b" not in event_text(RunStopped(reason="a\x1b[2J", hosts=[]))


# -- on a terminal

SCRIPT = """
import os, sys, time
from provisioner.cli.app import _open_standard_streams
from provisioner.cli.view import run_view
from provisioner.deploy.record import *
from provisioner.host.result import HostResult, HostState
_open_standard_streams()
names = [f"maps{n:02}" for n in range(1, 41)]
def failed(host, **facts):
    return HostFinished(result=HostResult(host=host, state=HostState.RESTORED, **facts))
with run_view(stream_events=%(stream)s, quiet=%(quiet)s, plain=%(plain)s) as view:
    view.on_event(HostsAsked(purpose="plan", hosts=40))
    view.on_event(PhaseStarted(host="maps01", phase="read"))
    time.sleep(%(pause)s)
    view.on_event(RunPlanned(hosts=[], plan=None, batches=[names]))
    view.clear()
    sys.stderr.write("Push? [y/N] yes\\n")
    sys.stderr.flush()
    view.on_event(BatchStarted(number=1, count=1, hosts=names))
    for name in names:
        view.on_event(PhaseStarted(host=name, phase="deliver"))
    time.sleep(%(pause)s)
    for name in names[:30]:
        view.on_event(failed(name, reason="mail_refused"))
    view.note("a [red]note[/red] :smile:")
    time.sleep(%(pause)s)
print("the report")
"""
VIEW = {"stream": False, "quiet": False, "plain": False, "pause": 0}
FAILURES = [f"maps{n:02}: restored: a test email was rejected" for n in range(1, 31)]
STAYS = ["Push? [y/N] yes", *FAILURES, "a [red]note[/red] :smile:", "the report"]


def environment(**changes):
    keep = {n: v for n, v in os.environ.items() if n not in ("COLUMNS", "LINES", "NO_COLOR")}
    return {**keep, "TERM": "xterm", **changes}


def shown(columns, lines=24, pause=0.6, **changes):
    """What a pseudo-terminal receives; `pause`: long enough to draw in."""
    parent, child = pty.openpty()
    ioctl(child, TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT % {**VIEW, "pause": pause}],
        env=environment(**changes),
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
    return received.getvalue().decode()


def on_screen(text):
    """The lines that are left, blanks at the end away, when all cursor movements are done."""
    lines, row, column = [""], 0, 0
    for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\r\n\x1b]+", text):
        if part == "\r":
            column = 0
        elif part == "\n":
            row += 1
            lines += [""] * (row + 1 - len(lines))
        elif up := re.fullmatch(r"\x1b\[(\d+)A", part):
            row -= int(up[1])
            assert row >= 0, "above what this program wrote"
        elif part == "\x1b[2K":
            lines[row] = ""
        elif part.startswith("\x1b"):
            assert part.endswith("m"), f"{part!r} is more than a color"
        else:
            lines[row] = lines[row][:column].ljust(column) + part + lines[row][column + len(part) :]
            column += len(part)
    return [line.rstrip() for line in lines if line.strip()]


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (100, 60), (60, 6), (60, 2)])
def test_the_lines_change_and_failures_stay_and_nothing_else(columns, lines):
    text = shown(columns, lines)
    assert "checking, 0 of 40 hosts" in text
    if lines > 2:
        assert "  maps01  deliver 0 s" in text
    assert "\x1b[31mmaps30: restored: a test email was rejected\x1b[0m" in text
    assert on_screen(text) == STAYS


def test_without_colors_and_on_a_narrow_terminal():
    text = shown(20, NO_COLOR="1")
    assert "\x1b[31m" not in text
    assert "batch 1 of 1, 0 of 4\r" in text
    assert on_screen(text) == STAYS


def test_a_dumb_terminal_gets_plain_lines():
    plain = ["checking 40 hosts", *STAYS]
    assert shown(80, pause=0, TERM="dumb").replace("\r\n", "\n").splitlines() == plain


# -- whoever reads it may go away


def outputs(script, *, reads=None):
    """(exit code, lines of standard output, of standard error); `reads`: of the former no more."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": environment()}
    with subprocess.Popen([sys.executable, "-c", script], text=True, **options) as process:
        if reads is None:
            lines = process.stdout.readlines()
        else:
            lines = [process.stdout.readline() for _ in range(reads)]
            process.stdout.close()
        errors = process.stderr.readlines()
    return process.returncode, lines, errors


def test_events_for_a_program():
    code, lines, errors = outputs(SCRIPT % {**VIEW, "stream": True})
    assert (code, errors) == (0, ["Push? [y/N] yes\n"])
    events = [json.loads(line)["event"] for line in lines[:-1]]
    assert events[:4] == ["hosts_asked", "phase_started", "run_planned", "batch_started"]
    assert lines[-1] == "the report\n"


def test_a_program_that_reads_no_further_ends_nothing():
    code, lines, errors = outputs(SCRIPT % {**VIEW, "stream": True}, reads=1)
    assert (code, errors) == (0, ["Push? [y/N] yes\n"])
    assert json.loads(lines[0])["event"] == "hosts_asked"


def test_nothing_is_shown_beside_a_report_for_a_program():
    assert outputs(SCRIPT % {**VIEW, "quiet": True}) == (
        0,
        ["the report\n"],
        ["Push? [y/N] yes\n"],
    )


def test_a_log_that_cannot_be_written_any_more_ends_nothing():
    at_once = "\nsys.stdout.flush(); os._exit(0)"  # no last attempt to write the rest
    script = re.sub(r"    sys.stderr.(write|flush).*\n", "", SCRIPT) % VIEW + at_once
    with open("/dev/full", "w") as full:  # noqa: PTH123
        ended = subprocess.run(
            [sys.executable, "-c", script],
            stdout=subprocess.PIPE,
            stderr=full,
            env=environment(),
            check=False,
        )
    assert (ended.returncode, ended.stdout) == (0, b"the report\n")
