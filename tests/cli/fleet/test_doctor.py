"""`provisioner doctor`: what it finds here and on hosts; it changes and gives away nothing."""

import fcntl
import json
import os
import signal
import socket
from pathlib import Path

import pytest

from tests.cli.fleet.local_fleet import PASSWORD
from tests.cli.fleet.test_tokens import signed_in_fleet
from tests.cli.sightings import Sightings
from tests.cli.test_validate_command import run
from tests.support.ansible_processes import ansible_processes
from tests.support.certificates import make_certificate

pytestmark = pytest.mark.long


def tree(folder):
    """Every file and folder, with content and time of its last change."""
    return {
        path: (path.stat().st_mtime_ns, path.is_file() and path.read_bytes())
        for path in (folder, *folder.rglob("*"))
    }


def report(fleet, exit_code, *arguments):
    """The JSON of a run that ends with that code."""
    return json.loads(fleet.ends(exit_code, "doctor", "--format", "json", *arguments).stdout)


def states(fleet, exit_code, *arguments):
    """check, and of a host also its name -> state"""
    checks = report(fleet, exit_code, *arguments)["checks"]
    return {" ".join(filter(None, (c["check"], c["host"]))): c["state"] for c in checks}


def row(fleet, exit_code, name, *arguments):
    """The one row of a check that is not ok."""
    [found] = [
        check
        for check in report(fleet, exit_code, *arguments)["checks"]
        if check["check"] == name and check["state"] != "ok"
    ]
    return found


# -- this machine


def test_a_folder_that_is_no_project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = run("doctor")
    assert done.returncode == 1
    assert "failed   project" in done.stdout
    assert "provisioner init" in done.stdout
    assert [line[:7] for line in done.stdout.splitlines()].count("skipped") == 6
    assert not list(tmp_path.iterdir())


def test_files_with_errors_leave_the_rest_unchecked(fleet):
    fleet.declare("Reports", prot=25)
    found = states(fleet, 1)
    assert found == {
        "project": "ok",
        "files": "failed",
        **dict.fromkeys(("git", "vault key", "secret", "sign-in", "hosts"), "skipped"),
    }
    assert "unknown-key" in row(fleet, 1, "files")["message"]


def test_warnings_of_files_stop_nothing(pushed):
    fleet = pushed
    settings = fleet.folder / "servers/reports.yml"
    settings.write_text(settings.read_text() + "# provisioner: ignore[wrong-port] no reason\n")
    fleet.commit()
    found = row(fleet, 0, "files")
    assert (found["state"], found["remedy"]) == ("warning", "see them: provisioner validate")


def test_before_the_first_push_a_person_accepts_and_nothing_is_made(fleet, tmp_path):
    before = tree(tmp_path)
    found = states(fleet, 6)
    assert tree(tmp_path) == before
    assert (found["vault key"], found["secret"]) == ("skipped", "failed")
    assert found["folder maps1"] == "ok"
    assert "provisioner accept Reports" in row(fleet, 6, "secret")["remedy"]


def test_all_is_well_after_a_push_and_to_look_changes_nothing(pushed_to_three, tmp_path):
    fleet = pushed_to_three
    fleet.commit()
    before, mails = tree(tmp_path), len(fleet.mail.received)
    found = report(fleet, 0)
    assert tree(tmp_path) == before
    assert len(fleet.mail.received) == mails
    assert (found["schema_version"], found["exit_code"]) == (1, 0)
    assert {check["state"] for check in found["checks"]} == {"ok"}
    assert found["summary"]["ok"] == len(found["checks"]) == 5 + 3 * 8
    assert not list(fleet.folder.glob(".provisioner/runs/*doctor*"))
    assert len(fleet.journals()) == 1


def test_a_secret_that_is_missing(pushed):
    fleet = pushed
    fleet.declare("Reports", password={"env": "NOT_SET"})
    found = row(fleet, 1, "secret", "--no-hosts")
    assert (found["about"], found["exit_code"]) == ("Reports", 1)
    assert "NOT_SET" in found["message"]


