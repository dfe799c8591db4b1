"""A provider that ends a refresh token with its first use: one host gets it, once."""

import os
import subprocess

import pytest

from tests.ansible_processes import kill_ansible, wait_until
from tests.fleet.signed_in_fleet import signed_in_fleet

pytestmark = pytest.mark.long


@pytest.fixture
def fleet(tmp_path):
    with signed_in_fleet(tmp_path) as fleet:
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
    assert "Reports: skipped; hosts keep their copy" in said
    assert "sign in anew, then push: provisioner authenticate Reports" in said
    assert fleet.entries()["Reports"]["maximum_emails_per_minute"] is None


def test_several_hosts_are_refused_with_the_ways_there_are(fleet):
    said = fleet.of(2).ends(1, "plan", password=fleet.secret).stdout
    assert "Reports goes to 2 hosts" in said
    assert "declare a server for each host" in said
    assert not fleet.document("maps1").exists()


def test_a_push_that_fails_leaves_it_here_and_one_that_is_killed_leaves_it_there(fleet):
    fleet.set(maps_apply_command=["/nonexistent/apply"])
    assert "maps1: restored" in fleet.pushed(exit_code=3, password=fleet.secret)
    assert fleet.owner is None, "the host is known not to have it"

    begun = fleet.folder / "begun"
    fleet.set(maps_apply_command=["/bin/sh", "-c", f"touch {begun}; sleep 5"])
    running = subprocess.Popen(
        fleet.command("push"),
        cwd=fleet.folder,
        env={**os.environ, "MAIL_PASSWORD": fleet.secret},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_until(begun.exists)
    running.kill()
    running.wait()
    kill_ansible(fleet.folder)
    assert fleet.owner == "maps1"
