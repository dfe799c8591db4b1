"""benchmarks/validate.py on a handful of files, without the peers: they take minutes to install."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import ROOT

SCRIPT = ROOT / "benchmarks" / "validate.py"
# Two of the 40 are invalid: ours has to find them, or the script refuses to measure it.
SIZES = ("--sizes", "1", "40")
ROUNDS = ("--rounds", "2", "--single-rounds", "1")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, str(SCRIPT), *arguments]
    return subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)


def test_it_measures_ours_and_says_what_it_could_not() -> None:
    done = run("--peers", "none", *SIZES, *ROUNDS)
    assert done.returncode == 0, done.stderr
    for corpus in ("1 file, all valid: medians of 1", "40 files, 5 % invalid: medians of 2"):
        assert f"## {corpus}\n" in done.stdout
    rows = re.findall(
        r"^\| provisioner \| (\S+) \| (\S+) \| (\d+) \| (\d+) \| - ", done.stdout, re.M
    )
    assert len(rows) == 3
    for cpu, wall, pss, rss in rows:
        assert float(cpu) > 0
        assert 0 < float(wall) < 60
        assert 5 < int(pss) < 500
        assert 5 < int(rss) < 500
    targets = done.stdout[done.stdout.index("## Targets") :].splitlines()[4:]
    assert len(targets) == 5
    assert all(line.endswith("| - | not measured |") for line in targets)


def test_a_peer_that_cannot_be_installed_is_named(tmp_path: Path) -> None:
    (tmp_path / "venv").write_text("no folder, so there can be no environment in it")
    cache = ("--cache", str(tmp_path))
    done = run("--peers", "yamllint", *cache, "--sizes", "1", *ROUNDS)
    assert done.returncode == 1
    assert "\n- not measured: yamllint: " in done.stdout
    assert "| provisioner |" in done.stdout


def test_a_tool_that_does_not_do_the_work_is_not_measured(tmp_path: Path) -> None:
    idle = tmp_path / "idle"
    idle.write_text("#!/bin/sh\necho provisioner 0\n")
    idle.chmod(0o755)
    done = run("--peers", "none", "--provisioner", str(idle), *SIZES, *ROUNDS)
    assert done.returncode == 1
    assert "provisioner ended with 0" in done.stderr
    assert done.stdout == ""


def test_each_tool_may_keep_its_compiled_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("BENCHMARKED", "yes")
    told = tmp_path / "told"
    tool = tmp_path / "tool"
    tool.write_text(f"#!/bin/sh\n[ $1 = validate ] && env > {told}\necho provisioner 0\n")
    tool.chmod(0o755)
    run("--peers", "none", "--provisioner", str(tool), "--sizes", "1", *ROUNDS)
    assert "BENCHMARKED=yes" in told.read_text()
    assert "PYTHONDONTWRITEBYTECODE" not in told.read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "--cache FOLDER says where the peers are installed"),
        (("--peers", "yq"), "invalid choice: 'yq'"),
        (("--peers", "none", "yamllint"), "--peers none stands alone"),
        (("--peers", "none", "--sizes", "0"), "0 is not above 0"),
        (("--peers", "none", "--rounds", "x"), "x is not a whole number"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], words: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
