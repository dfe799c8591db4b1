"""A host that is slow, or hangs, holds no other up."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from provisioner.resources import playbooks_folder
from tests.playbooks.samples import oauth2_entry, write_delivery

pytestmark = pytest.mark.long


def run(
    tmp_path: Path, hosts: dict, playbook: Path | None = None, *arguments: str, mail_port: int = 1
) -> tuple[list[dict], str]:
    """push.yml on these hosts; -> what the tasks said, as they ended, and the output."""
    for host in hosts:
        write_delivery(tmp_path / "run", host, oauth2_entry(port=mail_port), run_id="run-1")
    inventory = {"all": {"hosts": hosts}}
    (tmp_path / "inventory.json").write_text(json.dumps(inventory))
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "ansible-playbook"),
            *("-i", str(tmp_path / "inventory.json"), "-e", f"maps_run_folder={tmp_path / 'run'}"),
            str(playbook or playbooks_folder() / "push.yml"),
            *arguments,
        ],
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=300,
        env={
            **os.environ,
            "HOME": str(tmp_path),
            "ANSIBLE_PIPELINING": "True",
            "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "results_file",
            "RESULTS_FILE": str(tmp_path / "results"),
        },
    )
    output = done.stdout + done.stderr
    lines = (tmp_path / "results").read_text().splitlines()
    return [json.loads(line) for line in lines], output


def host(tmp_path: Path, name: str, **variables: object) -> dict:
    return {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "maps_directory": str(tmp_path / name),
        **variables,
    }


def _hung_up_on(mail_server: socket.socket, mailed: Path) -> None:
    """Leave a sign that somebody has come, and answer nobody."""
    mail_server.settimeout(120)
    with suppress(OSError):  # the test is over
        while True:
            mail_server.accept()[0].close()
            mailed.touch()


def test_a_host_is_done_while_another_is_still_at_its_first_task(tmp_path):
    # maps1 applies only once maps2 has come to its mails.
    waiting = f"n=0; until [ -e {tmp_path}/mailed ]; do sleep 0.1; n=$((n+1)); [ $n -lt 900 ]; done"
    hosts = {
        "maps1": host(tmp_path, "maps1", maps_apply_command=["sh", "-ec", waiting]),
        "maps2": host(tmp_path, "maps2"),
    }
    with socket.create_server(("localhost", 0)) as mail_server:
        threading.Thread(target=_hung_up_on, args=(mail_server, tmp_path / "mailed")).start()
        results, output = run(tmp_path, hosts, mail_port=mail_server.getsockname()[1])
    facts = {(line["host"], line["result"].get("maps", {}).get("phase")): line for line in results}
    assert facts["maps1", "deliver"]["result"]["maps"]["state"] == "applied", output
    assert facts["maps2", "mail"]["outcome"] == "ok", output


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"ansible_ssh_host_key_checking": False}, "host_key_checking is off"),
        ({"ansible_ssh_common_args": "-o StrictHostKeyChecking=no"}, "ssh_common_args has Strict"),
        ({"ansible_ssh_extra_args": "-oStrictHostKeyChecking=off"}, "ssh_extra_args has Strict"),
    ],
)
def test_a_host_whose_key_is_not_checked_is_not_contacted(tmp_path, variables, words):
    variables = {**variables, "ansible_connection": "ssh", "ansible_host": "127.0.0.1"}
    touched = tmp_path / "contacted"
    hosts = {
        "maps1": {**host(tmp_path, "maps1"), **variables, "ansible_ssh_executable": str(touched)}
    }
    touched.write_text(f"#!/bin/sh\ntouch {touched}.yes\nexit 255\n")
    touched.chmod(0o755)
    results, output = run(tmp_path, hosts)
    assert [line["outcome"] for line in results] == ["failed"], output
    assert words in results[0]["result"]["msg"]
    assert not Path(f"{touched}.yes").exists()


def test_a_key_that_is_not_known_is_refused_whatever_the_user_s_ssh_config_says(tmp_path):
    ssh, said = tmp_path / "ssh", tmp_path / "said"
    ssh.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> {said}\nexit 255\n')
    ssh.chmod(0o755)
    variables = {
        "ansible_connection": "ssh",
        "ansible_host": "127.0.0.1",
        "ansible_ssh_executable": str(ssh),
        "ansible_ssh_extra_args": "-o Compression=no",
    }
    results, output = run(tmp_path, {"maps1": {**host(tmp_path, "maps1"), **variables}})
    assert [line["outcome"] for line in results] == ["unreachable"], output
    options = said.read_text().splitlines()
    assert "Compression=no" in options
    assert [o for o in options if o.startswith("StrictHostKeyChecking")] == [
        "StrictHostKeyChecking=yes"
    ]


def test_a_host_that_hangs_ends_with_its_time_out(tmp_path):
    hanging = tmp_path / "ssh"
    hang = f"echo $$ >> {tmp_path}/pids; exec sleep 600"
    hanging.write_text(f'#!/bin/sh\ncase "$*" in *python*) {hang};; esac\n')
    hanging.chmod(0o755)
    for folder in ("action_plugins", "library", "module_utils", "plugin_utils"):
        (tmp_path / folder).symlink_to(playbooks_folder() / folder)
    text = (playbooks_folder() / "plan.yml").read_text()
    assert text.count("timeout: 120") == 1
    impatient = tmp_path / "plan.yml"
    impatient.write_text(text.replace("timeout: 120", "timeout: 3"))
    ssh = {"ansible_connection": "ssh", "ansible_ssh_executable": str(hanging)}
    hosts = {"maps1": {**host(tmp_path, "maps1"), **ssh}}
    results, output = run(tmp_path, hosts, impatient, "--check")
    assert [line["outcome"] for line in results] == ["failed"], output
    assert "Timed out after 3 second(s)" in results[0]["result"]["msg"]
    for pid in (tmp_path / "pids").read_text().split():
        wait_until_gone(Path("/proc", pid))


def wait_until_gone(process: Path) -> None:
    end = time.monotonic() + 20
    while process.exists():
        assert time.monotonic() < end, "what hung is still there"
        time.sleep(0.05)
