""".github/: fit for GitHub, with few permissions, and its commands exist."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.paths import ROOT

pytestmark = pytest.mark.long

WORKFLOWS = sorted((ROOT / ".github" / "workflows").iterdir())
DEPENDABOT = ROOT / ".github" / "dependabot.yml"
PINNED = [*WORKFLOWS, ROOT / "action.yml", *sorted((ROOT / "examples" / "github").iterdir())]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def jobs() -> dict[str, dict[str, Any]]:
    return {
        f"{path.name} {name}": job
        for path in WORKFLOWS
        for name, job in yaml.safe_load(path.read_text())["jobs"].items()
    }


def scripts() -> list[str]:
    return [step["run"] for job in jobs().values() for step in job["steps"] if "run" in step]


def checked(program: str, *arguments: str | Path) -> None:
    path = Path(sys.executable).with_name(program)
    done = subprocess.run([path, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_schemas_accept_them() -> None:
    checked("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *WORKFLOWS)
    checked("check-jsonschema", "--builtin-schema", "vendor.dependabot", DEPENDABOT)


def test_zizmor_finds_nothing() -> None:
    checked("zizmor", "--offline", "--persona=pedantic", *WORKFLOWS, DEPENDABOT)


def test_actions_are_pinned_to_one_commit_each() -> None:
    pins = defaultdict[str, set[str]](set)
    for path in PINNED:
        for line in path.read_text().splitlines():
            if "uses: " in line:
                found = re.search(r"uses: ([\w./-]+)@([0-9a-f]{40}) # v\d+\.\d+\.\d+$", line)
                assert found, f"{path.name}: {line}"
                pins[found[1]].add(found[2])
    assert {name: len(hashes) for name, hashes in pins.items()} == dict.fromkeys(pins, 1)


def test_a_job_has_the_permissions_that_it_needs() -> None:
    for path in WORKFLOWS:
        assert yaml.safe_load(path.read_text())["permissions"] == {}, path.name
    publishing = {"release.yml publish": {"id-token": "write"}}
    expected = {name: publishing.get(name, {"contents": "read"}) for name in jobs()}
    assert {name: job["permissions"] for name, job in jobs().items()} == expected


def test_the_job_that_publishes_runs_nothing_of_the_repository() -> None:
    job = jobs()["release.yml publish"]
    assert job["environment"]["name"] == "pypi"
    actions = [step["uses"].partition("@")[0] for step in job["steps"]]
    assert actions == ["actions/download-artifact", "pypa/gh-action-pypi-publish"]


def test_each_target_of_make_exists() -> None:
    rules = re.findall(r"^([a-z-]+):(?!=)", (ROOT / "Makefile").read_text(), re.M)
    found = {*rules, "release-check"}  # it is to come
    named = [script.split("#")[0].split()[1:] for script in scripts() if script.startswith("make ")]
    used = {word for words in named for word in words if "=" not in word}
    assert used == {"check", "unit", "test", "docs", "release-check"}
    assert used <= found


def test_unit_tests_run_on_each_python_that_is_declared() -> None:
    version = "Programming Language :: Python :: "
    declared = [c.removeprefix(version) for c in PROJECT["classifiers"] if c.startswith(version)]
    assert jobs()["ci.yml unit"]["strategy"]["matrix"]["python"] == declared


# -- Windows


def test_the_packages_for_windows_are_those_of_the_project() -> None:
    declared = {*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]}
    lines = (ROOT / "tests" / "windows" / "requirements.txt").read_text().splitlines()
    assert {line for line in lines if not line.startswith("#")} <= declared


def test_the_tests_for_windows_are_found_without_modules_of_posix() -> None:
    (script,) = [script for script in scripts() if " -m pytest " in script]
    arguments = script.replace("-n 2 --dist loadgroup ", "").split()[1:]
    plugins = ["-p", "tests.support.no_posix", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, *arguments[:2], *plugins, *arguments[2:], "--collect-only", "--quiet"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert re.search(r"^[3-9]\d\d tests collected", done.stdout, re.M), done.stdout[-500:]
