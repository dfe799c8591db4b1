"""One push at a time; the lock says who has it and dies with its process."""

import signal
import subprocess
import sys

import pytest

from provisioner.errors import ExitCode, FleetError, LockHeld
from provisioner.fleet.lock import lock_owner, push_lock

pytestmark = pytest.mark.long

HOLDER = """
import sys, time
from pathlib import Path
from provisioner.fleet.lock import push_lock
with push_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""

REFUSED = """
import sys
from pathlib import Path
from provisioner.errors import FleetError
from provisioner.fleet.lock import push_lock
try:
    with push_lock(Path(sys.argv[1])):
        print("held")
except FleetError as error:
    print(error.message)
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


@pytest.mark.parametrize("since", ["1e300", "NaN", '"x"', "-1e18"])
def test_what_somebody_wrote_into_the_lock_is_no_bug_and_steers_no_terminal(tmp_path, since):
    with push_lock(tmp_path):
        lock = tmp_path / ".provisioner" / "push.lock"
        lock.write_text(f'{{"owner": "\\u001b[31mx", "since": {since}, "commit": []}}')
        with pytest.raises(LockHeld, match="its owner has not written its name yet"):
            push_lock(tmp_path).__enter__()
        lock.write_text('{"owner": "\\u001b[31mx", "since": 1, "commit": []}')
        with pytest.raises(LockHeld, match=": <U\\+001B>\\[31mx, since "):
            push_lock(tmp_path).__enter__()


@pytest.mark.parametrize(
    ("mount", "why"),
    [
        ("mount --bind {0} {0} && mount -o remount,bind,ro {0}", "Read-only file system"),
        (
            "mount -t tmpfs -o size=8k none {0}/.provisioner && "
            "head -c 4096 /dev/zero > {0}/.provisioner/.gitignore && "
            "(head -c 9999 /dev/zero > {0}/.provisioner/fill || true)",
            "No space left on device",
        ),
    ],
    ids=["read-only", "full"],
)
def test_a_lock_that_cannot_be_written_says_why(tmp_path, mount, why):
    with push_lock(tmp_path):
        pass
    (tmp_path / ".provisioner" / "push.lock").unlink()
    script = f'{mount.format(tmp_path)} && chmod 700 {tmp_path}/.provisioner && exec $0 -c "$1" $2'
    if why.startswith("Read"):
        script = script.replace(f"chmod 700 {tmp_path}/.provisioner", "true")
    ended = subprocess.run(
        ["unshare", "-m", "sh", "-c", script, sys.executable, REFUSED, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stdout == f"{tmp_path}/.provisioner/push.lock cannot be written: {why}\n", ended


def test_a_folder_that_others_can_write_to_is_refused(tmp_path):
    with push_lock(tmp_path):
        pass
    (tmp_path / ".provisioner").chmod(0o777)
    with pytest.raises(FleetError, match="other users can write to") as refused:
        push_lock(tmp_path).__enter__()
    assert refused.value.remedy == f"make it yours alone: chmod 700 {tmp_path}/.provisioner"
