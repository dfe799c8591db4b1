"""Started with standard streams closed, as some schedulers do: no file takes their place."""

from __future__ import annotations

import json
import os
import subprocess
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
    assert ended.stderr == (
        "Error: cannot write to standard output: No space left on device\n"
        "  check where standard output leads to\n"
    )


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