def test_a_vault_key_that_is_lost(pushed):
    fleet = pushed
    key = Path(os.environ["XDG_CONFIG_HOME"]) / "maps-provisioner" / "vault-key"
    content = key.read_bytes()
    key.unlink()
    try:
        found = row(fleet, 1, "vault key", "--no-hosts")
        assert found["state"] == "failed"
        assert not key.exists()
    finally:
        key.write_bytes(content)
        key.chmod(0o600)


def test_no_hosts_contacts_none(pushed):
    fleet = pushed
    fleet.set(ansible_connection="nothing")
    assert states(fleet, 0, "--no-hosts")["hosts"] == "skipped"


def test_an_inventory_that_cannot_be_read(pushed):
    fleet = pushed
    (fleet.folder / "inventory/hosts.yml").write_text("maps: [")
    assert row(fleet, 1, "hosts")["state"] == "failed"


def test_a_project_without_hosts(pushed):
    fleet = pushed
    fleet.write("inventory/hosts.yml", {"maps": {"hosts": {}}})
    found = row(fleet, 1, "hosts")
    assert "matches no host" in found["message"]


def test_what_the_command_line_names_must_exist(fleet):
    fleet.ends(64, "doctor", "--limit", "nowhere")
    fleet.ends(64, "doctor", "Nothing")


# -- hosts


def test_a_host_in_trouble_hides_no_other(pushed_to_three):
    fleet = pushed_to_three
    fleet.commit()
    fleet.set("maps2", maps_directory="relative")
    fleet.set("maps3", ansible_python_interpreter="/no/python")
    found = states(fleet, 3)
    assert found["host variables maps2"] == "failed"
    assert found["connection maps2"] == found["mail server maps2"] == "skipped"
    assert (found["connection maps3"], found["Python/PowerShell maps3"]) == ("ok", "failed")
    assert found["folder maps3"] == "skipped"
    assert {state for name, state in found.items() if name.endswith("maps1")} == {"ok"}
    assert "maps3" not in " ".join(states(fleet, 3, "--limit", "maps1:maps2"))


def test_a_host_that_is_not_reached(pushed):
    fleet = pushed
    fleet.set(
        ansible_connection="ssh",
        ansible_host="127.0.0.1",
        ansible_port=1,
        ansible_ssh_common_args="-o UserKnownHostsFile=/dev/null",
    )
    found = row(fleet, 3, "connection")
    assert "port 1: connection refused" in found["message"]
    assert "ansible_port" in found["remedy"]


def test_become_that_fails(pushed):
    fleet = pushed
    fleet.set(ansible_become=True, ansible_become_user="nobody", ansible_become_exe="/no/sudo")
    found = states(fleet, 3)
    assert (found["connection maps1"], found["become maps1"]) == ("ok", "failed")


def test_a_folder_of_something_else(pushed):
    fleet = pushed
    folder = fleet.folder / "maps1"
    for file in folder.iterdir():
        file.unlink()
    (folder / "notes.txt").write_text("x")
    before = tree(folder)
    found = row(fleet, 3, "folder")
    assert "no state.json but other files" in found["message"]
    assert tree(folder) == before
    assert states(fleet, 3)["mail server maps1"] == "ok"


def test_the_lock_of_another_run_is_a_warning_and_not_waited_for(pushed):
    fleet = pushed
    with (fleet.folder / "maps1" / "push.lock").open("r+") as lock:
        lock.write("ann@elsewhere (run r2)")
        lock.truncate()
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = report(fleet, 0)["checks"]
    folder, mail = (
        next(check for check in found if check["check"] == name)
        for name in ("folder", "mail server")
    )
    assert folder["state"] == "warning"
    assert "ann@elsewhere (run r2)" in folder["message"]
    assert mail["state"] == "ok"


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"port": 1}, 1, "Connection refused"),
        ({"host": "localhost.invalid"}, 3, "unknown host name"),
    ],
    ids=["closed port", "no such host"],
)
def test_a_mail_server_that_the_host_does_not_reach(pushed, change, code, said):
    fleet = pushed
    fleet.declare("Reports", smtp_security_level="none", user_name=None, password=None, **change)
    found = row(fleet, code, "mail server")
    assert said in found["message"]
    assert found["remedy"]


