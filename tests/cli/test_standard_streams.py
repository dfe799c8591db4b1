"""Started with standard streams closed, as some schedulers do: no file takes their place."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from provisioner.demo.provider import DemoProvider
from provisioner.errors import ExitCode
from tests.cli.test_authenticate_command import PROVISIONER, Desk

ALL = "<&- >&- 2>&-"


def run(
    folder: Path, closed: str, *arguments: str, environment: Mapping[str, str] = os.environ
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", f'"$@" {closed}', "sh", PROVISIONER, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Reports was signed in by a run that nobody heard."""
    with DemoProvider() as provider:
        desk = Desk(tmp_path_factory.mktemp("desk") / "project", provider)
        arguments = ("authenticate", "Reports", "--no-smtp-check")
        ended = run(desk.folder, ALL, *arguments, environment=desk.environment)
        assert ended.returncode == ExitCode.DONE
        yield desk


@pytest.mark.parametrize(
    ("closed", "heard"), [("<&-", True), (">&-", False), ("2>&-", True), (ALL, False)]
)
@pytest.mark.parametrize("command", ["status", "refresh"])
def test_a_closed_stream_changes_nothing_but_what_is_heard(
    desk: Desk, command: str, closed: str, heard: bool
) -> None:
    ended = run(desk.folder, closed, command, environment=desk.environment)
    assert ended.returncode == ExitCode.DONE, ended.stdout + ended.stderr
    assert ended.stderr == ""
    assert ("Reports" in ended.stdout) is heard
    [kept] = desk.token_files()
    assert kept.read_text().startswith("$ANSIBLE_VAULT;")


FULL = ">/dev/full"
COMMANDS = [
    *([("--help",), ("validate", "--help"), ("schema",), ("rules",), ("--version",)]),
    *([("status",), ("history",), ("history", "--format", "json"), ("validate", ".")]),
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "servers").mkdir()
    text = "server_name: A\nhost: mail.example.edu\nsmtp_security_level: none\n"
    (folder / "servers/a.yml").write_text(text)
    return folder


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_full_standard_output_is_named_and_no_bug(
    project: Path, arguments: tuple[str, ...]
) -> None:
    ended = run(project, FULL, *arguments)
    assert ended.returncode == ExitCode.FAILURE
    assert ended.stderr == ("Error: standard output: No space left on device\n")


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_reader_that_is_gone_is_left_in_peace(project: Path, arguments: tuple[str, ...]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        ended = subprocess.run(
            [PROVISIONER, *arguments],
            cwd=project,
            stdout=writing,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    finally:
        os.close(writing)
    assert (ended.returncode, ended.stderr) == (ExitCode.FAILURE, b"")


def test_a_report_is_the_same_whatever_is_closed(tmp_path: Path) -> None:
    (tmp_path / "servers").mkdir()
    (tmp_path / "servers/a.yml").write_text("server_name: A\n")
    report = tmp_path / "report.json"
    for closed in ("", ALL):
        ended = run(tmp_path, closed, "validate", "--format", "json", "--output", str(report))
        assert ended.returncode == ExitCode.FAILURE, ended.stderr
        assert json.loads(report.read_text())["summary"]["errors"] > 0


_FAILING = """
import os, sys
from provisioner.cli import app, schema
def run() -> int:
    {steps}
    return 4
schema.schema = run
sys.argv[1:] = ["schema"]
app.main()
"""


@pytest.mark.parametrize(
    ("steps", "streams", "code", "said"),
    [
        ("open('nowhere/file')", "", 1, "Error: nowhere/file: No such file or directory\n"),
        ("raise OSError(28, 'No space left')", "", 1, "Error: operating system error: No space"),
        ("raise BrokenPipeError(32, 'Broken pipe')", "", 1, "Error: operating system error: Bro"),
        ("print('x', file=sys.stderr, flush=True)", "2>/dev/full", 4, ""),
        ("print('x', file=sys.stderr, flush=True)", "2>&-", 4, ""),
        ("print('x')", ">/dev/full", 4, "Error: standard output: No space left"),
        ("print('x')", ">&-", 4, ""),
    ],
)
def test_an_error_of_the_system_is_no_bug_and_hides_no_exit_code(
    tmp_path: Path, steps: str, streams: str, code: int, said: str
) -> None:
    command = [sys.executable, "-c", _FAILING.format(steps=steps)]
    ended = subprocess.run(
        ["sh", "-c", f'"$@" {streams}', "sh", *command],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == code, ended.stderr
    assert ended.stderr.startswith(said) if said else ended.stderr == ""
