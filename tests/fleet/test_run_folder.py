"""The folder of a run is private, and gone afterwards."""

import json
import signal
import stat
import subprocess
import sys

import pytest

from provisioner.fleet.run_folder import run_folder, write_private_json


def test_it_is_readable_by_its_owner_only_and_gone_after_an_error():
    with pytest.raises(KeyError), run_folder() as folder:  # noqa: PT012
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        (folder / "artifacts").mkdir()
        raise KeyError
    assert not folder.exists()


def test_a_private_file_is_0600_from_the_start_and_never_written_over(tmp_path):
    path = tmp_path / "delivery.json"
    write_private_json(path, {"servers": ["Bücher"]})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text(encoding="utf-8")) == {"servers": ["Bücher"]}
    with pytest.raises(FileExistsError):
        write_private_json(path, {})


def test_a_private_file_is_not_written_through_a_symlink(tmp_path):
    (tmp_path / "delivery.json").symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(FileExistsError):
        write_private_json(tmp_path / "delivery.json", {})
    assert not (tmp_path / "elsewhere.json").exists()


KILLED = """
import os, signal, sys
from pathlib import Path
from provisioner.fleet.run_folder import run_folder, write_private_json
with run_folder(Path(sys.argv[1])) as folder:
    write_private_json(folder / "delivery.json", {"secret": "left behind"})
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_run_left_behind_is_removed_by_the_next(tmp_path):
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    (left,) = tmp_path.iterdir()
    assert (left / "delivery.json").exists()
    with run_folder(tmp_path) as folder:
        assert list(tmp_path.iterdir()) == [folder]


def test_a_run_that_lives_keeps_its_folder(tmp_path):
    with run_folder(tmp_path) as first, run_folder(tmp_path) as second:
        assert first.exists()
        assert second.exists()


def test_a_folder_that_is_being_made_is_left_alone_and_a_link_is_not_followed(tmp_path):
    (tmp_path / "maps-provisioner-new").mkdir()
    target = tmp_path / "target"
    target.mkdir()
    (tmp_path / "maps-provisioner-link").symlink_to(target)
    with run_folder(tmp_path):
        assert (tmp_path / "maps-provisioner-new").exists()
        assert target.exists()


NAMES_A_FOLDER = 'import sys, time; print("there", flush=True); time.sleep(60)'


def named(folder, *before):
    """A process with a file of that folder on its command line, as Ansible's have it."""
    process = subprocess.Popen(
        [*before, sys.executable, "-c", NAMES_A_FOLDER, f"@{folder}/env/extravars"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "there\n"
    return process


def test_a_process_of_a_run_that_was_killed_is_ended_and_one_of_a_run_that_lives_is_not(tmp_path):
    gone = named(tmp_path / "maps-provisioner-gone")
    with run_folder(tmp_path) as alive:
        living = named(alive)
        with run_folder(tmp_path):
            assert gone.wait(timeout=30) == -signal.SIGTERM
        assert living.poll() is None
        living.kill()
        living.communicate()
    gone.communicate()


def test_a_run_that_lives_where_another_file_system_is_mounted_is_left_alone(tmp_path):
    mount = 'mount -t tmpfs none "$1"; mkdir -p "$1/maps-provisioner-there"; shift; exec "$@"'
    there = named(
        tmp_path / "maps-provisioner-there", "unshare", "-m", "sh", "-c", mount, "sh", str(tmp_path)
    )
    with run_folder(tmp_path):
        assert there.poll() is None
    there.kill()
    there.communicate()
