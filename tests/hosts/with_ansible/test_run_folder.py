"""What controller and workers see of each other in the folder of a run."""

import os
import signal
import stat
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from provisioner.ansible import run_folder as module
from provisioner.ansible.run_folder import (
    ENDED,
    ROOM,
    NotBegun,
    Phase,
    begin,
    interrupted,
    is_alive,
    run_folder,
)
from provisioner.errors import FleetError
from tests.hosts.with_ansible.stage import Stage

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounts a small file system")


@pytest.fixture(autouse=True)
def memory(tmp_path, monkeypatch):
    folder = tmp_path / "memory"
    folder.mkdir()
    monkeypatch.setattr(module, "_MEMORY", folder)
    return folder


@contextmanager
def small(folder, kilobytes, files=0):
    """A file system of this size there; `files`: as many at most, 0 for any number."""
    options = f"size={kilobytes}k,nr_inodes={files},mode=0700"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder, left=0):
    room = os.statvfs(folder)
    (folder / "filler").write_bytes(bytes(room.f_bavail * room.f_frsize - left))


def refused(folder, host="h1"):
    """Why it is not begun."""
    with pytest.raises(NotBegun) as error, begin(folder, host):
        pass
    return error.value.reason


def test_it_is_private_and_gone_after_an_error(memory):
    with pytest.raises(KeyError), run_folder(b"secret", 1) as folder:  # noqa: PT012
        assert folder.path.parent == memory
        assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
        for file in ("run.json", "in-use", "progress"):
            assert stat.S_IMODE((folder.path / file).stat().st_mode) == 0o600
        assert (folder.path / "run.json").read_bytes() == b"secret"
        raise KeyError
    assert list(memory.iterdir()) == []


def test_a_host_is_begun_at_work_and_answered():
    with run_folder(b"", 1) as folder:
        assert folder.begun(["h1", "h2"]) == {}
        with begin(folder.path, "h1") as begun:
            begun.phase("reading")
            assert folder.begun(["h1", "h2"]) == {"h1": True}
            begun.answer(b"{}", b"")
            assert folder.begun(["h1", "h2"]) == {"h1": True}, "until its worker lets go"
            assert not folder.is_idle
        assert folder.begun(["h1", "h2"]) == {"h1": False}
        assert folder.is_idle
        assert list(folder.progress()) == [Phase("h1", "reading")]
        assert list(folder.progress()) == []
        assert folder.take_answer("h1") == b"{}"
        assert folder.begun(["h1", "h2"]) == {}, "its room is free again"


def test_one_that_leaves_no_answer_has_died():
    with run_folder(b"", 1) as folder:
        with begin(folder.path, "h1"):
            pass
        assert folder.take_answer("h1") is None


def test_a_torn_line_of_progress_is_left_out():
    with run_folder(b"", 1) as folder, begin(folder.path, "h1") as begun:
        begun.phase("reading")
        with (folder.path / "progress").open("ab") as file:
            file.write(b'{"host": "h2", "ph')
        assert list(folder.progress()) == [Phase("h1", "reading")]
        begun.phase("lost")
        begun.phase("writing")
        assert list(folder.progress()) == [Phase("h1", "writing")]


def test_nothing_begins_after_a_stop_or_when_the_run_is_over():
    with run_folder(b"", 1) as folder:
        path = folder.path
        with begin(path, "h1") as begun:
            folder.stop(interrupted=False)
            assert refused(path, "h2") == ENDED
            assert not interrupted(path)
            folder.stop(interrupted=True)
            assert interrupted(path)
            begun.answer(b"{}", b"")
        assert folder.begun(["h1", "h2"]) == {"h1": False}
        assert folder.take_answer("h1") == b"{}"
        assert is_alive(path)
    assert not is_alive(path)
    assert refused(path) == ENDED, "a late one"


def test_a_worker_that_ansible_terminates_finishes_its_host():
    before = signal.getsignal(signal.SIGTERM)
    with run_folder(b"", 1) as folder, begin(folder.path, "h1") as begun:
        os.kill(os.getpid(), signal.SIGTERM)
        begun.answer(b"{}", b"")
    assert signal.getsignal(signal.SIGTERM) == before


# -- no room


@needs_root
@pytest.mark.parametrize("size", [(2048,), (65_536, 100)])
def test_without_room_a_run_does_not_start_or_goes_to_the_temporary_folder(
    memory, tmp_path, monkeypatch, size
):
    monkeypatch.setattr("tempfile.tempdir", str(memory))
    with small(memory, *size):
        with pytest.raises(FleetError, match="no room for the files of this run"):
            run_folder(b"x" * 100_000, 20).__enter__()
        assert list(memory.iterdir()) == []
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        with run_folder(b"x" * 100_000, 20) as folder:
            assert folder.path.parent == tmp_path


@needs_root
def test_a_host_without_room_for_its_answer_is_not_begun_and_a_begun_one_always_answers(memory):
    with small(memory, 2048), run_folder(b"", 4) as folder:
        with begin(folder.path, "h1") as first:
            fill(memory, left=ROOM // 2)
            assert refused(folder.path, "h2").startswith(f"no room for an answer in {memory}: No")
            assert folder.begun(["h1", "h2"]) == {"h1": True}
            first.phase("reading")
            first.answer(b"x" * ROOM * 2, b"short")
        assert folder.take_answer("h1") == b"short"


@needs_root
def test_on_a_full_file_system_events_are_lost_and_answers_are_not(memory, tmp_path):
    stage = Stage(tmp_path)
    hosts = stage.prepare("h1", "h2", "h3")
    steps = {"*": [["answer", 3]], "h1": [["fill", 0], ["sleep", 2], ["answer", 40_000]]}
    with small(memory, 4096):
        answers = stage.answers(hosts, steps, forks=1)
        assert list(memory.iterdir()) == []
    assert answers["h1"] == ("answered", b"x" * 40_000)
    for host in ("h2", "h3"):  # there is room again once the controller has taken the first answer
        state, words = answers[host]
        assert (state, words) == ("answered", b"xxx") or (
            state == "not started"  # our words, or Ansible's own before the worker begins
            and (words.startswith("no room for an answer") or "No space left" in words)
        )


# -- runs that were killed


KILLED = """
import os, signal, sys
from pathlib import Path
from provisioner.ansible import run_folder
run_folder._MEMORY = Path(sys.argv[1])
with run_folder.run_folder(b"left behind", 1) as folder:
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_run_left_behind_is_removed_by_the_next_and_one_that_lives_stays(memory):
    subprocess.run([sys.executable, "-c", KILLED, str(memory)], check=False)
    (left,) = memory.iterdir()
    assert (left / "run.json").read_bytes() == b"left behind"
    assert refused(left) == ENDED
    with run_folder(b"", 1) as first:
        assert not left.exists()
        with run_folder(b"", 1):
            assert first.path.exists()


def test_a_folder_that_is_being_made_is_left_alone_and_a_link_is_not_followed(memory):
    (memory / "maps-provisioner-new").mkdir()
    target = memory / "target"
    target.mkdir()
    (memory / "maps-provisioner-link").symlink_to(target)
    with run_folder(b"", 1):
        assert (memory / "maps-provisioner-new").exists()
        assert target.exists()
    os.utime(memory / "maps-provisioner-new", (0, time.time() - 120))
    with run_folder(b"", 1):
        assert not (memory / "maps-provisioner-new").exists()
