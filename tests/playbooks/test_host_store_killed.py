"""kill -9 at every system call: the host has its old document or the new one, and goes on."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.mail.conversation import host_code
from tests.playbooks.killed_run import LEASE
from tests.playbooks.samples import delivery, oauth2_entry, password_entry

pytestmark = pytest.mark.long

Store = host_code("maps_store").Store
DOCUMENT = "email-servers.json"
OLD = [password_entry(), oauth2_entry()]
NEW = oauth2_entry(port=465)


def prepare(folder: Path) -> bytes:
    """A host with a proven document of two servers."""
    store = Store(str(folder / "before"), "first", "tester")
    store.deliver(delivery(*OLD))
    store.record_proofs([(entry, "sent") for entry in OLD], [])
    return (folder / "before" / DOCUMENT).read_bytes()


def kill_everywhere(folder: Path, step: str, wanted: dict) -> list[Path]:
    """The hosts after a run that was killed at each point; the last one was not killed."""
    program = Path(__file__).parent / "killed_run.py"
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, str(program), str(folder), step, json.dumps(wanted)],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"},
    )
    count = int(done.stdout)
    assert count > 20, done.stderr
    return [folder / str(number) / "host" for number in range(count)]


def document(host: Path) -> bytes | None:
    path = host / DOCUMENT
    return path.read_bytes() if path.exists() else None


def servers(data: bytes | None) -> list | None:
    return json.loads(data)["servers"] if data is not None else None


def converge(host: Path, wanted: dict, **settings) -> dict:
    """The next run; it leaves nothing of the killed one."""
    result = Store(str(host), "next", "tester", lease=LEASE, **settings).deliver(wanted)
    rest = {path.name for path in host.iterdir()}
    assert rest <= {DOCUMENT, "email-servers.previous.json", "state.json", "lock", "lease.json"}
    held = (host / "lease.json").exists() and json.loads((host / "lease.json").read_text())
    assert bool(held) == bool(result["mails_needed"])
    assert not held or held["run_id"] == "next"
    return result


def test_a_change(tmp_path):
    old = prepare(tmp_path)
    wanted = delivery(NEW)
    hosts = kill_everywhere(tmp_path, "deliver", wanted)
    seen = set()
    for host in hosts:
        found = document(host)
        seen.add(found == old)
        assert found == old or servers(found) == [password_entry(), NEW]
        result = converge(host, wanted)
        assert servers(document(host)) == [password_entry(), NEW]
        # Taken over or delivered anew: what this run may take back is the proven document.
        assert result["restorable"]
        store = Store(str(host), "next", "tester", lease=LEASE)
        assert store.restore() == "restored"
        assert document(host) == old
    assert seen == {True, False}
    assert document(hosts[-1]) == old


def test_a_first_document(tmp_path):
    wanted = delivery(NEW)
    hosts = kill_everywhere(tmp_path, "deliver", wanted)
    seen = set()
    for host in hosts:
        found = document(host) if host.exists() else None
        seen.add(found is None)
        assert servers(found) in (None, [NEW])
        converge(host, wanted)
        assert servers(document(host)) == [NEW]
        assert Store(str(host), "next", "tester", lease=LEASE).restore() == "restored"
        assert document(host) is None
    assert seen == {True, False}


def test_a_change_and_then_something_else(tmp_path):
    old = prepare(tmp_path)
    other = oauth2_entry(port=2525)
    numbers = set()
    for host in kill_everywhere(tmp_path, "deliver", delivery(NEW)):
        begun = json.loads((host / "state.json").read_text())["transaction"] is not None
        result = converge(host, delivery(other))
        numbers.add(result["generation"])
        assert result["generation"] == 3 or not begun
        used = json.loads((host / "state.json").read_text())["generations"]
        assert result["generation"] == used
        assert servers(document(host)) == [password_entry(), other]
        assert Store(str(host), "next", "tester", lease=LEASE).restore() == "restored"
        assert document(host) == old
    # The killed run's number is used up as soon as its document could have been seen.
    assert numbers == {2, 3}


def test_a_change_that_is_applied(tmp_path):
    prepare(tmp_path)
    wanted = delivery(NEW)
    for host in kill_everywhere(tmp_path, "deliver applying", wanted):
        applied = host.parent / "applied"
        command = ["sh", "-c", f'cp "$1" {applied}', "apply"]
        converge(host, wanted, apply_command=command)
        assert document(host) == applied.read_bytes()
        assert servers(document(host)) == [password_entry(), NEW]


@pytest.mark.parametrize("step", ["restore", "restore applying"])
def test_taking_back(tmp_path, step):
    old = prepare(tmp_path)
    hosts = kill_everywhere(tmp_path, step, delivery(NEW))
    seen = set()
    for host in hosts:
        found = document(host)
        seen.add(found == old)
        assert found == old or servers(found) == [password_entry(), NEW]
        shutil.copytree(host, host.parent / "copy")
        back = converge(host, delivery(*OLD))
        assert servers(document(host)) == OLD
        if found == old:
            assert (back["state"], back["mails_needed"]) == ("unchanged", [])
        converge(host.parent / "copy", delivery(NEW))
        assert servers(document(host.parent / "copy")) == [password_entry(), NEW]
    assert seen == {True, False}
    assert document(hosts[-1]) == old


def test_taking_back_where_there_was_none(tmp_path):
    seen = set()
    for host in kill_everywhere(tmp_path, "restore", delivery(NEW)):
        seen.add(document(host) is None)
        assert servers(document(host)) in (None, [NEW])
        result = converge(host, delivery(NEW))
        assert servers(document(host)) == [NEW]
        assert result["restorable"]
    assert seen == {True, False}


def test_a_rollback(tmp_path):
    prepare(tmp_path)
    before = tmp_path / "before"
    changing = Store(str(before), "second", "tester", lease=LEASE)
    changing.deliver(delivery(NEW))
    changing.record_proofs([(NEW, "sent")], ["Reports"])
    there = document(before)
    wanted = {"tokens": {}, "rotating": [], "mails": ["Reports", "Relay"]}
    seen = set()
    for host in kill_everywhere(tmp_path, "rollback", wanted):
        found = document(host)
        seen.add(found == there)
        assert found == there or servers(found) == OLD
        # A push of either brings the host there, whatever became of the rollback.
        shutil.copytree(host, host.parent / "copy")
        converge(host, delivery(*OLD))
        assert servers(document(host)) == OLD
        converge(host.parent / "copy", delivery(NEW))
        assert servers(document(host.parent / "copy")) == [password_entry(), NEW]
    assert seen == {True, False}
