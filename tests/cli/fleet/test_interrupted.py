"""A push that is ended from outside: no process stays, hosts have whole documents, it goes on."""

import json
import os
import pty
import random
import re
import signal
import time

import pytest

from provisioner.git import Commit
from provisioner.state_dir import project_lock
from tests.support.ansible_processes import ansible_processes, kill_ansible, wait_until
from tests.support.terminal import CTRL_C

pytestmark = pytest.mark.long


class Applying:
    """Hosts whose apply command waits until it may go on. It goes on at the end in any case."""

    def __init__(self, fleet):
        self.begun, self._go_on = fleet.folder / "begun", fleet.folder / "go-on"
        script = f"touch {self.begun}; until test -e {self._go_on}; do sleep 0.1; done"
        fleet.set(maps_apply_command=["/bin/sh", "-c", script])

    def wait(self):
        wait_until(self.begun.exists)

    def go_on(self):
        self._go_on.touch()


@pytest.fixture
def applying():
    """Make it for a fleet."""
    made = []

    def make(fleet):
        made.append(Applying(fleet))
        return made[0]

    yield make
    for one in made:
        one.go_on()


def test_a_signal_lets_hosts_at_work_finish_and_resume_goes_on(three_hosts, applying):
    fleet = three_hosts.with_ansible()
    host = applying(fleet)
    running = fleet.start("push", "--batches", "1")
    host.wait()
    running.send_signal(signal.SIGINT)
    host.go_on()
    output, errors = running.communicate(timeout=120)
    assert running.returncode == 130, output + errors
    said = "interrupted (SIGINT): waiting for the hosts that are running; press Ctrl-C again"
    assert errors.count(said) == 1
    assert "interrupted (SIGINT); running hosts were waited for" in errors
    assert "provisioner push --resume" in errors
    states = {"maps1": "applied", "maps2": "not started", "maps3": "not started"}
    assert fleet.states() == states
    assert fleet.journals()[-1][-1]["interrupted"] == "SIGINT"
    assert ansible_processes(fleet.folder) == []
    assert len(fleet.mail.received) == 1

    fleet.set(maps_apply_command=["/bin/true"])
    resumed = fleet.without_ansible().ends(0, "push", "--resume")
    assert "2 hosts" in resumed.stdout
    assert all(fleet.served(host) == ["Reports"] for host in fleet.hosts)
    assert len(fleet.mail.received) == 3


def test_where_every_host_was_done_there_is_nothing_to_go_on_with(fleet, applying):
    host = applying(fleet)
    running = fleet.start("push")
    host.wait()
    running.send_signal(signal.SIGINT)
    host.go_on()
    _, errors = running.communicate(timeout=120)
    assert running.returncode == 130
    assert "interrupted (SIGINT), but every host is done" in errors
    assert "--resume" not in errors


def test_ctrl_c_twice_leaves_no_ansible_either_and_reports_all_the_same(fleet, applying):
    host = applying(fleet)
    with fleet.with_ansible().at_a_terminal("push", "--yes") as terminal:
        host.wait()
        terminal.type(CTRL_C)
        terminal.wait_for("press Ctrl-C again to stop at once")
        terminal.type(CTRL_C)
        assert terminal.ends() == 130, "it waits for no host any more"
        assert "maps1: unknown" in terminal.output
        assert "running hosts were not waited for" in terminal.output
    assert fleet.states() == {"maps1": "unknown"}
    assert ansible_processes(fleet.folder) == []


def test_a_terminal_that_is_closed_ends_it_like_a_signal(fleet, applying):
    host = applying(fleet)
    parent, child = pty.openpty()
    streams = dict.fromkeys(("stdin", "stdout", "stderr"), child)
    running = fleet.with_ansible().start("push", "--yes", start_new_session=True, **streams)
    os.close(child)
    host.wait()
    os.close(parent)
    running.send_signal(signal.SIGHUP)  # what the kernel sends to the session's leader
    host.go_on()
    assert running.wait(timeout=120) == 130
    assert fleet.journals()[-1][-1]["interrupted"] == "SIGHUP"
    assert ansible_processes(fleet.folder) == []


