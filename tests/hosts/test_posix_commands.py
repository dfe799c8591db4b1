"""Commands, the lock, signals: what outlives what on a POSIX host."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.hosts.host import LOCK
from tests.hosts.operation_cases import DOCUMENT, LIES, READ, S2, STATE, S, copy, text, write
from tests.hosts.posix_host import PosixHost

CHANGE = write(text(STATE, S2))


@pytest.fixture
def host(host: PosixHost) -> PosixHost:
    host.put(LIES)
    return host


def shell(script: str, timeout: int = 60) -> dict:
    return {"op": "run", "argv": ["sh", "-c", script], "timeout": timeout}


def wait_for(what: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def is_over(pid: str) -> bool:
    """Whether a process has ended, though nobody has asked for its code."""
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z"


def waiting_script(host: PosixHost) -> str:
    """Tells that it began, and goes on once it may."""
    return f"touch {host.place}/began; until [ -e {host.place}/go ]; do sleep 0.05; done"


# -- commands


def test_a_command_that_hangs_is_killed_with_all_its_children(host):
    pids = host.place / "pids"
    [answer] = host.ask(shell(f"echo $$ > {pids}; sleep 60 & echo $! >> {pids}; wait", 1))
    assert (answer["done"], answer["exit"]) == (False, None)
    for pid in pids.read_text().split():
        wait_for(lambda pid=pid: is_over(pid))
    assert host.ask(CHANGE)[0]["done"]  # and so the lock is free


def test_a_daemon_holds_nobody_up_though_it_keeps_output_and_lock_open(host):
    began = time.monotonic()
    answers = host.ask(shell("echo started; sleep 60 & echo $!"), CHANGE)
    said, pid = answers[0]["output"].split()
    try:
        assert (said, answers[1]["done"]) == ("started", True)
        assert host.ask(CHANGE)[0]["done"]
        assert time.monotonic() - began < 50
    finally:
        os.kill(int(pid), signal.SIGKILL)


def test_a_command_has_nothing_of_ours_but_the_lock(host):
    script = "ls -l /proc/self/fd; cat; grep Sig /proc/self/status; ps -o sid= $$; echo $$"
    process = host.start(shell(script))
    [answer] = json.loads(process.communicate()[0])["answers"]
    lines = answer["output"].splitlines()
    opened = [line.split(" -> ")[1] for line in lines if " -> " in line]
    assert str(host.folder / LOCK) in opened
    assert str(host.folder) not in opened
    assert not [path for path in opened if "email-servers" in path]
    ignored = int(next(line for line in lines if line.startswith("SigIgn")).split()[1], 16)
    assert not ignored & sum(1 << (n - 1) for n in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM))
    assert lines[-1].strip() == lines[-2].strip()  # a session of its own


def test_a_command_that_a_signal_ends(host):
    [answer] = host.ask(shell("kill -SEGV $$"))
    assert (answer["done"], answer["exit"]) == (False, -signal.SIGSEGV)


@pytest.mark.parametrize(
    "argv", [["/"], ["/etc/passwd"], ["no\0such"], [""], ["x" * 5000], ["echo", "y" * 200_000]]
)
def test_what_is_no_program(host, argv):
    [answer] = host.ask({"op": "run", "argv": argv, "timeout": 5})
    assert (answer["done"], answer["reason"]) == (False, "not_started")
    assert answer["about"] == argv[0][:4096] or argv == [""]


# -- signals, and those who go away


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=str)
def test_a_list_that_has_begun_is_finished(host, number):
    process = host.start(shell(waiting_script(host)), CHANGE)
    wait_for((host.place / "began").exists)
    for _ in range(3):
        process.send_signal(number)
        time.sleep(0.05)
    (host.place / "go").touch()
    said = json.loads(process.communicate()[0])
    assert [answer["done"] for answer in said["answers"]] == [True, True]
    assert host.files()[STATE] == S2


def test_a_list_that_has_begun_is_finished_though_nobody_listens(host):
    process = host.start(shell(waiting_script(host)), CHANGE)
    wait_for((host.place / "began").exists)
    process.stdout.close()
    (host.place / "go").touch()
    process.wait(20)
    assert host.files()[STATE] == S2


def test_who_waits_for_the_lock_begins_nothing_once_nobody_listens(host):
    with host.held("bob@ws (run r0)"):
        process = host.start(CHANGE, lock_wait=500, stderr=subprocess.PIPE)
        assert process.stderr.readline() == "begun\n"
        process.stdout.close()
        process.stderr.close()
        process.wait(20)
    assert host.files() == LIES


# -- the lock


def test_who_waits_for_the_lock_gets_it(host):
    with host.held("bob@ws (run r0)"):
        process = host.start(CHANGE, lock_wait=60, stderr=subprocess.PIPE)
        process.stderr.readline()
        time.sleep(0.3)
        assert host.files() == LIES
    assert json.loads(process.communicate()[0])["answers"][0]["done"]
    assert (host.folder / LOCK).read_text() == "ann@ws (run r1)"


def test_a_reader_s_probe_of_the_lock_holds_nobody_up(host):
    host.ask(write())  # makes the file
    probe = (host.folder / LOCK).open()
    fcntl.flock(probe, fcntl.LOCK_SH)
    threading.Timer(0.15, probe.close).start()
    assert host.ask(CHANGE)[0]["done"]


def test_the_words_of_the_lock_are_of_who_has_it(host):
    (host.folder / LOCK).write_text("the words of somebody who has gone, and long ones")
    assert host.ask(READ)[0]["holder"] is None
    [_, said] = host.ask(CHANGE, shell(f"cat {host.folder / LOCK}"), who="bob")
    assert said["output"] == "bob"


@pytest.fixture
def killed(host):
    """A call was killed while its command runs; that goes on until there is a file `go`."""
    process = host.start(shell(waiting_script(host)))
    wait_for((host.place / "began").exists)
    process.kill()
    process.communicate()
    yield
    (host.place / "go").touch()


@pytest.mark.usefixtures("killed")
def test_a_command_keeps_the_lock_of_a_call_that_was_killed(host):
    [looked] = host.ask(READ)
    assert looked["holder"] == "ann@ws (run r1)"
    [answer] = host.ask(CHANGE, who="bob@ws (run r2)")
    assert (answer["reason"], answer["about"]) == ("locked", "ann@ws (run r1)")
    assert host.files() == LIES
    (host.place / "go").touch()
    [answer] = host.ask(CHANGE, lock_wait=20)
    assert answer["done"]


def test_two_that_make_the_folder_at_once(tmp_path):
    host = PosixHost(tmp_path)
    asked = [write(text(STATE, S)), write(copy(DOCUMENT, STATE))]
    processes = [host.start(*asked, lock_wait=20) for _ in range(4)]
    for process in processes:
        answers = json.loads(process.communicate()[0])["answers"]
        assert [answer["done"] for answer in answers] == [True, True]
    assert host.files() == {STATE: S, DOCUMENT: S}
    assert host.is_closed()
