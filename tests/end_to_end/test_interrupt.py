"""Ctrl-C in a push: no process stays, each host has a whole document, the next push goes on."""

import json
import signal
import time
from pathlib import Path

import pytest

from tests.ansible_processes import ansible_processes, wait_until
from tests.end_to_end.project import succeeded

pytestmark = pytest.mark.long

DOCUMENT = "/etc/maps-provisioner/email-servers.json"
STARTED = "/var/tmp/apply-started"
APPLY = ["/bin/sh", "-c", f'touch {STARTED}; sleep 3; exec cp -t /var/tmp "$0"']


def test_hosts_finish_their_transaction(project, user, mail, fleet):
    project.declare_relay(mail, user=user)
    fleet.reset()
    fleet.inventory(
        2, {"maps_apply_command": APPLY}, path=project.folder / "inventory" / "hosts.yml"
    )
    running = project.start("push")
    wait_until(lambda: all(fleet.exists(f"host{n}", STARTED) for n in (1, 2)))
    running.send_signal(signal.SIGTERM)
    output, errors = running.communicate(timeout=60)

    assert running.returncode == 130, output + errors
    assert "interrupted" in errors
    assert not ansible_processes(project.folder), "nothing of the run is left"
    assert list(Path("/dev/shm").glob("maps-provisioner-*")) == []
    for host in ("host1", "host2"):
        assert json.loads(fleet.read(host, DOCUMENT))["servers"][0]["server_name"] == "Relay"

    def applied():
        return all(fleet.exists(f"host{n}", "/var/tmp/email-servers.json") for n in (1, 2))

    wait_until(applied, timeout=30)
    time.sleep(0.5)
    succeeded(project.run("push"))
    mail.settle()
    assert len(mail.mailbox(user)) == 2
    assert "2 hosts: 0 changed; 2 unchanged" in succeeded(project.run("push"))
    mail.settle()
    assert len(mail.mailbox(user)) == 2
