"""Two people, two checkouts, one host: a plan goes from one to the other, and pushes meet there."""

import json
import subprocess
from dataclasses import replace

import pytest

from tests.ansible_processes import wait_until
from tests.end_to_end.project import succeeded
from tests.end_to_end.test_interrupt import DOCUMENT, STARTED

pytestmark = pytest.mark.long

GO = "/var/tmp/go"
APPLY = ["/bin/sh", "-c", f"touch {STARTED}; until test -e {GO}; do sleep 0.1; done"]


@pytest.fixture
def other(project, user, mail, fleet, tmp_path):
    """A clone of the project, with the same vault password; neither has pushed."""
    project.declare_relay(mail, user=user)
    fleet.reset()
    variables = {"maps_apply_command": APPLY}
    fleet.inventory(1, variables, path=project.folder / "inventory" / "hosts.yml")
    git(project, "init", "-q")
    commit(project)
    folder = tmp_path / "other" / "project"
    git(project, "clone", "-q", str(project.folder), str(folder))
    git(replace(project, folder=folder), "remote", "remove", "origin")
    return replace(project, folder=folder)


def git(project, *arguments):
    who = ["-c", "user.name=ann", "-c", "user.email=ann@example.edu"]
    command = ["git", "-C", str(project.folder), *who, *arguments]
    subprocess.run(command, check=True, capture_output=True)


def commit(project):
    git(project, "add", "servers", "inventory", "provisioner.yml")
    git(project, "commit", "-q", "-m", "declared")


def test_a_plan_of_one_checkout_is_pushed_from_another(project, other, mail, user, fleet):
    plan = project.folder.parent / "plan.json"
    assert project.run("plan", "--out", str(plan)).returncode == 2
    assert mail.password not in plan.read_text()

    edited = json.loads(plan.read_text())
    edited["hosts"]["host1"]["actions"] = {}
    bad = plan.with_name("edited.json")
    bad.write_text(json.dumps(edited))
    refused = other.run("push", "--plan", str(bad))
    assert refused.returncode == 1
    assert "edited" in refused.stderr

    other.environment = {**other.environment, "RELAY_PASSWORD": "another one"}
    refused = other.run("push", "--plan", str(plan))
    assert refused.returncode == 1
    assert "Relay" in refused.stderr
    assert not fleet.exists("host1", DOCUMENT)

    other.environment = project.environment
    fleet.write("host1", GO, "")
    pushed = succeeded(other.run("push", "--plan", str(plan)))
    assert "1 host: 1 changed; 1 applied" in pushed
    assert "1 unchanged" in succeeded(project.run("push"))
    mail.settle()
    assert len(mail.mailbox(user)) == 1


def test_who_comes_second_is_told_who_is_there_or_waits(project, other, mail, user, fleet):
    first = project.start("push")
    wait_until(lambda: fleet.exists("host1", STARTED))
    waiting = other.start("push", "--lock-wait", "60")
    third = replace(other, folder=project.folder.parent / "third")
    git(other, "clone", "-q", str(other.folder), str(third.folder))
    git(third, "remote", "remove", "origin")
    locked = third.run("push")
    assert locked.returncode == 5, locked.stdout + locked.stderr
    assert "locked by another run" in locked.stdout
    fleet.write("host1", GO, "")
    said, errors = first.communicate(timeout=90)
    assert first.returncode == 0, said + errors
    said, errors = waiting.communicate(timeout=90)
    assert waiting.returncode == 0, said + errors
    assert "1 unchanged" in said, "it found all done when its turn came"
    mail.settle()
    assert len(mail.mailbox(user)) == 1
