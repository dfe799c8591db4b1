"""`provisioner doctor`: all checks at once, and nothing changes anywhere."""

import json
import os
import secrets
import subprocess
import sys

import pytest

from tests.cli.fleet.local_fleet import PROVISIONER

pytestmark = pytest.mark.long

PASSWORD = "CANARY" + secrets.token_hex(12)


def tree(folder):
    """Every file and folder but the sockets and caches of Ansible's own home."""
    return {path: path.stat().st_mtime_ns for path in (folder, *folder.rglob("*"))}


def examined(fleet, *arguments, code=0, password=PASSWORD):
    """(check, state, text, hosts) of each row, as JSON has them."""
    ended = fleet.run("doctor", "--format", "json", *arguments, password=password)
    assert ended.returncode == code, ended.stdout + ended.stderr
    assert PASSWORD not in ended.stdout + ended.stderr
    report = json.loads(ended.stdout)
    assert report["schema_version"] == 1
    return [(c["check"], c["state"], c["text"], c["hosts"]) for c in report["checks"]]


def accepted(fleet):
    command = ("accept", "Reports", "--accept-destination", "Reports")
    assert fleet.run(*command, password=PASSWORD).returncode == 0


def test_all_is_well_and_nothing_is_changed(fleet):
    fleet.of(2)
    accepted(fleet)
    before = tree(fleet.folder)
    rows = examined(fleet)
    both = ["maps1", "maps2"]
    assert [row for row in rows if row[0] not in ("project", "vault key")] == [
        ("files", "ok", rows[1][2], []),
        ("secret", "ok", "Reports: readable, destination accepted", []),
        ("host", "ok", "reached", both),
        ("folder", "ok", "writable", both),
        ("clock", "ok", "as this machine's", both),
        ("mail server", "ok", f"localhost:{fleet.mail.port} answers, TLSv1.3", both),
    ]
    assert fleet.mail.received == []
    assert tree(fleet.folder) == before


def test_each_row_that_failed_has_its_remedy(fleet):
    """One host without Python, one whose folder is of something else, one mail server away."""
    fleet.of(3)
    fleet.set("maps1", ansible_python_interpreter="/nowhere/python")
    (fleet.folder / "maps2").mkdir()
    (fleet.folder / "maps2" / "passwd").touch()
    fleet.declare("Away", port=1)
    ended = fleet.run("doctor", "--limit", "all", password=PASSWORD)
    assert ended.returncode == 3, ended.stdout
    lines = ended.stdout.splitlines()

    def remedy_of(words):
        at = next(n for n, line in enumerate(lines) if line.startswith("failed") and words in line)
        return next(line for line in lines[at:] if "-> " in line)

    assert "ansible_python_interpreter" in remedy_of("maps1: ")
    assert "maps_directory" in remedy_of("maps2: ")
    assert "open connections" in remedy_of("localhost:1: ")
    assert "provisioner accept Reports" in remedy_of("Reports: ")
    assert lines[-1] == "12 checks: 6 ok, 5 failed, 1 skipped"
    assert PASSWORD not in ended.stdout + ended.stderr


def test_one_server_on_one_host(fleet):
    fleet.of(2).declare("Other", port=1)
    accepted(fleet)
    rows = examined(fleet, "Reports", "--limit", "maps2")
    assert {host for row in rows for host in row[3]} == {"maps2"}
    assert not any("Other" in row[2] or ":1 " in row[2] for row in rows)
    assert "Nobody" in fleet.ends(64, "doctor", "Nobody").stderr


@pytest.mark.parametrize("columns", [60, 200])
def test_it_fits_the_terminal(fleet, columns):
    fleet.set(maps_directory="/proc/maps")
    ended = subprocess.run(
        [PROVISIONER, "doctor", "--no-hosts"],
        cwd=fleet.folder,
        env={**os.environ, "COLUMNS": str(columns), "MAIL_PASSWORD": PASSWORD},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 6
    lines = [line for line in ended.stdout.splitlines() if "-> " not in line]
    whole = [line for line in lines if max(map(len, line.split()), default=0) < 30]
    assert len(whole) > 5
    assert max(map(len, whole)) <= columns
    assert PASSWORD not in ended.stdout


@pytest.mark.parametrize(
    ("change", "row"),
    [
        (lambda fleet: fleet.declare("Reports", port="587x"), ("files", "failed")),
        (lambda fleet: fleet.write("inventory/hosts.yml", {"maps": {}}), ("hosts", "failed")),
        (lambda fleet: (fleet.folder / "inventory/hosts.yml").write_text("{"), ("hosts", "failed")),
        (lambda fleet: fleet.declare("Reports", password={"env": "NO"}), ("secret", "failed")),
    ],
    ids=["files", "no hosts", "inventory", "secret"],
)
def test_what_hinders_all_is_a_row_too(fleet, change, row):
    change(fleet)
    ended = fleet.run("doctor", "--format", "json", password=PASSWORD)
    found = json.loads(ended.stdout)["checks"]
    assert row in [(check["check"], check["state"]) for check in found]
    assert ended.returncode not in (0, 70)
    assert "Traceback" not in ended.stderr
    assert all(check["remedy"] for check in found if check["state"] == "failed")


def test_a_folder_that_is_no_project(tmp_path):
    ended = subprocess.run(
        [sys.executable, "-m", "provisioner", "doctor"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "provisioner init" in ended.stdout
    assert "4 skipped" in ended.stdout
