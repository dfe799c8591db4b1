"""Pushes as jobs of ansible-runner, as AWX starts them: examples/awx/push.yml in the project."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.cli.fleet.local_fleet import PASSWORD, PROVISIONER, local_fleet
from tests.support.paths import ROOT

BIN = PROVISIONER.parent


def job(fleet, folder, **variables):
    """A job with a copy of the project of its own, and no inventory but itself; not waited for."""
    shutil.copytree(fleet.folder, folder / "project")
    (folder / "inventory").mkdir()
    here = f"localhost ansible_python_interpreter={sys.executable}\n"
    (folder / "inventory" / "hosts").write_text(here)
    values = " ".join(f"{name}={value}" for name, value in variables.items())
    return subprocess.Popen(
        [BIN / "ansible-runner", "run", folder, "-p", "push.yml", "--cmdline", f"-e '{values}'"],
        env={**fleet.environment, "PATH": f"{BIN}:{os.environ['PATH']}", "ANSIBLE_NOCOLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.fixture
def fleet(tmp_path):
    """Four hosts, and the project as a person has committed it."""
    with local_fleet(tmp_path, 4) as fleet:
        shutil.copy(ROOT / "examples" / "awx" / "push.yml", fleet.folder)
        fleet.ends(0, "accept", "Reports", "--accept-destination", "Reports")
        fleet.commit()
        yield fleet


def finished_runs(folder):
    """The exit code of each journal."""
    journals = folder.glob("project/.provisioner/runs/*.jsonl")
    return [json.loads(file.read_text().splitlines()[-1])["exit_code"] for file in journals]


def test_two_jobs_push_to_hosts_of_their_own_at_once(fleet, tmp_path):
    folders = (tmp_path / "north", tmp_path / "south")
    limits = ("maps[0:1]", "maps[2:3]")
    jobs = [job(fleet, folder, limit=limit) for folder, limit in zip(folders, limits, strict=True)]
    for started in jobs:
        said, _ = started.communicate()
        assert started.returncode == 0, said
        assert PASSWORD not in said
    assert [finished_runs(folder) for folder in folders] == [[0], [0]]
    assert len(fleet.mail.received) == 4
    assert [fleet.served(host) for host in fleet.hosts] == [["Reports"]] * 4
    # What both have delivered is known on the hosts: any checkout may go on with all of them.
    planned = job(fleet, tmp_path / "later", command="plan")
    said, _ = planned.communicate()
    assert planned.returncode == 0, said
    assert "4 unchanged" in said


def test_a_plan_with_changes_succeeds_and_a_push_without_its_secret_fails(fleet, tmp_path):
    planned = job(fleet, tmp_path / "plan", command="plan")
    said, _ = planned.communicate()
    assert (planned.returncode, "4 would change" in said) == (0, True), said
    fleet.declare("Reports", password={"env": "NOT_SET"})
    pushed = job(fleet, tmp_path / "push")
    said, _ = pushed.communicate()
    assert pushed.returncode == 2, said
    assert "NOT_SET" in said
    assert '"rc": 1' in said