def test_nohup_makes_a_push_outlive_its_terminal(fleet, applying):
    host = applying(fleet)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup(1) does it
    try:
        running = fleet.start("push")
    finally:
        signal.signal(signal.SIGHUP, before)
    host.wait()
    running.send_signal(signal.SIGHUP)
    host.go_on()
    output, errors = running.communicate(timeout=120)
    assert running.returncode == 0, output + errors


def test_waiting_for_another_push_can_be_ended(fleet):
    with project_lock(fleet.folder, Commit(None, None)):
        refused = fleet.ends(5, "push").stderr
        waiting = fleet.start("push", "--lock-wait", "100")
        assert waiting.stderr.readline().startswith("waiting for another push: ")
        waiting.send_signal(signal.SIGINT)
        _, errors = waiting.communicate(timeout=60)
    assert f"(pid {os.getpid()})" in refused
    assert waiting.returncode == 130, errors
    assert "interrupted (SIGINT) before anything was changed on a host" in errors


def killed_at_work(fleet, host, *arguments):
    """A push that is killed while its first host applies the document."""
    running = fleet.start("push", *arguments)
    host.wait()
    running.kill()
    running.communicate(timeout=60)


def test_a_killed_push_is_gone_on_with(fleet, applying):
    fleet = fleet.of(2).with_ansible()
    host = applying(fleet)
    killed_at_work(fleet, host, "--batches", "1")
    assert fleet.states()["maps1"] == "unknown"
    host.go_on()
    resumed = fleet.ends(0, "push", "--resume", "--lock-wait", "60")
    assert "2 hosts" in resumed.stdout
    assert ansible_processes(fleet.folder) == [], "what the killed one left is ended"
    assert len(fleet.mail.received) in (2, 3), "maps1 may have sent its own before"
    assert "2 unchanged" in fleet.without_ansible().pushed()


def test_what_a_killed_push_leaves_begins_no_other_host_and_ends(fleet, applying):
    fleet = fleet.of(3).with_ansible()
    host = applying(fleet)
    killed_at_work(fleet, host, "--forks", "1")
    host.go_on()
    wait_until(lambda: ansible_processes(fleet.folder) == [])
    begun = [name for name in fleet.hosts if fleet.document(name).exists()]
    assert begun == ["maps1"]


def test_pushes_killed_at_any_time_converge(fleet):
    """Pushes of other documents, each killed somewhere: the controller alone, or Ansible and its
    workers with it. The next good one brings what is declared, and MAPS has it. Kills at each
    step are in tests/unit/deploy and tests/hosts; these are of real processes."""
    fleet.with_ansible().set(maps_apply_command=["cp", "-t", str(fleet.folder)])
    began = time.monotonic()
    fleet.pushed()
    seconds = time.monotonic() - began
    some = random.Random("kills")
    for number in range(2):
        fleet.declare("Reports", client_name=f"maps{number}.example.edu")
        running = fleet.start("push")
        time.sleep(seconds * some.uniform(0.5, 1))
        running.kill()
        if number % 2:
            kill_ansible(fleet.folder)
        running.communicate(timeout=60)
        assert re.fullmatch(r"maps\d+\.example\.edu|None", str(client_name(fleet)))
    fleet.declare("Reports", client_name="good.example.edu")
    fleet.pushed("--lock-wait", "60")
    assert client_name(fleet) == "good.example.edu"
    assert (fleet.folder / "email-servers.json").read_bytes() == fleet.document().read_bytes()
    assert ansible_processes(fleet.folder) == []
    assert "maps1: unchanged" in fleet.without_ansible().pushed()
    folder = fleet.document().parent
    assert len(list(folder.glob("*.before-*"))) <= 2
    state = json.loads((folder / "state.json").read_text())
    assert state["applied"] == state["document"]


def client_name(fleet):
    return fleet.entries()["Reports"]["client_name"]
