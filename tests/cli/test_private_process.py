"""What the children of a run see, and what a run leaves behind: no secret."""

import os
import subprocess
import sys
import time

import pytest
import yaml

from provisioner.errors import ExitCode
from tests.support.project_folder import PROVISIONER, oauth2_server, password_server

CANARY = "CANARY-4711"


@pytest.fixture
def project(tmp_path):
    command = ["sh", "-c", "env > seen; ulimit -c >> seen; echo secret"]
    declared = [
        oauth2_server("https://127.0.0.1:9"),
        password_server(password={"command": command}),
    ]
    (tmp_path / "servers").mkdir()
    (tmp_path / "servers" / "all.yml").write_text(yaml.safe_dump_all(declared))
    return tmp_path


def _run(project, *arguments, **environment):
    return subprocess.run(
        [PROVISIONER, *arguments],
        cwd=project,
        env={**os.environ, "REPORTS_SECRET": CANARY, "KEPT": "as it is", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_command_sees_no_other_secret_and_leaves_no_core(project):
    ended = _run(
        project, "test-email", "Relay", "--allow-commands", "--accept-destination", "Relay"
    )
    assert "Error: test email of Relay: unreachable at connect" in ended.stderr
    seen = (project / "seen").read_text().splitlines()
    assert "KEPT=as it is" in seen
    assert seen[-1] == "0", "the limit of core dumps"
    assert CANARY not in "\n".join(seen)


def test_the_browser_sees_no_secret(project):
    browser, half, seen = project / "browser", project / "half", project / "seen"
    browser.write_text(f"#!/bin/sh\nenv > '{half}' && mv '{half}' '{seen}'\n")
    browser.chmod(0o755)
    environment = {**os.environ, "REPORTS_SECRET": CANARY, "BROWSER": str(browser), "KEPT": "so"}
    with subprocess.Popen(
        [PROVISIONER, "authenticate", "Reports", "--timeout", "120"],
        cwd=project,
        env=environment,
        stderr=subprocess.DEVNULL,
    ) as waiting:
        while not seen.exists() and waiting.poll() is None:
            time.sleep(0.05)
        waiting.kill()
    assert "KEPT=so" in seen.read_text()
    assert CANARY not in seen.read_text()


def test_without_consent_no_command_runs(project):
    ended = _run(project, "test-email", "Relay", "--accept-destination", "Relay")
    assert ended.returncode == ExitCode.FAILURE
    assert "then add --allow-commands" in ended.stderr
    assert not (project / "seen").exists()


def test_validate_resolves_nothing(project, home):
    os.mkfifo(project / "pipe")
    text = (project / "servers" / "all.yml").read_text()
    (project / "servers" / "all.yml").write_text(text.replace("env: REPORTS_SECRET", "file: pipe"))
    config = home / ".config" / "maps-provisioner" / "config.yml"
    config.parent.mkdir(parents=True)
    config.write_text(f"vault_password: {{command: [touch, {project}/seen]}}\n")
    ended = _run(project, "validate")
    assert ended.returncode == ExitCode.DONE, ended.stdout
    assert not (project / "seen").exists()
    assert not (project / "tokens").exists()


_LOOKS_AT_ITSELF = """
import ctypes, sys
from provisioner.cli import app
from provisioner.cli.commands import schema
def look() -> int:
    print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))  # PR_GET_DUMPABLE
schema.schema = look
sys.argv[1:] = ["schema"]
app.main()
"""


def test_no_core_goes_through_a_pipe_and_no_other_process_looks_in(project):
    """A core_pattern that begins with | heeds no limit: core(5). Nor does /proc/PID/environ."""
    looked = subprocess.run(
        [sys.executable, "-c", _LOOKS_AT_ITSELF],
        cwd=project,
        env={**os.environ, "REPORTS_SECRET": CANARY},
        capture_output=True,
        text=True,
        check=True,
    )
    assert looked.stdout == "0\n"


def test_a_secret_from_a_shells_pipe_is_still_read(project):
    """As of <(...), which bash passes as /dev/fd/N: a process that is no dump can open its own."""
    declared = project / "servers" / "all.yml"
    _, relay = yaml.safe_load_all(declared.read_text())
    reader, writer = os.pipe()
    os.write(writer, CANARY.encode())
    os.close(writer)
    relay["password"] = {"file": f"/dev/fd/{reader}"}
    declared.write_text(yaml.safe_dump(relay))
    with os.fdopen(reader):
        ended = subprocess.run(
            [PROVISIONER, "test-email", "Relay", "--accept-destination", "Relay"],
            cwd=project,
            pass_fds=[reader],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert "Error: test email of Relay: unreachable at connect" in ended.stderr
