"""The state folder is its owner's alone; one run at a time holds the project's lock."""

import os
import re
import signal
import subprocess
import sys
from contextlib import ExitStack

import pytest

from provisioner.errors import ExitCode, LockHeld, ProvisionerError
from provisioner.git import Commit
from provisioner.state_dir import project_lock, state_dir, state_path

pytestmark = pytest.mark.long

HOLDER = """
import sys, time
from pathlib import Path
from provisioner.state_dir import project_lock
from provisioner.errors import ProvisionerError
from provisioner.git import Commit
try:
    with project_lock(Path(sys.argv[1]), Commit("0123456789abcdef", True)):
        print("held", flush=True)
        time.sleep(60)
except ProvisionerError as error:
    print(error.message)
"""


def lock(root, **options):
    return project_lock(root, Commit("0123456789abcdef", True), **options)


def refusal(root, *before, program=HOLDER):
    """What a process says that cannot have the lock; `before`: the command that starts it."""
    command = [*before, sys.executable, "-c", program, str(root)]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False).stdout


def test_a_second_push_is_told_who_holds_the_lock_until_that_process_is_gone(tmp_path):
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "held\n"
            with pytest.raises(LockHeld) as refused, lock(tmp_path):
                pass
        finally:
            process.send_signal(signal.SIGKILL)
    message = refused.value.message
    assert message.startswith(f"{tmp_path} is locked by another push: ")
    assert f"(pid {process.pid}), since 20" in message
    assert message.endswith(", at 0123456789ab and changes")
    assert refused.value.remedy.startswith("wait with --lock-wait SECONDS, or stop it; ")
    assert refused.value.exit_code is ExitCode.LOCKED
    with lock(tmp_path):
        pass


def test_a_second_push_waits_as_long_as_it_is_told_to(tmp_path):
    (state_dir(tmp_path) / "push.lock").write_text("x" * 400)
    told, turns = [], []
    with ExitStack() as first:
        first.enter_context(lock(tmp_path))

        def third_turn_ends_it():
            turns.append(1)
            if len(turns) == 3:
                first.close()

        with lock(tmp_path, wait_seconds=60, on_wait=told.append, check=third_turn_ends_it):
            pass
    (holding,) = told
    assert f"(pid {os.getpid()}), since 20" in holding
    assert holding.endswith(" and changes")


def test_the_folder_stays_out_of_git_and_where_a_run_only_looks_nothing_is_made(tmp_path):
    assert not state_path(tmp_path, "runs").exists()
    assert not list(tmp_path.iterdir())
    assert (state_dir(tmp_path) / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize("name", ["", "/.gitignore", "/runs", "/push.lock"])
@pytest.mark.parametrize("kind", ["link", "lost link", "fifo"])
def test_what_a_checkout_may_bring_is_neither_followed_nor_waited_for(tmp_path, name, kind):
    planted, target = tmp_path / f".provisioner{name}", tmp_path / "target"
    planted.parent.mkdir(exist_ok=True)
    if kind == "link":
        target.mkdir() if name in ("", "/runs") else target.write_text("mine")
    os.mkfifo(planted) if kind == "fifo" else planted.symlink_to(target)
    with pytest.raises(ProvisionerError, match=re.escape(str(planted))) as refused, lock(tmp_path):
        state_dir(tmp_path, "runs")
    assert (name, kind) != ("/push.lock", "fifo") or "is not a lock file" in refused.value.message
    assert target.exists() == (kind == "link")
    assert not target.is_dir() or not list(target.iterdir())
    assert not target.is_file() or target.read_text() == "mine"


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


def test_a_lock_that_cannot_be_written_says_why(tmp_path):
    full = (
        "mount -t tmpfs -o size=8k,mode=700 none {0}/.provisioner && "
        "head -c 4096 /dev/zero > {0}/.provisioner/.gitignore && "
        '(head -c 9999 /dev/zero > {0}/.provisioner/fill || true) && exec "$@"'
    )
    folder = state_dir(tmp_path)
    said = refusal(tmp_path, "unshare", "-m", "sh", "-c", full.format(tmp_path), "sh")
    assert said == f"cannot lock {folder}/push.lock: No space left on device\n"


@pytest.mark.parametrize("mode", [0o770, 0o707])
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
    said = refusal(tmp_path, program=HOLDER.replace("try:", "import os; os.setuid(65534)\ntry:"))
    assert said == f"cannot write {tmp_path}/.provisioner: Operation not permitted\n"
