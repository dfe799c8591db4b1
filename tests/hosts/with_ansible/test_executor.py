"""Real Ansible, a task of our own: each host has one answer, whatever ends whom."""

import json
import signal
import time

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from provisioner.ansible import run_folder
from provisioner.ansible.environment import ansible_environment
from provisioner.ansible.executor import Answer, Output
from provisioner.ansible.run_folder import Phase
from provisioner.secret import Secret
from tests.hosts.with_ansible.stage import Stage
from tests.support.ansible_processes import processes_naming, wait_until

ANSWER = [["answer", 3]]
ANSWERED = ("answered", b"xxx")
NOT_BEGUN = ("not started", "")


@pytest.fixture
def stage(tmp_path, monkeypatch):
    monkeypatch.setattr(run_folder, "_MEMORY", tmp_path / "memory")
    stage = Stage(tmp_path)
    yield stage
    assert list(stage.memory.iterdir()) == [], "a run leaves nothing behind"


def test_hosts_of_any_name_answer_in_phases_and_no_other_host_is_asked(stage):
    hosts = stage.prepare("!x", "../x", "h{{ 7*7 }}", "a*", "x,y", "ä b", "l\nm", "other")[:-1]
    steps = {"*": [["phase", "reading"], *ANSWER], "other": [["touch", str(stage.folder / "bad")]]}
    items = [item for item in stage.run(hosts, steps) if not isinstance(item, Output)]
    assert sorted(item.host for item in items if isinstance(item, Answer)) == sorted(hosts)
    assert {item.content or item for item in items if isinstance(item, Answer)} == {b"xxx"}
    phases = [item for item in items if isinstance(item, Phase)]
    assert {(phase.host, phase.phase) for phase in phases} == {(h, "reading") for h in hosts}
    assert not (stage.folder / "bad").exists()


def test_no_hosts_are_no_run(stage):
    stage.prepare("h1")
    assert list(stage.run([], {})) == []


def test_each_host_has_an_end_of_its_own_and_no_say_over_the_next(stage):
    """One fork: each has the slot of the one before."""
    hosts = stage.prepare(
        *("become", "broken", "h1", "killed", "large", "no plugin", "raises", "terminated"),
        *("undefined", "vault", "z1"),
        **{
            "become": {"ansible_become": True},
            "no plugin": {"ansible_connection": "hunter", "password": "hunter2"},
            "undefined": {"ansible_connection": "{{ missing }}", "password": "hunter2"},
        },
    )
    password = stage.folder / "password"
    password.write_text("horse")
    secret = VaultLib().encrypt("canary", secret=VaultSecret(b"horse")).decode()
    (stage.folder / "host_vars").mkdir()
    (stage.folder / "host_vars" / "vault.json").write_text(
        json.dumps({"x": {"__ansible_vault": secret}})
    )
    (stage.folder / "ansible.cfg").write_text(
        "[defaults]\nask_pass = yes\n[privilege_escalation]\nbecome_ask_pass = yes\n"
    )
    steps = {
        "*": ANSWER,
        "become": [["become_password", 0]],
        "broken": [["signal", signal.SIGKILL]],
        "killed": [["signal", signal.SIGKILL]],
        "large": [["answer", 20_000_000]],
        "raises": [["no_such_step", 0]],
        "terminated": [["signal", signal.SIGTERM], *ANSWER],
        "vault": [["variable", "x"]],
    }
    become, files = Secret("correct horse"), [password]
    options = {"become_password": become, "vault_password_files": files}
    answers = stage.answers(hosts, steps, forks=1, **options)
    assert answers.pop("undefined")[1].endswith("'missing' is undefined")
    assert answers.pop("raises")[0] == "died"
    assert answers == {
        "become": ("answered", b"correct horse"),
        "broken": ("died", ""),
        "h1": ANSWERED,
        "killed": ("died", ""),
        "large": ("answered", b"x" * 20_000_000),
        "no plugin": ("not started", "the connection plugin 'hunter' was not found"),
        "terminated": ANSWERED,
        "vault": ("answered", b"canary"),
        "z1": ANSWERED,
    }


def test_a_worker_that_died_before_it_began_is_not_waited_for_forever(stage, monkeypatch):
    monkeypatch.setattr("provisioner.ansible.executor._SILENT_SECONDS", 4)
    hosts = stage.prepare("h1", "h2", h1={"dies_before": True})
    answers = stage.answers(hosts, {"h2": [["sleep", 2], *ANSWER]})
    assert answers == {"h1": NOT_BEGUN, "h2": ANSWERED}


def test_when_the_run_folder_is_taken_away_nothing_is_known_of_hosts_without_an_answer(stage):
    hosts = stage.prepare("h1", "h2", "h3")
    steps = {"h1": ANSWER, "h2": [["remove_run_folder", 0]], "h3": ANSWER}
    answers = stage.answers(hosts, steps, forks=1)
    assert answers["h1"] == ANSWERED
    for host in ("h2", "h3"):
        assert answers[host][0] == "died"
        assert answers[host][1].endswith("was removed during the run")


