"""sshd's session dies in the middle of a transaction: the host finishes it, the next push goes on.

https://man.openbsd.org/sshd#AUTHENTICATION: one process a connection, and SIGKILL leaves it no
chance to say anything to either side.
"""

import json
import random
import time

import pytest

from tests.end_to_end.project import succeeded
from tests.support.ansible_processes import wait_until

pytestmark = pytest.mark.long

DOCUMENT = "/etc/maps-provisioner/email-servers.json"
STARTED = "/var/tmp/apply-started"
APPLY = ["/bin/sh", "-c", f'touch {STARTED}; sleep 3; exec cp -t /var/tmp "$0"']
ARCHIVED = "/etc/maps-provisioner/email-servers.before-2.json"  # the first file of a delivery
APPLIED = "/var/tmp/email-servers.json"
# The title that sshd gives the process of a session; since OpenSSH 9.8 a program of its own.
KILL_SESSIONS = r"""
for process in /proc/[0-9]*; do
  case $(tr '\0' ' ' < "$process/cmdline") in
    "sshd: root@"*|"sshd-session: root@"*) kill -KILL "${process#/proc/}" && echo killed ;;
  esac
done
"""


@pytest.mark.parametrize("moment", [ARCHIVED, STARTED], ids=["delivering", "applying"])
def test_the_document_is_whole_and_the_next_push_converges(project, user, mail, fleet, moment):
    project.declare_relay(mail, user=user)
    fleet.reset()
    path = project.folder / "inventory" / "hosts.yml"
    fleet.inventory(1, path=path)
    succeeded(project.run("push"))
    old = entries(fleet)
    assert not fleet.exists("host1", ARCHIVED)
    fleet.inventory(1, {"maps_apply_command": APPLY}, path=path)
    project.change("relay", maximum_emails_per_minute=5)

    running = project.start("push")
    wait_until(lambda: fleet.exists("host1", moment), timeout=90)
    assert "killed" in fleet.run("host1", ["sh", "-c", KILL_SESSIONS]).stdout
    output, errors = running.communicate(timeout=120)
    assert running.returncode == 4, output + errors
    assert "host1: unknown" in output
    new = [{**old[0], "maximum_emails_per_minute": 5}]
    assert entries(fleet) in (old, new)

    succeeded(project.run("push", "--lock-wait", "60"))
    assert entries(fleet) == new
    assert fleet.read("host1", APPLIED) == fleet.read("host1", DOCUMENT)
    assert "1 host: 0 changed; 1 unchanged" in succeeded(project.run("push"))
    mail.settle()
    assert len(mail.mailbox(user)) == 2


def test_wherever_it_is_killed_a_document_lies_there_whole(project, user, mail, fleet):
    project.declare_relay(mail, user=user)
    fleet.reset()
    apply = ["/bin/sh", "-c", 'exec cp -t /var/tmp "$0"']
    inventory = project.folder / "inventory" / "hosts.yml"
    fleet.inventory(1, {"maps_apply_command": apply}, path=inventory)
    succeeded(project.run("push"))
    moments = random.Random(11)
    for limit in range(1, 4):
        project.change("relay", maximum_emails_per_minute=100 + limit)
        running = project.start("push", "--lock-wait", "60")
        time.sleep(moments.uniform(0.5, 4.5))
        fleet.run("host1", ["sh", "-c", KILL_SESSIONS])
        output, errors = running.communicate(timeout=120)
        assert running.returncode in (0, 1, 3, 4), output + errors
        assert entries(fleet)[0]["maximum_emails_per_minute"] in (None, *range(101, 101 + limit))

    succeeded(project.run("push", "--lock-wait", "60"))
    assert entries(fleet)[0]["maximum_emails_per_minute"] == 103
    assert fleet.read("host1", APPLIED) == fleet.read("host1", DOCUMENT)
    assert project.run("plan").returncode == 0
    left = {
        name for name in fleet.listing("host1", "/etc/maps-provisioner") if "before" not in name
    }
    assert left == {"email-servers.json", "push.lock", "state.json"}
    assert len(fleet.listing("host1", "/etc/maps-provisioner")) == 4, "one archive"


def entries(fleet):
    """What the host's document says; fails if that is not whole."""
    return json.loads(fleet.read("host1", DOCUMENT))["servers"]
