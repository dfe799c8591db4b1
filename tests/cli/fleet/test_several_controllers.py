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
    """Two hosts, and the project as a person has committed it."""
    with local_fleet(tmp_path, 2) as fleet:
        shutil.copy(ROOT / "examples" / "awx" / "push.yml", fleet.folder)
        fleet.ends(0, "accept", "Reports", "--accept-destination", "Reports")
        fleet.commit()
        yield fleet


def finished_runs(folder):
    """The exit code of each journal."""
    journals = folder.glob("project/.provisioner/runs/*.jsonl")
    return [json.loads(file.read_text().splitlines()[-1])["exit_code"] for file in journals]


def ended(job, exit_code):
    """What a job says that ends with that code."""
    said, _ = job.communicate()
    assert job.returncode == exit_code, said
    assert PASSWORD not in said
    return said


def test_two_jobs_push_to_hosts_of_their_own_at_once(fleet, tmp_path):
    """After a job of a plan: that something would change is no failure."""
    planned = job(fleet, tmp_path / "plan", command="plan")
    assert "2 would change" in ended(planned, 0)
    folders = {host: tmp_path / host for host in fleet.hosts}
    jobs = [job(fleet, folder, limit=host) for host, folder in folders.items()]
    for started in jobs:
        ended(started, 0)
    assert [finished_runs(folder) for folder in folders.values()] == [[0], [0]]
    assert len(fleet.mail.received) == 2
    assert [fleet.served(host) for host in fleet.hosts] == [["Reports"]] * 2
    # What both have delivered is known on the hosts: any checkout may go on with all of them.
    assert "2 unchanged" in fleet.without_ansible().ends(0, "plan").stdout


def test_a_push_without_its_secret_fails(fleet, tmp_path):
    fleet.declare("Reports", password={"env": "NOT_SET"})
    said = ended(job(fleet, tmp_path / "push"), 2)
    assert "NOT_SET" in said
    assert '"rc": 1' in said