def test_hosts_at_work_finish_when_ansible_breaks_off(stage):
    hosts = stage.prepare("h1", "h2", "h3")
    steps = {"*": ANSWER, "h1": [["kill_ansible", 0], ["sleep", 2], *ANSWER]}
    assert stage.answers(hosts, steps, forks=1) == {
        "h1": ANSWERED,
        "h2": NOT_BEGUN,
        "h3": NOT_BEGUN,
    }


def test_an_ansible_that_cannot_start_says_why(stage):
    hosts = stage.prepare("h1")
    (stage.playbooks / "hosts.yml").unlink()
    (answer,) = stage.answers(hosts, {"*": ANSWER}).values()
    assert answer[0] == "not started"
    assert answer[1].endswith("hosts.yml could not be found")


def test_a_playbook_that_is_not_found_on_the_path_is_said_to_be_missing(stage, monkeypatch):
    hosts = stage.prepare("h1")
    monkeypatch.setattr("sys.executable", "/usr/bin/python3")
    monkeypatch.setenv("PATH", str(stage.folder))
    (answer,) = stage.answers(hosts, {"*": ANSWER}).values()
    assert answer[0] == "not started"
    assert "No such file" in answer[1]


def test_after_a_stop_no_other_host_begins(stage):
    hosts = stage.prepare("h1", "h2", "h3")
    executor = stage.executor(forks=1)
    states = {}
    with ansible_environment(stage.folder):
        for item in executor.run(b'{"*": [["sleep", 1], ["answer", 3]]}', hosts):
            if isinstance(item, Answer):
                states[item.host] = item.state, item.error
                executor.stop()
    assert list(states) == hosts
    assert states["h1"] == ("answered", "")
    assert states["h3"] == NOT_BEGUN, "one more may have begun by then"


def test_nothing_of_the_input_is_in_ansibles_output_or_files(stage):
    hosts = stage.prepare("h1")
    steps = {"*": [["files_with", "canary-7d1f"]]}
    items = list(stage.run(hosts, steps, verbosity=4))
    output = "\n".join(item.text for item in items if isinstance(item, Output))
    assert "Ask the host" in output
    assert "canary-7d1f" not in output
    assert "run.json" not in output
    assert [i.content for i in items if isinstance(i, Answer)] == [b'["run.json"]']


# -- signals


def test_a_signal_lets_hosts_at_work_finish_and_begins_no_other(stage):
    hosts = stage.prepare("h1", "h2", "h3", "h4", "h5")
    running = stage.start(hosts, {"*": [["phase", "x"], ["sleep", 2], *ANSWER]})
    assert {running.stdout.readline(), running.stdout.readline()} == {"h1 phase\n", "h2 phase\n"}
    running.send_signal(signal.SIGINT)
    output, _ = running.communicate(timeout=30)
    assert sorted(output.splitlines()) == [
        "h1 answered",
        "h2 answered",
        "h3 not started",
        "h4 not started",
        "h5 not started",
    ]


def test_a_second_signal_ends_it_within_seconds(stage):
    hosts = stage.prepare("h1", "h2", "h3")
    steps = {"*": [["phase", "x"], ["sleep", 60]], "h2": [["phase", "x"], ["signal", 19]]}
    running = stage.start(hosts, steps)
    assert {running.stdout.readline(), running.stdout.readline()} == {"h1 phase\n", "h2 phase\n"}
    running.send_signal(signal.SIGINT)
    time.sleep(0.1)
    running.send_signal(signal.SIGTERM)
    output, _ = running.communicate(timeout=30)
    assert sorted(output.splitlines()) == ["h1 died", "h2 died", "h3 not started"]
    assert processes_naming(stage.playbooks) == []


def test_a_killed_controller_leaves_hosts_at_work_to_finish_and_the_next_run_ends_the_rest(stage):
    hosts = stage.prepare("h1", "h2", "h3")
    done = stage.folder / "done"
    steps = {
        "h1": [["phase", "x"], ["sleep", 2], ["touch", str(done)]],
        "h2": [["phase", "x"], ["signal", signal.SIGSTOP]],
        "h3": [["touch", str(stage.folder / "bad")]],
    }
    running = stage.start(hosts, steps)
    assert {running.stdout.readline(), running.stdout.readline()} == {"h1 phase\n", "h2 phase\n"}
    running.kill()
    running.communicate()
    wait_until(done.exists, 10)
    wait_until(lambda: len(processes_naming(stage.playbooks)) == 1, 10)  # the one that hangs
    assert not (stage.folder / "bad").exists()
    assert len(list(stage.memory.iterdir())) == 1

    assert stage.answers(["h1"], {"*": ANSWER}) == {"h1": ANSWERED}
    assert processes_naming(stage.playbooks) == []
