"""The state folder is its owner's alone; one run at a time holds the project's lock."""

import os
import signal
import subprocess
import sys
import time

import pytest

from provisioner.deploy.state_dir import project_lock, state_dir, state_path
from provisioner.errors import ExitCode, FileUnusable, FleetError, LockHeld
from provisioner.git import Commit

pytestmark = pytest.mark.long
COMMIT = Commit("0123456789abcdef", True)

HOLDER = """
import sys, time
from pathlib import Path
from provisioner.deploy.state_dir import project_lock
from provisioner.errors import ProvisionerError
from provisioner.git import Commit
try:
    with project_lock(Path(sys.argv[1]), Commit("0123456789abcdef", True)):
        print("held", flush=True)
        time.sleep(float(sys.argv[2]))
except ProvisionerError as error:
    print(error.message)
"""


def lock(root, **options):
    return project_lock(root, COMMIT, **options)


@pytest.fixture
def holder(tmp_path):
    """Start another process that holds the lock for so many seconds."""
    begun = []

    def start(seconds):
        command = [sys.executable, "-c", HOLDER, str(tmp_path), str(seconds)]
        begun.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        assert begun[-1].stdout.readline() == "held\n"
        return begun[-1]

    yield start
    for process in begun:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_second_push_is_told_who_holds_the_lock_until_that_process_is_gone(tmp_path, holder):
    process = holder(60)
    with pytest.raises(LockHeld) as refused, lock(tmp_path):
        pass
    message = refused.value.message
    assert message.startswith(f"{tmp_path} is locked by another push: ")
    assert f"(pid {process.pid}), since 20" in message
    assert message.endswith(", at 0123456789ab and changes")
    assert refused.value.remedy.startswith("wait with --lock-wait SECONDS, or stop it; ")
    assert refused.value.exit_code is ExitCode.LOCKED
    process.send_signal(signal.SIGKILL)
    process.wait()
    with lock(tmp_path):
        pass


def test_a_second_push_waits_as_long_as_it_is_told_to(tmp_path, holder):
    process = holder(1)
    told = []
    with lock(tmp_path, wait_seconds=60, on_wait=told.append):
        pass
    (holding,) = told
    assert f"(pid {process.pid}), since 20" in holding


def test_the_folder_stays_out_of_git(tmp_path):
    assert (state_dir(tmp_path) / ".gitignore").read_text() == "*\n"


def test_where_a_run_only_looks_nothing_is_made(tmp_path):
    assert not state_path(tmp_path, "runs").exists()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [".provisioner", ".provisioner/.gitignore", ".provisioner/runs"])
@pytest.mark.parametrize("kind", ["link", "lost link", "fifo"])
def test_what_a_checkout_may_bring_is_neither_followed_nor_waited_for(tmp_path, name, kind):
    planted, target = tmp_path / name, tmp_path / "target"
    planted.parent.mkdir(exist_ok=True)
    if kind == "link":
        target.write_text("mine") if "git" in name else target.mkdir()
    os.mkfifo(planted) if kind == "fifo" else planted.symlink_to(target)
    started = time.monotonic()
    with pytest.raises(FleetError) as refused:
        state_dir(tmp_path, "runs")
    assert refused.value.message == f"unexpected file: {planted}"
    assert time.monotonic() - started < 1
    assert target.exists() == (kind == "link")
    assert not target.is_dir() or not list(target.iterdir())


@pytest.mark.parametrize("kind", ["link", "lost link", "fifo", "folder"])
def test_a_lock_that_is_no_file_is_refused_at_once(tmp_path, kind):
    planted, target = state_dir(tmp_path) / "push.lock", tmp_path / "bashrc"
    if kind == "link":
        target.write_text("mine")
    if kind == "folder":
        planted.mkdir()
    else:
        os.mkfifo(planted) if kind == "fifo" else planted.symlink_to(target)
    started = time.monotonic()
    with pytest.raises(FileUnusable, match=r"push\.lock"), lock(tmp_path):
        pass
    assert time.monotonic() - started < 1
    assert target.exists() == (kind == "link")
    assert kind != "link" or target.read_text() == "mine"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("", ": a run that has not written its name yet"),
        ("\x1b[31mx\nsecond \u202eline", r": \[31mx second line"),
        ("x" * 5000, ": x{399}…"),
    ],
    ids=["nothing", "signs", "long"],
)
def test_what_somebody_wrote_into_the_lock_steers_no_terminal(tmp_path, written, shown):
    with lock(tmp_path):
        (state_dir(tmp_path) / "push.lock").write_text(written)
        with pytest.raises(LockHeld, match=f"{shown}$"):
            lock(tmp_path).__enter__()


@pytest.mark.parametrize(
    ("mount", "why"),
    [
        ("mount --bind {0} {0} && mount -o remount,bind,ro {0}", "Read-only file system"),
        (
            "mount -t tmpfs -o size=8k,mode=700 none {0}/.provisioner && "
            "head -c 4096 /dev/zero > {0}/.provisioner/.gitignore && "
            "(head -c 9999 /dev/zero > {0}/.provisioner/fill || true)",
            "No space left on device",
        ),
    ],
    ids=["read-only", "full"],
)
def test_a_lock_that_cannot_be_written_says_why(tmp_path, mount, why):
    state_dir(tmp_path)
    script = f'{mount.format(tmp_path)} && exec $0 -c "$1" $2 0'
    ended = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, sys.executable, HOLDER, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout == f"cannot lock {tmp_path}/.provisioner/push.lock: {why}\n", ended


@pytest.mark.parametrize("mode", [0o775, 0o777])
def test_a_folder_that_others_can_write_to_is_closed(tmp_path, mode):
    """As a checkout under umask 002 leaves one."""
    folder = tmp_path / ".provisioner"
    folder.mkdir()
    folder.chmod(mode)
    with lock(tmp_path):
        assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_another_users_folder_that_all_can_write_to_is_refused(tmp_path):
    tmp_path.chmod(0o777)
    for parent in tmp_path.parents:
        if parent.name.startswith(("pytest-", "popen-")):
            parent.chmod(0o755)
    (tmp_path / ".provisioner").mkdir()
    (tmp_path / ".provisioner").chmod(0o777)
    script = HOLDER.replace("try:", "import os; os.setuid(65534)\ntry:")
    ended = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path), "0"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout == f"cannot write {tmp_path}/.provisioner: Operation not permitted\n", ended
