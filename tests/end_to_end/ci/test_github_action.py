"""action.yml: fit for GitHub, and its scripts do what they say. Only GitHub's part is played."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

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

ACTION = CHECKOUT / "action.yml"
CONTENT = yaml.safe_load(ACTION.read_text())
STEPS = CONTENT["runs"]["steps"]
EXPRESSION = re.compile(r"\$\{\{ ([a-z._-]+) \}\}")
# https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#exit-codes-and-error-action-preference
GITHUBS_BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-xc")  # -x: what ran
Job = Callable[..., subprocess.CompletedProcess[str]]


def step_named(name: str) -> dict[str, object]:
    return next(step for step in STEPS if step["name"] == name)


def test_the_schema_of_actions_accepts_it() -> None:
    argv = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-actions"]
    done = subprocess.run([*argv, str(ACTION)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_zizmor_finds_nothing() -> None:
    zizmor = [str(Path(sys.executable).with_name("zizmor")), "--offline", "--persona=auditor"]
    done = subprocess.run([*zizmor, str(ACTION)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_script_holds_an_expression() -> None:
    for step in STEPS:
        assert "${{" not in step.get("run", ""), step["name"]


def test_foreign_actions_are_pinned_to_a_commit() -> None:
    foreign = [step["uses"] for step in STEPS if "uses" in step]
    assert len(foreign) == 2
    for uses in foreign:
        assert re.fullmatch(r"[a-z-]+/[a-z/-]+@[0-9a-f]{40}", uses)


@pytest.fixture(scope="module")
def runner_temp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runner's folder, with the package in it as the action's own step installs it."""
    folder = tmp_path_factory.mktemp("runner")
    run_step("Install maps-provisioner", folder, folder, {})
    return folder


def run_step(
    name: str, runner_temp: Path, workspace: Path, inputs: dict[str, str], *, code: int = 0
) -> subprocess.CompletedProcess[str]:
    """Run a step as GitHub does: expressions of `env` replaced, then the script."""
    step = step_named(name)
    defaults = {key: value["default"] for key, value in CONTENT["inputs"].items()}
    known = {f"inputs.{key}": value for key, value in {**defaults, **inputs}.items()}
    known |= {
        "runner.temp": str(runner_temp),
        "github.action_path": str(CHECKOUT),
        "steps.python.outputs.python-path": sys.executable,
    }
    env = {k: EXPRESSION.sub(lambda m: known[m[1]], v) for k, v in step["env"].items()}
    output = runner_temp / "output"
    output.write_text("")
    done = run_script(
        step["run"],
        shell=GITHUBS_BASH,
        cwd=workspace,
        environment={
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(CHECKOUT),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(runner_temp / "summary.md"),
            "GITHUB_WORKSPACE": str(workspace),
            "RUNNER_TEMP": str(runner_temp),
            **env,
        },
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.fixture
def validate(runner_temp: Path, tmp_path: Path) -> Job:
    """Run the step `Validate` in a workspace; the exit code is checked."""

    def run(*, code: int, **inputs: str) -> subprocess.CompletedProcess[str]:
        return run_step("Validate", runner_temp, tmp_path, inputs, code=code)

    return run


def outputs(runner_temp: Path) -> dict[str, str]:
    lines = (runner_temp / "output").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_a_clean_project_passes(validate: Job, runner_temp: Path, tmp_path: Path) -> None:
    write_server(tmp_path, RELAY.format(name="Relay"))
    done = validate(code=0)
    assert "::error" not in done.stdout
    assert outputs(runner_temp) == {"exit-code": "0"}


def test_an_error_is_annotated_and_fails_the_step(
    validate: Job, runner_temp: Path, tmp_path: Path
) -> None:
    write_server(tmp_path, WRONG)
    done = validate(code=1)
    file, line = ERROR_PLACE
    assert re.search(rf"^::error .*file={file},.*line={line}\b", done.stdout, re.M), done.stdout
    assert outputs(runner_temp) == {"exit-code": "1"}


def test_sarif_is_written_for_the_upload(validate: Job, runner_temp: Path, tmp_path: Path) -> None:
    write_server(tmp_path / "of mine", WRONG)
    validate(code=1, project="of mine", sarif="true")
    said = outputs(runner_temp)
    assert said["exit-code"] == "1"
    results = json.loads(Path(said["sarif-file"]).read_text())["runs"][0]["results"]
    assert [result["ruleId"] for result in results] == ["unknown-key"]


def test_no_sarif_of_an_earlier_project_is_left(
    validate: Job, runner_temp: Path, tmp_path: Path
) -> None:
    write_server(tmp_path / "first", WRONG)
    validate(code=1, project="first", sarif="true")
    write_server(tmp_path / "second", RELAY.format(name="Relay"))
    validate(code=0, project="second", sarif="true")
    sarif = json.loads(Path(outputs(runner_temp)["sarif-file"]).read_text())
    assert sarif["runs"][0]["results"] == []


def test_strict_is_handed_on(validate: Job, tmp_path: Path) -> None:
    write_server(tmp_path, RELAY.format(name="Relay"))
    assert "--strict" not in validate(code=0).stderr
    assert (
        "validate --format github --project . --strict --\n"
        in validate(code=0, strict="true").stderr
    )


def test_paths_one_a_line_whatever_they_hold(validate: Job, tmp_path: Path) -> None:
    write_server(tmp_path, WRONG)
    (tmp_path / "$(touch ran) `touch ran`;.yml").write_text(RELAY.format(name="A"))
    (tmp_path / "--strict").write_text(RELAY.format(name="B"))
    validate(code=0, paths="$(touch ran) `touch ran`;.yml\n\n--strict\n")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["strict", "sarif"])
def test_what_is_neither_true_nor_false_is_refused(
    validate: Job, tmp_path: Path, name: str
) -> None:
    write_server(tmp_path, RELAY.format(name="Relay"))
    done = validate(code=64, **{name: "yes"})
    assert done.stdout == f"::error::the input {name} is neither true nor false\n"


def test_outputs_of_the_action_are_those_of_its_step(
    validate: Job, runner_temp: Path, tmp_path: Path
) -> None:
    write_server(tmp_path, RELAY.format(name="Relay"))
    validate(code=0, sarif="true")
    assert {f"${{{{ steps.validate.outputs.{name} }}}}" for name in outputs(runner_temp)} == {
        output["value"] for output in CONTENT["outputs"].values()
    }
