"""The controller goes away in the middle: the host finishes what it has begun."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from provisioner.resources import playbooks_folder
from tests.playbooks.samples import oauth2_entry, write_delivery

pytestmark = pytest.mark.long


def wait_for(what, seconds=20):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL], ids=str
)
def test_the_transaction_is_finished(tmp_path, number):
    began, go_on, applied = (tmp_path / name for name in ("began", "go-on", "applied"))
    script = f'touch {began}; until [ -e {go_on} ]; do sleep 0.05; done; cp "$1" {applied}'
    variables = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "maps_directory": str(tmp_path / "maps1"),
        "maps_apply_command": ["sh", "-c", script, "apply"],
    }
    inventory = tmp_path / "inventory.json"
    inventory.write_text(json.dumps({"all": {"hosts": {"maps1": variables}}}))
    write_delivery(tmp_path / "run", "maps1", oauth2_entry(port=1), run_id="run-1")
    ansible = subprocess.Popen(
        [
            str(Path(sys.executable).parent / "ansible-playbook"),
            *("-i", str(inventory), "-e", f"maps_run_folder={tmp_path / 'run'}"),
            str(playbooks_folder() / "push.yml"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "ANSIBLE_PIPELINING": "True", "HOME": str(tmp_path)},
        start_new_session=True,
    )
    wait_for(began.exists)
    # All that a closed terminal reaches, the module among them; SIGKILL takes Ansible alone.
    (os.kill if number == signal.SIGKILL else os.killpg)(ansible.pid, number)
    assert ansible.wait(60) != 0
    assert not applied.exists()
    go_on.touch()
    state = tmp_path / "maps1" / "state.json"

    def recorded():
        record = json.loads(state.read_text())
        return record["applied"] is not None and record["applied"] == record["document"]

    wait_for(recorded)
    assert applied.read_bytes() == (tmp_path / "maps1" / "email-servers.json").read_bytes()
