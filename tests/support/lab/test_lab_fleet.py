"""The hosts answer over ssh, each as a machine of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.lab.fleet import Fleet

pytestmark = pytest.mark.long


def over_ssh(inventory: Path, command: str) -> dict[str, str]:
    """What each host prints, by Ansible as the product runs it."""
    ansible = Path(sys.executable).with_name("ansible")
    answer = subprocess.run(
        [ansible, "-i", inventory, "maps", "-m", "command", "-a", command, "--one-line"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    lines = (line.partition(" | ") for line in answer.stdout.splitlines() if " | " in line)
    return {name: rest.partition("(stdout) ")[2].strip() for name, _, rest in lines}


def test_five_hosts_answer_each_with_its_name_and_files(fleet: Fleet) -> None:
    names = [f"host{number}" for number in range(1, 6)]
    for name in names:
        fleet.write(name, "/etc/lab/whose", name)

    answers = over_ssh(fleet.inventory(5), "cat /etc/hostname /etc/lab/whose")

    assert answers == {name: f"{name}.lab.test\\n{name}" for name in names}


def test_a_host_sees_nothing_of_the_controller(fleet: Fleet, tmp_path: Path) -> None:
    here = Path(__file__)
    (tmp_path / "file").write_text("the controller's")

    assert fleet.run("host1", ["cat", str(here)]).returncode != 0
    assert fleet.run("host1", ["cat", str(tmp_path / "file")]).returncode != 0
    assert fleet.run("host1", ["ls", "/root", "/home", "/var/log"]).stdout.count("syslog") == 1
    processes = fleet.run("host1", ["ps", "-eo", "args"]).stdout
    assert "sshd" in processes
    assert "pytest" not in processes


def test_what_a_host_writes_is_its_own_and_read_from_here(fleet: Fleet) -> None:
    fleet.run("host1", ["sh", "-c", "mkdir -m 700 /etc/own && echo hello > /etc/own/file"])

    assert fleet.read("host1", "/etc/own/file") == b"hello\n"
    assert fleet.listing("host1", "/etc/own") == ["file"]
    assert fleet.snapshot("host1", "/etc/own")["file"].startswith("-rw-r--r-- 0:0 5891b5b522d5df")
    assert fleet.exists("host2", "/etc/own") is False
    assert not Path("/etc/own").exists()
    assert any(file.match("etc/own/file") for file in fleet.own_files("host1"))


def test_files_in_temporary_folders_are_found_too(fleet: Fleet) -> None:
    fleet.run("host1", ["sh", "-c", "echo x > /tmp/left-1; echo x > /dev/shm/left-2"])

    assert {"left-1", "left-2"} <= {file.name for file in fleet.own_files("host1")}


def test_each_host_has_a_syslog_of_its_own(fleet: Fleet) -> None:
    fleet.run("host1", ["logger", "a word for host1"])
    over_ssh(fleet.inventory(["host2"]), "true")

    assert "a word for host1" in fleet.syslog("host1")
    assert "a word for host1" not in fleet.syslog("host2")
    assert "Accepted publickey for root" in fleet.syslog("host2")


def test_the_labs_ca_and_mail_name_are_known_on_the_hosts(fleet: Fleet) -> None:
    assert fleet.read("host1", "/etc/lab/ca.pem") == fleet.pki.ca.read_bytes()
    resolved = fleet.run("host1", ["getent", "hosts", "mail.lab.test"]).stdout
    assert resolved.split() == [fleet.mail_address, "mail.lab.test"]


def test_the_inventory_has_the_variables_that_a_test_gives(fleet: Fleet, tmp_path: Path) -> None:
    path = fleet.inventory(
        ["host2", "host1"],
        {"maps_apply_command": ["/bin/true"], "maps_ca_file": None},
        host_variables={"host1": {"maps_directory": "/srv/maps"}},
        path=tmp_path / "hosts.yml",
    )
    maps = yaml.safe_load(path.read_text())["maps"]

    assert list(maps["hosts"]) == ["host2", "host1"]
    assert maps["hosts"]["host1"]["maps_directory"] == "/srv/maps"
    assert maps["vars"]["maps_apply_command"] == ["/bin/true"]
    assert "maps_ca_file" not in maps["vars"]


def test_a_host_that_was_off_comes_back_with_its_files(fleet: Fleet) -> None:
    fleet.write("host3", "/etc/maps-provisioner/kept", "kept")
    fleet.stop("host3")
    try:
        assert fleet.read("host3", "/etc/maps-provisioner/kept") == b"kept"
        with pytest.raises(AssertionError, match="UNREACHABLE"):
            over_ssh(fleet.inventory(["host3"]), "true")
    finally:
        fleet.start("host3")
    assert over_ssh(fleet.inventory(["host3"]), "cat /etc/maps-provisioner/kept") == {
        "host3": "kept"
    }


def test_reset_gives_hosts_as_new(fleet: Fleet) -> None:
    fleet.write("host1", "/etc/maps-provisioner/old", "old")

    fleet.reset()

    assert fleet.exists("host1", "/etc/maps-provisioner") is False
    assert over_ssh(fleet.inventory(["host1"]), "hostname") == {"host1": "host1.lab.test"}
