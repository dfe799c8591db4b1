"""What push is measured beside: the floor, a playbook as people write it, and swaks."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml
from measuring import Cost
from push_scene import APPLY, SERVERS, FailedRunError, Scene

from tests.support.lab.host import CA_FILE

FLOOR = [{"hosts": "all", "gather_facts": False, "tasks": [{"ping": None}]}]
# Facts, folder, a copy, a template a server, a handler: what a first search suggests.
HAND_WRITTEN = [
    {
        "hosts": "all",
        "vars": {"servers": list(SERVERS)},
        "tasks": [
            {"file": {"path": "/etc/hand-written", "state": "directory", "mode": "0750"}},
            {
                "copy": {"src": "apply.sh", "dest": "/etc/hand-written/apply.sh", "mode": "0755"},
                "notify": "apply",
            },
            {
                "copy": {"src": "ca.pem", "dest": "/etc/hand-written/ca.pem", "mode": "0644"},
                "notify": "apply",
            },
            {
                "template": {
                    "src": "server.json.j2",
                    "dest": "/etc/hand-written/{{ item }}.json",
                    "mode": "0600",
                },
                "loop": "{{ servers }}",
                "notify": "apply",
                "no_log": True,
            },
        ],
        "handlers": [{"name": "apply", "command": APPLY[0]}],
    }
]
_TEMPLATE = """\
{"name": "{{ item }}", "client_name": "{{ client_name }}", "port": 465,
 "host": "{{ ansible_facts.hostname }}", "password": "{{ lookup('env', 'BENCHMARK_PASSWORD') }}"}
"""
_QUICK = {"ANSIBLE_PIPELINING": "True"}


def write_references(scene: Scene) -> None:
    """The playbooks, beside the project."""
    folder = _folder(scene)
    (folder / "files").mkdir(parents=True)
    (folder / "templates").mkdir()
    (folder / "floor.yml").write_text(yaml.safe_dump(FLOOR, sort_keys=False))
    (folder / "hand-written.yml").write_text(yaml.safe_dump(HAND_WRITTEN, sort_keys=False))
    (folder / "files" / "apply.sh").write_text("#!/bin/sh\nexit 0\n")
    (folder / "files" / "ca.pem").write_text(scene.mail.pki.ca.read_text())
    (folder / "templates" / "server.json.j2").write_text(_TEMPLATE)


def floor(scene: Scene, hosts: int, first: int = 1) -> Cost:
    """One `ping` on `hosts` hosts, with our forks, pipelining and ControlPersist."""
    names = ",".join(f"host{number}" for number in range(first, first + hosts))
    return _playbook(scene, "floor.yml", "--limit", names, "--forks", str(scene.forks), **_QUICK)


def hand_written(scene: Scene, client_name: str) -> Cost:
    """As Ansible is installed: five forks, no pipelining."""
    return _playbook(scene, "hand-written.yml", "-e", f"client_name={client_name}")


def hand_written_tuned(scene: Scene, client_name: str) -> Cost:
    """The same playbook with our forks and pipelining."""
    forks = ("--forks", str(scene.forks))
    return _playbook(
        scene, "hand-written.yml", "-e", f"client_name={client_name}", *forks, **_QUICK
    )


def swaks(scene: Scene, hosts: int, at_once: int) -> float:
    """Wall seconds to send the mails of a push from the same hosts, so many hosts at once."""
    began = time.perf_counter()
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(lambda number: _mails_of(scene, f"host{number}"), range(1, hosts + 1)))
    return time.perf_counter() - began


def _mails_of(scene: Scene, host: str) -> None:
    server = scene.mail.server("plain").host
    for number in range(1, len(SERVERS) + 1):
        mailbox = f"benchmark{number}@lab.test"
        argv = ["swaks", "--server", server, "--port", "465", "--tls-on-connect", "--tls-verify"]
        argv += ["--tls-ca-path", CA_FILE, "--auth", "PLAIN", "--auth-user", mailbox]
        argv += ["--from", mailbox, "--to", mailbox, "--protect-prompt"]
        # the password by standard input: arguments can be read by every user
        done = scene.fleet.run(host, argv, stdin=f"{scene.mail.password}\n")
        if done.returncode:
            raise FailedRunError(
                f"swaks on {host} ended with {done.returncode}: {done.stdout[-800:]}"
            )


def _playbook(scene: Scene, name: str, *arguments: str, **settings: str) -> Cost:
    playbook = str(_folder(scene) / name)
    argv = ["ansible-playbook", "-i", str(scene.inventory), playbook, *arguments]
    return scene.timed(argv, ANSIBLE_HOST_KEY_CHECKING="True", **settings)


def _folder(scene: Scene) -> Path:
    return scene.folder.parent / "references"


def swaks_is_there() -> bool:
    """Whether the hosts, which see this machine's programs, have it."""
    return shutil.which("swaks") is not None
