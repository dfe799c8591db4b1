"""A provider that ends a refresh token with its first use: one host gets it, once."""

import os
import signal
import subprocess
import time

import pytest

from tests.fleet.local_fleet import PROVISIONER
from tests.fleet.signed_in_fleet import signed_in_fleet

pytestmark = pytest.mark.long


@pytest.fixture
def fleet(tmp_path, monkeypatch):
    with signed_in_fleet(tmp_path, monkeypatch) as fleet:
        yield fleet


def test_one_host_gets_it_and_nothing_here_renews_it_any_more(fleet):
    said = fleet.pushed(password=fleet.secret)
    assert "test email of Reports: sent" in said
    assert fleet.owner == "maps1"
    assert "1 host: 0 changed; 1 unchanged" in fleet.pushed(password=fleet.secret)

    refresh = fleet.run("refresh", "Reports", password=fleet.secret)
    assert refresh.returncode == 1
    assert "the refresh token of Reports was handed over to maps1" in refresh.stderr
    status = fleet.run("status").stdout
    assert "refresh token handed over to maps1, which refreshes it" in status

    fleet.limit_to(5)
    said = fleet.pushed(exit_code=6, password=fleet.secret)
    assert "Reports: skipped, what hosts have of it stays" in said
    assert "sign in anew, then push: provisioner authenticate Reports" in said
    assert fleet.entries()["Reports"]["maximum_emails_per_minute"] is None


def test_several_hosts_are_refused_with_the_ways_there_are(fleet):
    ended = fleet.of(2).run("plan", password=fleet.secret)
    assert ended.returncode == 1
    assert "Reports goes to 2 hosts" in ended.stdout
    assert "declare a server for each host" in ended.stdout
    assert not fleet.document("maps1").exists()


def test_a_push_that_is_killed_while_the_host_has_it_leaves_the_owner_known(fleet, tmp_path):
    slow = f"touch {tmp_path}/applying; sleep 5"
    fleet.set(maps_apply_command=["/bin/sh", "-c", slow])
    process = subprocess.Popen(
        [str(PROVISIONER), "push", "--accept-destination=Reports"],
        cwd=fleet.folder,
        env={**os.environ, "MAIL_PASSWORD": fleet.secret},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    end = time.monotonic() + 120
    while not (tmp_path / "applying").exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert (tmp_path / "applying").exists()
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert fleet.owner == "maps1"