def test_a_mail_server_whose_certificate_the_host_does_not_trust(pushed, tmp_path):
    fleet = pushed
    (tmp_path / "other").mkdir()
    fleet.set(maps_ca_file=str(make_certificate(tmp_path / "other").ca_file))
    assert "certificate not accepted" in row(fleet, 3, "mail server")["message"]


def test_a_signal_lets_hosts_finish_and_the_rest_is_reported(pushed_to_three, tmp_path):
    fleet = pushed_to_three
    with socket.create_server(("127.0.0.1", 0)) as silent:
        fleet.declare("Reports", port=silent.getsockname()[1])
        before = tree(tmp_path)
        running = fleet.start("doctor", "--forks", "1")
        connection, _ = silent.accept()
        running.send_signal(signal.SIGINT)
        connection.close()
        output, errors = running.communicate(timeout=120)
    assert running.returncode == 130, output + errors
    assert "failed   mail server" in output
    assert "maps2, maps3: the run was interrupted, so not checked" in " ".join(output.split())
    assert ansible_processes(fleet.folder) == []
    assert tree(tmp_path) == before


# -- sign-ins and token endpoints


@pytest.fixture
def signed_in(tmp_path):
    with signed_in_fleet(tmp_path) as fleet:
        yield fleet


def test_a_sign_in_and_its_token_endpoint(signed_in):
    fleet = signed_in
    options = {"password": fleet.secret}
    said = json.loads(fleet.ends(0, "doctor", "--format", "json", **options).stdout)["checks"]
    found = {check["check"]: check for check in said}
    assert found["sign-in"]["state"] == found["token endpoint"]["state"] == "ok"
    assert found["token endpoint"]["about"] == fleet.oauth2["access_token_url"]


def test_a_token_endpoint_that_the_host_does_not_reach(signed_in):
    fleet = signed_in
    fleet.oauth2["refresh_token_url"] = "https://localhost:1/token"
    fleet.limit_to(None)
    said = json.loads(fleet.run("doctor", "--format", "json", password=fleet.secret).stdout)
    [found] = [check for check in said["checks"] if check["check"] == "token endpoint"]
    assert (found["state"], found["exit_code"]) == ("failed", 1)
    assert "firewall" in found["remedy"]


def test_a_server_that_nobody_has_signed_in_to(signed_in):
    fleet = signed_in
    for file in (fleet.folder / "tokens").glob("*.yml"):
        file.unlink()
    ended = fleet.ends(6, "doctor", "--no-hosts", password=fleet.secret)
    assert "provisioner authenticate Reports" in ended.stdout


# -- secrets, and what is printed


def test_no_secret_leaves(pushed, tmp_path):
    fleet = pushed
    seen = Sightings(tmp_path)
    ended = seen.of_run(
        fleet.command("doctor", "-vvvv"),
        cwd=fleet.folder,
        env=fleet.environment,
        temporary=Path("/dev/shm"),
    )
    assert ended.returncode == 0, ended.stdout
    assert PASSWORD in fleet.document().read_text()  # so there is something to be seen
    assert seen.of({"password": PASSWORD}, but_in="email-servers.json") == []


def test_where_git_is_missing_or_knows_nothing(fleet, tmp_path, monkeypatch):
    found = row(fleet, 6, "git", "--no-hosts")
    assert (found["message"], found["remedy"][:8]) == ("not a git repository", "run: git")
    (fleet.folder / ".git").mkdir()
    found = row(fleet, 6, "git", "--no-hosts")
    assert (found["message"], found["remedy"][:6]) == ("no commit", "commit")
    monkeypatch.setenv("PATH", str(tmp_path))
    found = row(fleet, 6, "git", "--no-hosts")
    assert (found["message"], found["remedy"]) == ("git is not in the PATH", "install git")
