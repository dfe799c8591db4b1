"""A plan has its secrets in this process alone: neither the run folder nor the host gets them."""

import secrets
import subprocess
import sys

import pytest

from tests.fleet.local_fleet import PROVISIONER, USER

pytestmark = pytest.mark.long

WATCHING = """\
#!/bin/sh
# The host's interpreter: keeps what the module is sent, and what Ansible's run folder holds.
for place in /dev/shm "${TMPDIR:-/tmp}"; do
    cat "$place"/maps-provisioner-*/deliveries/*.json >> %(seen)s/files 2> /dev/null
done
tee -a %(seen)s/sent | exec %(python)s "$@"
"""


def test_neither_on_the_way_nor_in_files(fleet, tmp_path):
    (tmp_path / "seen").mkdir()
    watching = tmp_path / "watching"
    watching.write_text(WATCHING % {"seen": tmp_path / "seen", "python": sys.executable})
    watching.chmod(0o755)
    fleet.set(ansible_python_interpreter=str(watching))
    password = "CANARY" + secrets.token_hex(12)
    ended = fleet.run("plan", password=password)
    assert ended.returncode == 2, ended.stderr
    for name in ("sent", "files"):
        seen = (tmp_path / "seen" / name).read_text(errors="replace")
        assert "Reports" in seen
        assert "withheld" in seen
        assert password not in seen
    assert password not in ended.stdout + ended.stderr
    fleet.run("push", password=password)
    assert password in (tmp_path / "seen" / "sent").read_text(errors="replace")


def test_a_changed_password_is_seen_and_not_shown(fleet):
    fleet.pushed()
    assert fleet.run("plan").returncode == 0
    ended = fleet.run("plan", "--format", "json", password="CANARYother")
    assert ended.returncode == 2, ended.stderr
    assert '"/password"' in ended.stdout
    assert "CANARY" not in ended.stdout
    ended = fleet.run("plan", password="CANARYother")
    assert "password: *** -> ***" in ended.stdout


def test_a_plan_before_anything_was_accepted_names_what_it_left_out(fleet, home):
    sender = {"from": USER, "to": USER}
    fleet.declare(
        "Open", smtp_security_level="none", user_name=None, password=None, test_email=sender
    )
    command = [str(PROVISIONER), "plan"]  # not as `fleet.command`, which accepts
    ended = subprocess.run(
        command,
        cwd=fleet.folder,
        env=fleet.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 6, ended.stderr
    assert "Reports: skipped, what hosts have of it stays" in ended.stdout
    assert "password ({env: MAIL_PASSWORD}) would go for the first time to host" in ended.stdout
    assert "+ Open: added" in ended.stdout
    assert not (home / ".config").exists(), "a look makes no key"
    assert not (fleet.folder / "tokens").exists()
