"""The scripts of benchmarks/ on little input, so that they work when somebody wants figures."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

pytestmark = pytest.mark.long


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, str(ROOT / "benchmarks" / script), *arguments]
    return subprocess.run(argv, capture_output=True, text=True, timeout=280, check=False)


def rows(done: subprocess.CompletedProcess[str]) -> list[list[str]]:
    """The table's cells, without its head."""
    assert done.returncode == 0, done.stderr
    return [line.strip("| ").split(" | ") for line in done.stdout.splitlines()[2:]]


def test_validate_beside_check_jsonschema() -> None:
    found = rows(run("validate.py", "--sizes", "1", "40", "--rounds", "1"))
    tools = ["check-jsonschema", "provisioner validate"]
    assert [row[:2] for row in found] == [[size, tool] for size in ("1", "40") for tool in tools]
    assert all(float(figure) > 0 for row in found for figure in row[2:])


def test_a_tool_that_does_not_do_the_work_is_not_measured(tmp_path: Path) -> None:
    idle = tmp_path / "idle"
    idle.write_text("#!/bin/sh\necho provisioner 0\n")
    idle.chmod(0o755)
    done = run("validate.py", "--provisioner", str(idle), "--sizes", "40", "--rounds", "1")
    assert done.returncode == 1
    assert f"Error: {idle} ended with 0: provisioner 0" in done.stderr


def test_push_and_plan_beside_ping() -> None:
    found = rows(run("scale.py", "--hosts", "2", "--forks", "2"))
    assert [row[2] for row in found] == [
        "ansible -m ping",
        "plan, all to be changed",
        "push, in 3 batches, with emails",
        "push, unchanged",
        "plan, unchanged",
    ]
    assert all(float(row[6]) > 0 for row in found)
