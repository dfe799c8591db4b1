"""Secrets of a push at full verbosity are found in the store and in the host document only."""

import os
import re
import signal
import threading
import time
from pathlib import Path

import pytest

from tests.end_to_end.project import succeeded
from tests.end_to_end.test_interrupt import STARTED
from tests.end_to_end.test_main_job import vault_view

DOCUMENT = "/etc/maps-provisioner/email-servers.json"
OWN = {DOCUMENT, "/etc/maps-provisioner/email-servers.previous.json"}


class Watcher(threading.Thread):
    """Looks into every process's argv and environment and runner's folder while a push runs."""

    def __init__(self, needles, started, ignore_pids):
        super().__init__(daemon=True)
        self.needles = [needle.encode() for needle in needles]
        self.started = content(Path(f"/proc/{started}/cmdline"))
        self.ignored = {started, *ignore_pids}
        self.found = set()
        self.run_folders = set()
        self.commands = set()
        self.ended = threading.Event()

    def run(self):
        while not self.ended.is_set():
            self._look_at_processes()
            self._look_at_run_folders()
            time.sleep(0.01)

    def _look_at_processes(self):
        for process in Path("/proc").glob("[0-9]*"):
            if int(process.name) in self.ignored:
                continue
            environment, command = content(process / "environ"), content(process / "cmdline")
            if command == self.started:
                continue  # forked a moment ago, not yet become what it is to be
            self.commands.add(command.split(b"\0")[0].rsplit(b"/", 1)[-1].decode())
            self._search(command, f"arguments of {command!r}")
            self._search(environment, f"environment of {command!r}")

    def _look_at_run_folders(self):
        for folder in Path("/dev/shm").glob("maps-provisioner-*"):
            self.run_folders.add(folder)
            for top, _folders, names in os.walk(folder):
                for name in names if "deliveries" not in Path(top).parts else ():
                    self._search(content(Path(top, name)), f"{top}/{name}")

    def _search(self, data, where):
        if any(needle in data for needle in self.needles):
            self.found.add(where)


def content(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


APPLY = ["/bin/sh", "-c", f"touch {STARTED}; sleep 3"]
ENDS = {"well": 0, "refused": 3, "unreachable": 3, "interrupted": 130}


@pytest.mark.parametrize("ends", ENDS)
def test_a_push_at_full_verbosity_leaks_nothing(
    project, user, provider, mail, fleet, chromium, tmp_path, ends
):
    project.declare("Reports", provider, mail.server("oauth"), user=user)
    password = f"password-{os.urandom(12).hex()}" if ends == "refused" else mail.password
    project.declare_relay(mail, user=user, password=password)
    fleet.reset()
    variables = {"maps_apply_command": APPLY} if ends == "interrupted" else {}
    fleet.inventory(2, variables, path=project.folder / "inventory" / "hosts.yml")
    succeeded(project.authenticate("Reports", chromium.person(user)))
    needles = secrets_of(project, provider, password)
    log = tmp_path / "ansible.log"
    project.environment |= {
        "ANSIBLE_LOG_PATH": str(log),
        "ANSIBLE_KEEP_REMOTE_FILES": "1",
        "ANSIBLE_DEBUG": "1",
        "ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "1",
        "ANSIBLE_NO_TARGET_SYSLOG": "0",
        "TMPDIR": str(tmp_path / "tmp"),
    }
    (tmp_path / "tmp").mkdir()

    hosts = ("host1",) if ends == "unreachable" else ("host1", "host2")
    if ends == "unreachable":
        fleet.stop("host2")
    running = project.start("push", "-vvvv")
    watcher = Watcher(needles, running.pid, lab_processes())
    watcher.start()
    if ends == "interrupted":
        threading.Thread(target=interrupt, args=(running, fleet), daemon=True).start()
    output = "".join(running.communicate(timeout=180))
    watcher.ended.set()
    watcher.join()

    assert running.returncode == ENDS[ends], output
    assert "PLAYBOOK" in output, "the verbose output is what is searched"
    assert {"ssh", "ansible-playbook"} & watcher.commands
    assert watcher.run_folders, "the run folder was seen while it was there"
    assert watcher.found == set()
    assert not any(needle in output for needle in needles)
    (journal,) = (project.folder / ".provisioner" / "runs").iterdir()
    assert not any(needle in journal.read_text() for needle in needles)
    assert not any(folder.exists() for folder in watcher.run_folders)
    for place in (tmp_path / "tmp", project.folder, Path(os.environ["HOME"])):
        for path in place.rglob("*"):
            assert not leaks(path, needles), path
    assert not leaks(log, needles)
    for host in hosts:
        assert not any(needle in fleet.syslog(host) for needle in needles)
        assert "sshd" in fleet.syslog(host)
        leaking = [p for p in fleet.own_files(host) if leaks(p, needles)]
        assert {host_path(p) for p in leaking} <= OWN, leaking


def interrupt(running, fleet):
    """Ctrl-C once both hosts are in the middle of it."""
    while running.poll() is None:
        if all(fleet.exists(host, STARTED) for host in ("host1", "host2")):
            running.send_signal(signal.SIGINT)
            return
        time.sleep(0.05)


def secrets_of(project, provider, password):
    tokens = vault_view(next((project.folder / "tokens").glob("*.yml")), project)
    found = re.findall(r"^(?:access|refresh)_token: *['\"]?([^'\"\n]+)", tokens, re.MULTILINE)
    assert len(found) == 2
    return [*found, provider.clients["native"].secret, password]


def lab_processes():
    """The lab's own processes know the secrets: its provider, its mail servers, this test run."""
    return [
        os.getpid(),
        *(
            int(p.name)
            for p in Path("/proc").glob("[0-9]*")
            if b"maps-lab" in content(p / "cmdline")
        ),
    ]


def leaks(path, needles):
    return path.is_file() and any(needle.encode() in content(path) for needle in needles)


def host_path(path):
    return "/" + str(path).split("/upper/", 1)[-1].lstrip("/")
