"""What other tests lean on: hosts are apart, what they wrote is found, no mail is under way."""

import smtplib
from pathlib import Path

import pytest

pytestmark = pytest.mark.long


def test_a_host_sees_nothing_of_the_controller(fleet, tmp_path):
    here = Path(__file__)
    (tmp_path / "file").write_text("the controller's")

    assert fleet.run("host1", ["cat", str(here)]).returncode != 0
    assert fleet.run("host1", ["cat", str(tmp_path / "file")]).returncode != 0
    assert fleet.run("host1", ["ls", "/root", "/home", "/var/log"]).stdout.count("syslog") == 1
    processes = fleet.run("host1", ["ps", "-eo", "args"]).stdout
    assert "sshd" in processes
    assert "pytest" not in processes


def test_what_a_host_writes_is_its_own_and_read_from_here(fleet):
    fleet.run("host1", ["sh", "-c", "mkdir -m 700 /etc/own && echo hello > /etc/own/file"])

    assert fleet.read("host1", "/etc/own/file") == b"hello\n"
    assert fleet.listing("host1", "/etc/own") == ["file"]
    assert fleet.snapshot("host1", "/etc/own")["file"].startswith("-rw-r--r-- 0:0 5891b5b522d5df")
    assert fleet.exists("host2", "/etc/own") is False
    assert not Path("/etc/own").exists()
    assert any(file.match("etc/own/file") for file in fleet.own_files("host1"))


def test_files_in_temporary_folders_are_found_too(fleet):
    fleet.run("host1", ["sh", "-c", "echo x > /tmp/left-1; echo x > /dev/shm/left-2"])

    assert {"left-1", "left-2"} <= {file.name for file in fleet.own_files("host1")}


def test_each_host_has_a_syslog_of_its_own(fleet):
    fleet.run("host1", ["logger", "a word for host1"])

    assert "a word for host1" in fleet.syslog("host1")
    assert "a word for host1" not in fleet.syslog("host2")


def test_after_settling_no_mail_is_under_way(mail):
    """So a test may count mails, and say that none came."""
    before = len(mail.mailbox("carol"))
    with smtplib.SMTP(mail.server("none").host, 25, timeout=20) as session:
        for _ in range(5):
            session.sendmail("alice@lab.test", "carol@lab.test", "Subject: lab\r\n\r\nReal parts.")
    mail.settle()
    assert len(mail.mailbox("carol")) == before + 5


def test_refresh_tokens_stay_unless_the_provider_rotates(provider, rotating_provider):
    """A product that keeps no newer token is found out by the one, and by the other is not."""
    staying = provider.sign_in("alice")["refresh_token"]
    rotated = rotating_provider.sign_in("alice")["refresh_token"]

    assert provider.refresh(staying).json()["refresh_token"] == staying
    newer = rotating_provider.refresh(rotated).json()["refresh_token"]
    assert newer != rotated
    assert rotating_provider.refresh(rotated).json()["error"] == "invalid_grant"
    assert rotating_provider.refresh(newer).json()["error"] == "invalid_grant", "reuse ends all"
