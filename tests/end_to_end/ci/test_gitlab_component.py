"""templates/validate.yml: fit for GitLab, and its scripts do what they say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from tests.end_to_end.ci.projects import (
    CHECKOUT,
    ERROR_PLACE,
    RELAY,
    WRONG,
    run_script,
    write_server,
)

pytestmark = pytest.mark.long

HEADER, JOBS = yaml.safe_load_all((CHECKOUT / "templates/validate.yml").read_text())
INPUTS = HEADER["spec"]["inputs"]
GITLABS_SHELL = ("sh", "-exc")  # for images without bash; -x: what ran


def filled(node: Any, inputs: dict[str, str]) -> Any:
    """The jobs with inputs in place: GitLab does that in the parsed file, text by text."""
    if isinstance(node, dict):
        return {filled(key, inputs): filled(value, inputs) for key, value in node.items()}
    if isinstance(node, list):
        return [filled(entry, inputs) for entry in node]
    if isinstance(node, str):
        for name, value in inputs.items():
            node = node.replace(f"$[[ inputs.{name} ]]", value)
        assert "$[[" not in node
    return node


def jobs_with(**inputs: str) -> dict[str, Any]:
    defaults = {name: spec["default"] for name, spec in INPUTS.items() if "default" in spec}
    texts = {k: str(v).lower() if isinstance(v, bool) else v for k, v in defaults.items()}
    return filled(JOBS, {**texts, "package": str(CHECKOUT), **inputs})


def variables_of(job: dict[str, Any]) -> dict[str, str]:
    return {k: v["value"] if isinstance(v, dict) else v for k, v in job["variables"].items()}


@pytest.mark.parametrize("document", [HEADER, jobs_with()], ids=["inputs", "jobs"])
def test_the_schema_of_gitlab_accepts_it(document: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "gitlab-ci.yml"
    file.write_text(yaml.safe_dump(document))
    argv = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci"]
    done = subprocess.run([*argv, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_script_holds_an_input() -> None:
    (job,) = JOBS.values()
    assert "$[[" not in json.dumps([job["before_script"], job["script"]])


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package in it as the job's own before_script installs it."""
    folder = tmp_path_factory.mktemp("machine")
    run("before_script", folder, jobs_with(), code=0)
    return folder


@pytest.fixture
def workspace(machine: Path, tmp_path: Path) -> Path:
    """A clone to run a job in, with the installed package."""
    (tmp_path / ".maps-provisioner").symlink_to(machine / ".maps-provisioner")
    return tmp_path


def run(
    part: str, folder: Path, jobs: dict[str, Any], *, code: int
) -> subprocess.CompletedProcess[str]:
    (job,) = jobs.values()
    done = run_script(
        "\n".join(job[part]),
        shell=GITLABS_SHELL,
        cwd=folder,
        environment={"CI": "true", "GITLAB_CI": "true", **variables_of(job)},
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


def test_an_error_is_in_the_log_and_in_both_reports(workspace: Path) -> None:
    write_server(workspace, WRONG)
    jobs = jobs_with()
    done = run("script", workspace, jobs, code=1)
    file, line = ERROR_PLACE
    assert f"{file}:{line}:1: error[unknown-key]" in done.stdout
    reports = jobs["validate-email-servers"]["artifacts"]["reports"]
    (issue,) = json.loads((workspace / reports["codequality"]).read_text())
    assert issue["location"]["path"] == file
    suites = ElementTree.parse(workspace / reports["junit"])
    assert len(list(suites.iter("failure"))) == 1


def test_a_clean_project_passes_with_empty_reports(workspace: Path) -> None:
    write_server(workspace / "of $HOME", RELAY.format(name="Relay"))
    jobs = jobs_with(project="of $HOME")
    done = run("script", workspace, jobs, code=0)
    assert done.stdout == "1 file, 1 email server: no problems found\n"
    reports = jobs["validate-email-servers"]["artifacts"]["reports"]
    assert json.loads((workspace / reports["codequality"]).read_text()) == []
    assert not list(ElementTree.parse(workspace / reports["junit"]).iter("failure"))


def test_strict_is_handed_on(workspace: Path) -> None:
    write_server(workspace, RELAY.format(name="Relay"))
    assert "--strict" not in run("script", workspace, jobs_with(), code=0).stderr
    assert "validate --project . --strict --format gitlab" in (
        run("script", workspace, jobs_with(strict="true"), code=0).stderr
    )
