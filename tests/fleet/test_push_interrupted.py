"""A push that is ended from outside: no process stays, hosts have whole documents, it goes on."""

import json
import os
import pty
import signal
import subprocess
from pathlib import Path

import pytest

from provisioner.deploy.state_dir import project_lock
from provisioner.git import Commit
from tests.ansible_processes import ansible_processes, wait_until

pytestmark = pytest.mark.long


def applying(fleet, seconds):
    """Have hosts take their time to apply; -> the file that says that they have begun."""
    begun = fleet.folder / "begun"
    script = f'touch {begun}; sleep {seconds}; cp "$0" {fleet.folder}/applied'
    fleet.set(maps_apply_command=["/bin/sh", "-c", script])
    return begun


def started(fleet, *arguments, **streams):
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(
        fleet.command("push", *arguments),
        cwd=fleet.folder,
        env=fleet.environment,
        text=True,
        **(pipes | streams),
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_ends_it_and_resume_goes_on(three_hosts, number):
    fleet = three_hosts
    begun = applying(fleet, 2)
    running = started(fleet, "--batches", "1")
    wait_until(begun.exists)
    running.send_signal(number)
    output, errors = running.communicate(timeout=120)
    assert running.returncode == 130, output + errors
    assert f"interrupted ({number.name}); hosts finish the transaction they are in" in errors
    assert "provisioner push --resume" in errors
    assert "maps2, maps3 (2 hosts): not reached" in output
    assert ansible_processes(fleet.folder) == []
    (events,) = fleet.journals()
    assert events[-1]["event"] == "run_finished"
    assert events[-1]["report"]["interrupted"] == number.name
    wait_until((fleet.folder / "applied").exists)
    assert json.loads((fleet.folder / "applied").read_text())["servers"]

    assert fleet.mail.received == []
    fleet.set(maps_apply_command=["/bin/true"])
    resumed = fleet.ends(0, "push", "--resume")
    assert "3 hosts" in resumed.stdout
    assert all(fleet.served(host) == ["Reports"] for host in fleet.hosts)
    assert len(fleet.mail.received) == 3, "what was applied and not yet mailed is proven, too"


def test_a_second_signal_leaves_no_ansible_either_and_reports_all_the_same(fleet):
    begun = applying(fleet, 8)
    running = started(fleet)
    wait_until(begun.exists)
    running.send_signal(signal.SIGINT)
    running.send_signal(signal.SIGTERM)
    output, errors = running.communicate(timeout=60)
    assert running.returncode == 130, output + errors
    assert "maps1: unknown" in output
    assert ansible_processes(fleet.folder) == []


def test_a_terminal_that_is_closed_ends_it_like_a_signal(fleet):
    begun = applying(fleet, 2)
    parent, child = pty.openpty()
    running = started(fleet, stdin=child, stdout=child, stderr=child, start_new_session=True)
    os.close(child)
    wait_until(begun.exists)
    os.close(parent)
    running.send_signal(signal.SIGHUP)  # what the kernel sends to the session's leader
    assert running.wait(timeout=120) == 130
    (events,) = fleet.journals()
    assert events[-1]["report"]["interrupted"] == "SIGHUP"
    assert ansible_processes(fleet.folder) == []


def test_a_killed_push_leaves_ansible_behind_and_the_next_run_ends_it(fleet):
    begun = applying(fleet, 30)
    running = started(fleet)
    wait_until(begun.exists)
    running.kill()
    running.communicate(timeout=60)
    assert ansible_processes(fleet.folder)
    history = fleet.ends(0, "history")
    assert "killed, or still at work; 1 host not done" in history.stdout

    fleet.run("plan")
    assert ansible_processes(fleet.folder) == []


def test_nohup_makes_a_push_outlive_its_terminal(fleet):
    begun = applying(fleet, 1)
    running = subprocess.Popen(
        ["nohup", *fleet.command("push")],
        cwd=fleet.folder,
        env=fleet.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(begun.exists)
    running.send_signal(signal.SIGHUP)
    assert running.wait(timeout=120) == 0


def test_ansible_that_is_killed_leaves_a_host_unknown_and_the_report_says_why(fleet):
    begun = applying(fleet, 2)
    running = started(fleet)
    wait_until(begun.exists)
    needle = str(fleet.folder / "inventory").encode()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if needle in (process / "cmdline").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)
        except OSError:
            continue
    output, errors = running.communicate(timeout=120)
    assert running.returncode == 4, output + errors
    assert "maps1: unknown" in output
    assert "ansible-playbook was killed before it had done with this host" in output
    assert "its document may be the old or the new one" in output


def test_waiting_for_another_push_can_be_ended(fleet):
    with project_lock(fleet.folder, Commit(None, None)):
        waiting = started(fleet, "--lock-wait", "100")
        assert waiting.stderr.readline().startswith("waiting for another push: ")
        waiting.send_signal(signal.SIGINT)
        _, errors = waiting.communicate(timeout=60)
    assert waiting.returncode == 130, errors
    assert "interrupted (SIGINT) before anything was changed on a host" in errors
