"""Runs do not meet: each has its number, and a dead one leaves nothing that stays."""

import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.support.lab.errors import LabError
from tests.support.lab.host import SSH_PORT
from tests.support.lab.identity import Identity, children_of
from tests.support.lab.run import Run, clean_stale
from tests.support.paths import ROOT

pytestmark = pytest.mark.long


def family_of(pid):
    """A process's descendants."""
    children = children_of(pid)
    return [*children, *(grandchild for c in children for grandchild in family_of(c.pid))]


def wait_until_gone(processes):
    end = time.monotonic() + 10
    while left := [process for process in processes if process.runs()]:
        assert time.monotonic() < end, f"still there: {left}"
        time.sleep(0.05)


@contextmanager
def lab_by_hand(*arguments):
    """`python -m tests.support.lab start`, up; and its run folder."""
    command = [sys.executable, "-m", "tests.support.lab", "start", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as lab:
        try:
            lines = iter(lab.stdout.readline, "")
            folder = Path(next(lines).split()[2])
            assert any(line.startswith("Ctrl-C") for line in lines), "it did not come up"
            yield lab, folder
        finally:
            lab.kill()


def mark(folder):
    """Files that only this run has: its number may go to another test run the moment it ends."""
    marks = [folder / "mark", folder / "fleet" / "mark"]
    for file in marks:
        file.touch()
    return marks


def test_two_labs_at_once_do_not_meet(lab):
    inventory = lab.fleet.inventory(1)
    with lab_by_hand("--hosts", "1") as (other, folder):
        assert folder != lab.run.folder
        assert inventory.exists()
        with socket.create_connection((lab.fleet.hosts["host1"].address, SSH_PORT), 5) as ours:
            assert ours.recv(4) == b"SSH-"
        other.send_signal(signal.SIGINT)
        assert other.wait(timeout=20) == 0
    assert lab.fleet.run("host1", ["hostname"]).stdout == "host1.lab.test\n"


def test_stopping_leaves_no_process_no_mount_no_file(lab):
    with lab_by_hand("--hosts", "2") as (other, folder):
        processes, marks = family_of(other.pid), mark(folder)
        assert len(processes) > 20, "node, six mail servers, two hosts with what they started"
        other.send_signal(signal.SIGTERM)
        assert other.wait(timeout=20) == 0
    assert not [process for process in processes if process.runs()]
    assert not [file for file in marks if file.exists()]


def test_a_killed_lab_takes_its_processes_along_and_the_next_cleans_the_rest(lab):
    with lab_by_hand("--hosts", "1") as (other, folder):
        processes, marks = family_of(other.pid), mark(folder)
        other.kill()
    wait_until_gone(processes)

    with closing(Run.claim()):
        assert not [file for file in marks if file.exists()]
    assert lab.run.folder.exists(), "a run that lives is no stale one"


@pytest.mark.lab
def test_a_survivor_of_a_stale_run_is_ended_but_nobody_else(tmp_path):
    stale = Run.claim(tmp_path / "labs")
    # not tied to us, as if a kernel had not kept the promise
    survivor = subprocess.Popen(["unshare", "--pid", "--fork", "--kill-child", "sleep", "300"])
    stranger = subprocess.Popen(["sleep", "300"])
    (stale.folder / "pids" / "survivor").write_text(str(Identity.of(survivor.pid)))
    us_before = Identity.of(stranger.pid)
    another_life = Identity(us_before.pid, us_before.started - 1, us_before.boot)
    (stale.folder / "pids" / "stranger").write_text(str(another_life))
    (stale.folder / "pids" / "half-written").touch()
    os.close(stale.lock)  # its owner is dead
    time.sleep(0.2)
    assert survivor.poll() is None

    try:
        assert clean_stale(tmp_path / "labs") == [stale.number]
        assert survivor.wait(timeout=60) != 0
        assert stranger.poll() is None
        assert not stale.folder.exists()
    finally:
        for process in (survivor, stranger):
            process.kill()
            process.wait()


def test_a_base_folder_that_is_a_link_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "labs").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LabError, match="belongs to somebody else"):
        Run.claim(tmp_path / "labs")
