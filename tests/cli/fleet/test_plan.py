"""`provisioner plan`: what would change, without a secret anywhere and without a trace."""

import json
import secrets
import sys

import pytest

from tests.cli.fleet.local_fleet import USER
from tests.cli.fleet.without_ansible import directly
from tests.support.commands import run_command

pytestmark = pytest.mark.long

WATCHING = """\
#!/bin/sh
# The host's interpreter: keeps what the module is sent, and what Ansible's run folder holds.
for place in /dev/shm "${TMPDIR:-/tmp}"; do
    cat "$place"/maps-provisioner-*/run.json >> %(seen)s/files 2> /dev/null
done
tee -a %(seen)s/sent | exec %(python)s "$@"
"""


def test_secrets_are_neither_on_the_way_nor_in_files(fleet, tmp_path):
    (tmp_path / "seen").mkdir()
    watching = tmp_path / "watching"
    watching.write_text(WATCHING % {"seen": tmp_path / "seen", "python": sys.executable})
    watching.chmod(0o755)
    fleet.with_ansible().set(ansible_python_interpreter=str(watching))
    password = "CANARY" + secrets.token_hex(12)
    ended = fleet.ends(2, "plan", password=password)
    assert "Reports" in (tmp_path / "seen" / "files").read_text(errors="replace")
    for name in ("sent", "files"):
        assert password not in (tmp_path / "seen" / name).read_text(errors="replace")
    assert password not in ended.stdout + ended.stderr
    assert not (fleet.folder / "maps1").exists()
    assert not (fleet.folder / ".provisioner").exists()

    fleet.run("push", "--mail", "none", password=password)
    assert password in (tmp_path / "seen" / "sent").read_text(errors="replace")


def test_what_differs_is_shown_and_hidden_values_are_not(fleet):
    fleet.of(2).pushed()
    assert "2 hosts: 2 unchanged" in fleet.ends(0, "plan").stdout
    for host in fleet.hosts:
        document = json.loads(fleet.document(host).read_text())
        document["servers"][0]["port"] = 26
        fleet.document(host).write_text(json.dumps(document))
    said = fleet.ends(2, "plan", password="CANARYother").stdout
    assert "maps1, maps2 (2 hosts): would change" in said
    assert "the document was edited by hand since the last push" in said
    assert f"port: 26 -> {fleet.mail.port}" in said
    assert "password: changed (hidden)" in said
    said = fleet.ends(2, "plan", "--format", "json", password="CANARYother").stdout
    assert '"/password"' in said
    assert "CANARY" not in said
    assert json.loads(said)["exit_code"] == 2

    fleet.pushed()
    assert {fleet.entries(host)["Reports"]["port"] for host in fleet.hosts} == {fleet.mail.port}


def test_what_is_left_once_an_unverified_server_is_no_longer_declared(fleet):
    fleet.declare("Alerts")
    fleet.pushed("--mail", "none", exit_code=1)
    fleet.pushed("Reports", exit_code=0)
    fleet.undeclare("Alerts")
    said = fleet.ends(2, "plan").stdout
    assert "nothing is left to verify; only that is to be recorded on the host" in said
    assert "? Alerts: orphaned" in said
    fleet.mail.received.clear()
    fleet.pushed()
    assert fleet.mail.received == []
    assert "1 host: 1 unchanged" in fleet.ends(0, "plan").stdout


def test_a_plan_before_anything_was_accepted_names_what_it_left_out(fleet, home):
    sender = {"from": USER, "to": USER}
    fleet.declare(
        "Open", smtp_security_level="none", user_name=None, password=None, test_email=sender
    )
    fleet.declare("Lost", hosts="maps_prod")
    with directly():  # not `fleet.run`, which accepts
        ended = run_command("plan", folder=fleet.folder, environment=fleet.environment)
    assert ended.returncode == 6, ended.stderr
    assert "Reports: skipped; hosts keep their copy" in ended.stdout
    assert (
        "password ({env: MAIL_PASSWORD}) would be sent for the first time to host" in ended.stdout
    )
    assert "Lost: hosts: the host pattern 'maps_prod' matches no host of" in ended.stdout
    assert "+ Open: added" in ended.stdout
    assert not (home / ".config").exists(), "a look makes no key"
    assert not (fleet.folder / "tokens").exists()


def test_of_a_limit_only_its_own_servers_are_needed(fleet):
    fleet.of(2).declare("Reports", hosts="maps1", password={"env": "NO_SUCH_VARIABLE"})
    fleet.declare("Alerts", hosts="maps2")
    alone = fleet.ends(2, "plan", "--limit", "maps2").stdout
    assert "+ Alerts: added" in alone
    assert "Reports" not in alone
    skipped = fleet.ends(1, "plan", "--limit", "maps1").stdout
    assert "Reports: skipped" in skipped
    assert "NO_SUCH_VARIABLE is not set" in skipped
    assert "Alerts" not in skipped


def test_a_host_is_asked_once_and_once_more_where_something_is_delivered(fleet, tmp_path):
    calls, ssh = tmp_path / "calls", tmp_path / "ssh"
    ssh.write_text(
        f'#!/bin/sh\necho call >> {calls}; for command; do :; done; exec sh -c "$command"\n'
    )
    ssh.chmod(0o755)
    fleet.with_ansible().set(ansible_connection="ssh", ansible_ssh_executable=str(ssh))
    for arguments, exit_code, count in ((("plan",), 2, 1), (("push",), 0, 2), (("push",), 0, 1)):
        fleet.ends(exit_code, *arguments)
        assert calls.read_text().split() == ["call"] * count
        calls.unlink()
