"""`status --hosts` and `unlock` as a user runs them, on a host that is a folder."""

import fcntl
import hashlib
import json
import time

import pytest

from provisioner.errors import ExitCode
from provisioner.fleet.host_answer import NONSENSE
from provisioner.fleet.host_report import host_report
from provisioner.fleet.lease import lease_wait
from provisioner.fleet.runner import TaskResult
from provisioner.fleet.unlocking import lease_ending
from provisioner.reports.host_reports import host_reports_as_json, host_reports_as_text

pytestmark = pytest.mark.long

NOW = "2026-11-27T08:00:00Z"
PROBED = {
    "phase": "probe",
    "generation": 3,
    "applied": True,
    "edited_by_hand": True,
    "delivery": {"run_id": "r1", "owner": "ann@ws (pid 7)", "commit": "0123456789ab", "at": NOW},
    "lease": {
        "owner": "bob@ci (pid 8)",
        "run_id": "r2",
        "commit": None,
        "reason": "push",
        "since": NOW,
        "expires": "2026-11-27T08:15:00Z",
    },
    "leftovers": ["email-servers.json.new"],
    "servers": {
        "Reports": {
            "verified": True,
            "proof": {"outcome": "sent", "at": NOW, "run_id": "r1"},
            "token_expires_at": 5,
        },
        "Old": {"verified": False, "proof": None, "token_expires_at": None},
        "Maps": {
            "verified": False,
            "proof": {"outcome": "unprovable", "at": NOW, "run_id": "r1"},
            "token_expires_at": None,
        },
    },
}
TEXT = """\
maps1: generation 3, applied
  since 2026-11-27T08:00:00Z, from ann@ws (pid 7), 0123456789ab
  the document there was edited by hand since the last push
  at work there: bob@ci (pid 8) since 2026-11-27T08:00:00Z (push, run r2), \
until 2026-11-27T08:15:00Z
  left over: email-servers.json.new; the next push removes its own
  Maps     only MAPS can prove it, 2026-11-27T08:00:00Z
  Old      not verified, not declared here
  Reports  verified 2026-11-27T08:00:00Z
"""


def said(maps, outcome="ok", msg=""):
    return TaskResult("maps1", "probe", outcome, {"maps": maps, "msg": msg})


def test_a_host_tells_all_it_knows():
    report = host_report("maps1", said(PROBED), ["reports", "MAPS"])
    assert report.exit_code is ExitCode.DONE
    assert host_reports_as_text([report]) == TEXT
    [host] = json.loads(host_reports_as_json([report]))["hosts"]
    assert host["lease"]["owner"] == "bob@ci (pid 8)"
    assert [s["orphaned"] for s in host["servers"]] == [False, True, False]
    assert host["servers"][2]["token_expires_at"] == 5


@pytest.mark.parametrize(
    ("result", "code", "text"),
    [
        (None, ExitCode.HOSTS_BEHIND, "Ansible did not reach it"),
        (said(None, "unreachable", "refused"), ExitCode.HOSTS_BEHIND, "refused"),
        (said(None, "failed", "no python"), ExitCode.HOSTS_BEHIND, "no python"),
        (said(None, NONSENSE, "nonsense!"), ExitCode.HOST_UNKNOWN, "nonsense!"),
    ],
)
def test_a_host_that_tells_nothing(result, code, text):
    report = host_report("maps1", result, [])
    assert (report.exit_code, report.problem) == (code, text)
    assert host_reports_as_text([report]) == f"maps1: {text}\n"
    ending = lease_ending("maps1", result)
    assert (ending.exit_code, ending.text) == (code, f"maps1: {text}")


def test_status_of_hosts_and_unlock(fleet):
    ended = fleet.run("status", "--hosts")
    assert (ended.returncode, ended.stdout) == (0, "maps1: no document\n"), ended.stderr
    fleet.pushed()
    before = tree(fleet.folder / "maps1")
    ended = fleet.run("status", "--hosts", "--format", "json")
    [host] = json.loads(ended.stdout)["hosts"]
    assert (host["generation"], host["problem"], host["lease"]) == (1, "", None)
    assert [(s["name"], s["verified"]) for s in host["servers"]] == [("Reports", True)]
    assert tree(fleet.folder / "maps1") == before, "to look changes nothing"
    path = leased(fleet, 600)
    fleet.declare("Reports", maximum_emails_per_minute=5)
    locked = fleet.run("push")
    assert locked.returncode == 5, locked.stderr
    assert "maps1: locked by another run" in locked.stdout
    assert "ann@elsewhere works on this host since" in locked.stdout
    ended = fleet.run("unlock", "--hosts")
    assert ended.returncode == 5, ended.stderr
    assert "no push works here" in ended.stdout
    assert "maps1: ann@elsewhere works on this host since" in ended.stdout
    ended = fleet.run("unlock", "--hosts", "--force")
    assert ended.returncode == 0, ended.stderr
    assert "maps1: ended the lease of ann@elsewhere" in ended.stdout
    assert not path.exists()


def test_lock_wait_reaches_the_lease_on_a_host(fleet):
    (fleet.folder / "maps1").mkdir(exist_ok=True)
    leased(fleet, 14)  # longer than a host waits by itself
    said = fleet.pushed("--lock-wait", "120")
    assert "test email of Reports: sent" in said


@pytest.mark.parametrize(
    ("asked", "waits"), [(0.0, 10), (10.2, 11), (120.0, 120), (1e9, 540), (float("inf"), 540)]
)
def test_a_host_waits_no_longer_than_its_task_lasts(asked, waits):
    assert lease_wait(asked) == waits


def test_the_lock_of_a_checkout_is_taken_away_only_by_force(fleet):
    folder = fleet.folder / ".provisioner"
    folder.mkdir(mode=0o700)
    with (folder / "push.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        json.dump({"owner": "ann@ws (pid 7)", "since": 0, "commit": "no commit"}, file)
        file.flush()
        ended = fleet.run("unlock")
        assert ended.returncode == 5
        assert "ann@ws (pid 7)" in ended.stderr
        ended = fleet.run("unlock", "--force")
        assert ended.returncode == 0, ended.stderr
        assert "its lock was taken away" in ended.stdout
        assert "no push works here" in fleet.run("unlock").stdout


def leased(fleet, seconds):
    """The host's lease, that of another checkout for so long."""
    lease = {
        "owner": "ann@elsewhere",
        "holder": "another checkout",
        "run_id": "r9",
        "commit": None,
        "reason": "push",
        "since": int(time.time()),
        "expires": int(time.time()) + seconds,
    }
    path = fleet.folder / "maps1" / "lease.json"
    path.write_text(json.dumps(lease))
    return path


def tree(folder):
    return {
        str(path): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_names_and_words_of_hosts_steer_no_terminal():
    said = TaskResult("e\x1b]0;vil", "Look", "failed", {"msg": "no\x1b[2Jsuch\nmaps2: applied"})
    report = host_report("e\x1b]0;vil", said, ())
    assert host_reports_as_text([report]) == "e<U+001B>]0;vil: no<U+001B>[2Jsuch maps2: applied\n"
