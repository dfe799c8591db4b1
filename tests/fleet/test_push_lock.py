"""One push at a time; the lock says who has it and dies with its process."""

import signal
import subprocess
import sys

import pytest

from provisioner.errors import ExitCode, FleetError, LockHeld
from provisioner.fleet.lock import lock_owner, push_lock

HOLDER = """
import sys, time
from pathlib import Path
from provisioner.fleet.lock import push_lock
with push_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_push_is_told_who_works_there_until_that_process_is_gone(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LockHeld) as refused, push_lock(tmp_path):
            pass
        assert f"(pid {holder.pid}), since " in refused.value.message
        assert refused.value.exit_code is ExitCode.LOCKED
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
    with push_lock(tmp_path):
        pass


def test_the_lock_file_stays_out_of_git(tmp_path):
    with push_lock(tmp_path):
        assert (tmp_path / ".provisioner" / ".gitignore").read_text() == "*\n"


def test_the_owner_is_user_machine_and_process():
    assert lock_owner().count("@") == 1


@pytest.mark.parametrize("name", [".provisioner/.gitignore", ".provisioner/push.lock"])
def test_a_link_that_a_checkout_brings_is_not_written_through(tmp_path, name):
    (tmp_path / ".provisioner").mkdir()
    target = tmp_path / "bashrc"
    target.write_text("mine")
    (tmp_path / name).symlink_to(target)
    with pytest.raises(FleetError, match="is not what a push makes there"), push_lock(tmp_path):
        pass
    assert target.read_text() == "mine"


def test_a_folder_that_is_a_link_is_refused_wherever_it_leads(tmp_path):
    (tmp_path / ".provisioner").symlink_to(tmp_path / "nowhere")
    with pytest.raises(FleetError, match="is not what a push makes there"), push_lock(tmp_path):
        pass
    assert not (tmp_path / "nowhere").exists()


def test_a_second_push_waits_as_long_as_it_is_told_to(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER.replace("60", "1"), str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout.readline() == "held\n"
    told = []
    with push_lock(tmp_path, wait_seconds=60, on_wait=told.append):
        pass
    holder.communicate(timeout=60)
    (holding,) = told
    assert f"(pid {holder.pid}), since 20" in holding
    assert holding.endswith(", at no commit")
