"""Several controllers over disjoint `--limit`: each push is a job of ansible-runner, as in AWX."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.cli.fleet.local_fleet import PROVISIONER, local_fleet

BIN = PROVISIONER.parent


def job(folder, checkout, limit, environment):
    """A push as the one task of a job, whose environment is ansible-runner's."""
    (folder / "inventory").mkdir(parents=True)
    here = f"localhost ansible_connection=local ansible_python_interpreter={sys.executable}\n"
    (folder / "inventory" / "hosts").write_text(here)
    push = f"{PROVISIONER} push --limit {limit} --format json chdir={checkout}"
    module = ("-m", "ansible.builtin.command", "-a", push)
    return subprocess.Popen(
        [BIN / "ansible-runner", "run", folder, "-q", "--hosts", "localhost", *module],
        env={**environment, "PATH": f"{BIN}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finished_runs(checkout):
    """The last event of each journal."""
    journals = Path(checkout, ".provisioner", "runs").glob("*.jsonl")
    return [json.loads(file.read_text().splitlines()[-1]) for file in journals]


def test_two_jobs_push_to_hosts_of_their_own_at_once(tmp_path):
    with local_fleet(tmp_path, 4) as fleet:
        fleet.commit()
        accepted = fleet.ends(0, "accept", "Reports", "--accept-destination", "Reports")
        assert "Reports: accepted" in accepted.stdout + accepted.stderr
        limits = ("maps[0:1]", "maps[2:3]")
        checkouts = [
            shutil.copytree(fleet.folder, tmp_path / f"checkout{number}") for number in range(2)
        ]
        jobs = [
            job(tmp_path / f"job{number}", checkouts[number], limit, fleet.environment)
            for number, limit in enumerate(limits)
        ]
        for started in jobs:
            said, _ = started.communicate()
            assert started.returncode == 0, said
        assert [run["exit_code"] for one in checkouts for run in finished_runs(one)] == [0, 0]
        assert len(fleet.mail.received) == 4
        assert [fleet.served(host) for host in fleet.hosts] == [["Reports"]] * 4
        # Both have changed the hosts: either may go on with all of them.
        fleet.folder = checkouts[0]
        fleet.ends(0, "plan")
