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


class Found:
    """What a run finds that ends with that code."""

    def __init__(self, fleet, exit_code, *arguments, **given):
        ended = fleet.ends(exit_code, "doctor", "--format", "json", *arguments, **given)
        self.report = json.loads(ended.stdout)
        self.checks = self.report["checks"]

    @property
    def states(self):
        """check, and of a host also its name -> state"""
        return {" ".join(filter(None, (c["check"], c["host"]))): c["state"] for c in self.checks}

    def row(self, name, **facts):
        """The one check of this name that is not ok, and has these facts."""
        [found] = [
            check
            for check in self.checks
            if check["check"] == name and check["state"] != "ok" and facts.items() <= check.items()
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
    found = Found(fleet, 1)
    assert found.states == {
        "project": "ok",
        "files": "failed",
        **dict.fromkeys(("git", "vault key", "secret", "sign-in", "hosts"), "skipped"),
    }
    assert "unknown-key" in found.row("files")["message"]
    first, second, *_ = fleet.ends(1, "doctor").stdout.partition("failed   files")[2].splitlines()
    assert first.strip() == "the project files have an error"
    assert second.strip().startswith("servers/reports.yml:"), "a line of its own"


def test_warnings_of_files_stop_nothing(pushed):
    fleet = pushed
    settings = fleet.folder / "servers/reports.yml"
    settings.write_text(settings.read_text() + "# provisioner: ignore[wrong-port] no reason\n")
    found = Found(fleet, 0).row("files")
    assert (found["state"], found["remedy"]) == ("warning", "see them: provisioner validate")


def test_before_the_first_push_a_person_accepts_and_nothing_is_made(fleet, tmp_path):
    before = tree(tmp_path)
    found = Found(fleet, 6)
    assert tree(tmp_path) == before
    assert (found.states["vault key"], found.states["secret"]) == ("skipped", "failed")
    assert found.states["folder maps1"] == "ok"
    assert "provisioner accept Reports" in found.row("secret")["remedy"]


def test_all_is_well_after_a_push_and_to_look_changes_nothing(pushed, tmp_path):
    fleet = pushed.with_ansible()
    fleet.commit()
    before = tree(tmp_path)
    found = Found(fleet, 0)
    assert tree(tmp_path) == before
    assert fleet.mail.received == []
    assert (found.report["schema_version"], found.report["exit_code"]) == (1, 0)
    assert {check["state"] for check in found.checks} == {"ok"}
    assert found.report["summary"]["ok"] == len(found.checks) == 5 + 8
    assert len(fleet.journals()) == 1, "the one of the push"


def test_a_secret_that_is_missing(pushed):
    pushed.declare("Reports", password={"env": "NOT_SET"})
    found = Found(pushed, 1, "--no-hosts").row("secret")
    assert (found["about"], found["exit_code"]) == ("Reports", 1)
    assert "NOT_SET" in found["message"]
    text = pushed.ends(1, "doctor", "--no-hosts").stdout
    row, *_ = text.partition("failed   secret")[2].splitlines()
    assert row.count("Reports") == 1, "the message names the server itself"


def test_a_server_without_a_mailbox(pushed):
    pushed.declare("Relay", smtp_security_level="none", user_name=None, password=None)
    found = Found(pushed, 1, "--no-hosts").row("test email")
    assert found["about"] == "Relay"
    assert "there is no mailbox to send a test email from" in found["message"]
    assert pushed.ends(1, "plan").stdout.count("no mailbox to send a test email from") == 1


def test_a_vault_key_that_is_lost(pushed):
    key = Path(os.environ["XDG_CONFIG_HOME"]) / "maps-provisioner" / "vault-key"
    key.unlink()
    assert Found(pushed, 1, "--no-hosts").row("vault key")["state"] == "failed"
    assert not key.exists()


def test_no_hosts_contacts_none(pushed):
    pushed.set(ansible_connection="nothing")
    assert Found(pushed.with_ansible(), 0, "--no-hosts").states["hosts"] == "skipped"


def test_an_inventory_that_cannot_be_read_or_has_no_hosts(pushed):
    (pushed.folder / "inventory/hosts.yml").write_text("maps: [")
    assert Found(pushed, 1).row("hosts")["state"] == "failed"
    pushed.write("inventory/hosts.yml", {"maps": {"hosts": {}}})
    assert "matches no host" in Found(pushed, 1).row("hosts")["message"]


def test_what_the_command_line_names_must_exist(fleet):
    fleet.ends(64, "doctor", "--limit", "nowhere")
    fleet.ends(64, "doctor", "--limit", "maps1", "--no-hosts")
    fleet.ends(64, "doctor", "Nothing")


# -- hosts


def test_a_host_in_trouble_hides_no_other(pushed, tmp_path):
    fleet = pushed.of(5)
    fleet.commit()
    fleet.set("maps2", maps_directory="relative")
    fleet.set("maps3", ansible_python_interpreter="/no/python")
    nobody = {"ansible_become_user": "nobody", "ansible_become_exe": "/no/sudo"}
    fleet.set("maps4", ansible_become=True, **nobody)
    fleet.set(
        "maps5",
        ansible_connection="ssh",
        ansible_host="127.0.0.1",
        ansible_port=1,
        ansible_ssh_common_args="-o UserKnownHostsFile=/dev/null",
    )
    found = Found(fleet.with_ansible(), 3)
    said = found.states
    assert said["host variables maps2"] == "failed"
    assert said["connection maps2"] == said["mail server maps2"] == "skipped"
    assert (said["connection maps3"], said["Python/PowerShell maps3"]) == ("ok", "failed")
    assert said["folder maps3"] == "skipped"
    assert (said["connection maps4"], said["become maps4"]) == ("ok", "failed")
    unreached = found.row("connection", host="maps5")
    assert "port 1: connection refused" in unreached["message"]
    assert "ansible_port" in unreached["remedy"]
    assert {state for name, state in said.items() if name.endswith("maps1")} == {"ok"}


def test_a_limit(pushed_to_three):
    pushed_to_three.commit()
    found = Found(pushed_to_three, 0, "--limit", "maps1:maps2").states
    assert "folder maps2" in found
    assert "maps3" not in " ".join(found)


def test_servers_of_other_hosts_than_those_of_a_limit_do_not_matter(pushed_to_three):
    fleet = pushed_to_three
    fleet.declare("Elsewhere", hosts="maps3", password={"env": "NO_SUCH_VARIABLE"})
    fleet.commit()
    alone = [c["about"] for c in Found(fleet, 0, "--limit", "maps1").checks]
    assert "Reports" in alone
    assert "Elsewhere" not in alone
    for arguments in ((), ("--limit", "maps3")):
        assert Found(fleet, 1, *arguments).row("secret")["about"] == "Elsewhere"


def test_a_folder_of_something_else(pushed):
    folder = pushed.folder / "maps1"
    for file in folder.iterdir():
        file.unlink()
    (folder / "notes.txt").write_text("x")
    before = tree(folder)
    found = Found(pushed, 3)
    assert "no state.json but other files" in found.row("folder")["message"]
    assert found.states["mail server maps1"] == "ok"
    assert tree(folder) == before


@pytest.mark.parametrize("name", ["state.json", "email-servers.json"])
def test_a_file_of_ours_that_cannot_be_used(pushed, name):
    file = pushed.folder / "maps1" / name
    file.write_text("{")
    found = Found(pushed, 3)
    assert str(file) in found.row("folder")["message"]
    assert found.row("folder")["remedy"]
    assert found.states["mail server maps1"] == "ok"


def test_the_lock_of_another_run_is_a_warning_and_not_waited_for(pushed):
    with (pushed.folder / "maps1" / "push.lock").open("r+") as lock:
        lock.write("ann@elsewhere (run r2)")
        lock.truncate()
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = Found(pushed, 0)
    folder = found.row("folder")
    assert folder["state"] == "warning"
    assert "ann@elsewhere (run r2)" in folder["message"]
    assert found.states["mail server maps1"] == "ok"


def test_a_host_variable_that_is_misspelled(pushed):
    pushed.set(maps_aply_command=["/bin/true"], maps_server="a server")
    text = pushed.ends(0, "doctor").stdout
    assert "host variable maps_aply_command of maps1 has no meaning" in text
    assert "-> did you mean maps_apply_command?" in text
    assert "maps_server" not in text
    assert "did you mean maps_apply_command?" in pushed.ends(0, "plan").stdout


def test_mail_servers_that_a_host_does_not_reach(pushed, tmp_path):
    fleet = pushed.of(2)
    relay = {"smtp_security_level": "none", "user_name": None, "password": None}
    fleet.declare("Closed", port=1, hosts="maps1", **relay)
    fleet.declare("Nowhere", host="localhost.invalid", hosts="maps1", **relay)
    (tmp_path / "other").mkdir()
    fleet.set("maps2", maps_ca_file=str(make_certificate(tmp_path / "other").ca_file))
    found = Found(fleet, 3)
    for about, host, code, said in (
        ("Closed", "maps1", 1, "Connection refused"),
        ("Nowhere", "maps1", 3, "unknown host name"),
        ("Reports", "maps2", 3, "certificate not accepted"),
    ):
        row = found.row("mail server", host=host, exit_code=code)
        assert said in row["message"], about
        assert row["remedy"]


def test_a_signal_lets_hosts_finish_and_the_rest_is_reported(pushed_to_three, tmp_path):
    fleet = pushed_to_three.with_ansible()
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


def test_a_sign_in_and_its_token_endpoint(tmp_path):
    with signed_in_fleet(tmp_path) as fleet:
        found = Found(fleet, 0, password=fleet.secret)
        assert found.states["sign-in"] == found.states["token endpoint maps1"] == "ok"
        [asked] = [check for check in found.checks if check["check"] == "token endpoint"]
        assert asked["about"] == fleet.oauth2["access_token_url"]

        fleet.oauth2["refresh_token_url"] = "https://localhost:1/token"
        fleet.limit_to(None)
        unreached = Found(fleet, 6, password=fleet.secret).row("token endpoint")
        assert (unreached["state"], unreached["exit_code"]) == ("failed", 1)
        assert "firewall" in unreached["remedy"]

        for file in (fleet.folder / "tokens").glob("*.yml"):
            file.unlink()
        ended = fleet.ends(6, "doctor", "--no-hosts", password=fleet.secret)
        assert "provisioner authenticate Reports" in ended.stdout


# -- secrets, and what is printed


def test_no_secret_leaves(pushed, tmp_path):
    fleet = pushed.with_ansible()
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
    found = Found(fleet, 6, "--no-hosts").row("git")
    assert (found["message"], found["remedy"][:8]) == ("not a git repository", "run: git")
    (fleet.folder / ".git").mkdir()
    found = Found(fleet, 6, "--no-hosts").row("git")
    assert (found["message"], found["remedy"][:6]) == ("no commit", "commit")
    monkeypatch.setenv("PATH", str(tmp_path))
    found = Found(fleet, 6, "--no-hosts").row("git")
    assert (found["message"], found["remedy"]) == ("git is not in the PATH", "install git")
