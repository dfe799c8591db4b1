"""Started with standard streams closed, as some schedulers do: no file takes their place."""

import json
import os
import subprocess
import sys

import pytest

from provisioner.errors import ExitCode
from tests.cli.desk import Desk
from tests.support.project_folder import PROVISIONER
from tests.support.scripted_provider import ScriptedProvider

ALL = "<&- >&- 2>&-"


def run(folder, streams, *command, environment=os.environ, stdout=subprocess.PIPE):
    return subprocess.run(
        ["sh", "-c", f'"$@" {streams}', "sh", *command],
        cwd=folder,
        env=environment,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """Reports was signed in by a run that nobody heard."""
    with ScriptedProvider() as provider:
        desk = Desk(tmp_path_factory.mktemp("desk") / "project", provider)
        command = (PROVISIONER, "authenticate", "Reports", "--no-smtp-check")
        ended = run(desk.folder, ALL, *command, environment=desk.environment)
        assert ended.returncode == ExitCode.DONE
        yield desk


@pytest.mark.parametrize(
    ("closed", "heard"), [("<&-", True), (">&-", False), ("2>&-", True), (ALL, False)]
)
def test_a_closed_stream_changes_nothing_but_what_is_heard(desk, closed, heard):
    ended = run(desk.folder, closed, PROVISIONER, "refresh", environment=desk.environment)
    assert (ended.returncode, ended.stderr) == (ExitCode.DONE, ""), ended.stdout
    assert ("Reports" in ended.stdout) is heard
    [kept] = desk.token_files()
    assert kept.read_text().startswith("$ANSIBLE_VAULT;")


@pytest.fixture
def project(tmp_path):
    (tmp_path / "servers").mkdir()
    text = "server_name: A\nhost: mail.example.edu\nsmtp_security_level: none\n"
    (tmp_path / "servers/a.yml").write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["schema"], ["status"], ["history"], ["validate", "."]],
    ids=" ".join,
)
def test_a_full_disk_is_named_and_a_reader_that_is_gone_is_left_in_peace(project, arguments):
    ended = run(project, ">/dev/full", PROVISIONER, *arguments)
    assert ended.returncode == ExitCode.FAILURE
    assert ended.stderr == "Error: standard output: No space left on device\n"
    reading, writing = os.pipe()
    os.close(reading)
    ended = run(project, "", PROVISIONER, *arguments, stdout=writing)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (ExitCode.FAILURE, "")


def test_a_report_is_the_same_whatever_is_closed(project):
    (project / "servers/a.yml").write_text("server_name: A\n")
    report = project / "report.json"
    command = (PROVISIONER, "validate", "--format", "json", "--output", report)
    for closed in ("", ALL):
        assert run(project, closed, *command).returncode == ExitCode.FAILURE
        assert json.loads(report.read_text())["summary"]["errors"] > 0
        report.unlink()


_FAILING = """
import os, sys
from provisioner.cli import app
from provisioner.cli.commands import schema
def run() -> int:
    {steps}
    return {code}
schema.schema = run
sys.argv[1:] = ["schema"]
app.main()
"""
_FULL = "Error: standard output: No space left on device\n"


@pytest.mark.parametrize(
    ("steps", "code", "streams", "ends", "said"),
    [
        ("open('no/file')", 4, "", 1, "Error: no/file: No such file or directory\n"),
        ("raise OSError(28, 'No space')", 4, "", 1, "Error: operating system error: No space\n"),
        ("raise BrokenPipeError(32, 'No')", 4, "", 1, "Error: operating system error: No\n"),
        ("print('x', file=sys.stderr, flush=True)", 4, "2>/dev/full", 4, ""),
        ("print('x', file=sys.stderr, flush=True)", 4, "2>&-", 4, ""),
        ("print('x')", 4, ">/dev/full", 4, _FULL),
        ("print('x')", 2, ">/dev/full", 1, _FULL),
        (
            "print('x', flush=True); print('on', file=sys.stderr)",
            0,
            ">/dev/full",
            1,
            f"on\n{_FULL}",
        ),
        ("print('x')", 4, ">&-", 4, ""),
    ],
)
def test_an_error_of_the_system_is_no_bug_ends_no_work_and_hides_no_exit_code(
    tmp_path, steps, code, streams, ends, said
):
    program = _FAILING.format(steps=steps, code=code)
    ended = run(tmp_path, streams, sys.executable, "-c", program)
    assert (ended.returncode, ended.stderr) == (ends, said)
