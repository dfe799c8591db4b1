"""`status --hosts` and `history` of real pushes."""

import fcntl
import json

import pytest

pytestmark = pytest.mark.long


def tree(folder):
    return {
        path: (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


def status(fleet):
    return json.loads(fleet.ends(0, "status", "--hosts", "--format", "json").stdout)


def test_hosts_tell_what_they_have_and_to_look_changes_nothing(fleet):
    assert "no document" in fleet.ends(0, "status", "--hosts").stdout
    assert not (fleet.folder / "maps1").exists()
    fleet.pushed()
    before = tree(fleet.folder / "maps1")
    [host] = status(fleet)["hosts"]
    assert (host["generation"], host["state"]) == (1, "unchanged")
    assert [(s["name"], s["verified"], s["proof"]) for s in host["servers"]] == [
        ("Reports", True, "sent")
    ]
    text = fleet.with_ansible().ends(0, "status", "--hosts").stdout
    assert "1 host: 1 never entered" in text
    assert tree(fleet.folder / "maps1") == before
    fleet.document().write_bytes(fleet.document().read_bytes().replace(b'"port": ', b'"port": 1'))
    assert "edited by hand" in fleet.without_ansible().ends(0, "status", "--hosts").stdout


def test_who_holds_a_lock_is_told_and_not_waited_for(pushed):
    fleet = pushed
    with (fleet.folder / "maps1" / "push.lock").open("r+") as lock:
        lock.write("ann@elsewhere (run r2)")
        lock.truncate()
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert (
            "locked at the moment: ann@elsewhere (run r2)"
            in fleet.ends(0, "status", "--hosts").stdout
        )
        fleet.declare("Reports", maximum_emails_per_minute=5)
        said = fleet.pushed(exit_code=5)
        assert "locked by another run" in said
        assert "ann@elsewhere" in said
    assert "delivered" in fleet.pushed()


def test_a_host_that_cannot_be_asked(pushed_to_three):
    pushed_to_three.set("maps2", maps_directory="relative")
    ended = pushed_to_three.ends(3, "status", "--hosts")
    assert "maps_directory is not an absolute path" in ended.stdout
    assert "3 hosts: 1 failed, 2 never entered" in ended.stdout


def test_no_other_hosts_are_asked_than_those_of_a_limit(pushed_to_three):
    pushed_to_three.set("maps3", maps_directory="relative")
    limited = ("status", "--hosts", "--limit", "maps1:maps2")
    asked = json.loads(pushed_to_three.ends(0, *limited, "--format", "json").stdout)
    assert [host["host"] for host in asked["hosts"]] == ["maps1", "maps2"]
    assert "nowhere" in pushed_to_three.ends(64, "status", "--hosts", "--limit", "nowhere").stderr
    assert "add --hosts" in pushed_to_three.ends(64, "status", "--limit", "maps1").stderr


def test_where_there_is_no_host_to_look_at_that_is_said(fleet):
    fleet.declare("Reports", hosts="no_such_group")
    for command in (("status", "--hosts"), ("worksheet", "--changed")):
        ended = fleet.ends(1, *command)
        assert "/reports.yml:" in ended.stderr
        assert ": Reports: hosts: the host pattern 'no_such_group' matches no host" in ended.stderr
        assert ended.stderr.count("Reports") == 1
        assert ended.stdout == ""


def test_history_of_pushes(fleet):
    assert "no " in fleet.ends(0, "history").stdout
    fleet.pushed()
    fleet.pushed("--format", "json")
    fleet.declare("Reports", user_name="nobody@example.edu")
    fleet.pushed(exit_code=3)
    headings, *lines = fleet.ends(0, "history").stdout.splitlines()
    assert (headings.split()[0], len(lines)) == ("RUN", 3)
    assert "exit 3: 1 restored" in lines[0]
    assert "1 unchanged" in lines[1]
    run_id = lines[0].split()[0]
    one = fleet.ends(0, "history", run_id).stdout
    assert "maps1: restored" in one
    assert "535" in one
    events = json.loads(fleet.ends(0, "history", run_id, "--format", "json").stdout)
    assert run_id in json.dumps(events)
    assert run_id in fleet.ends(0, "history", "--format", "markdown").stdout
