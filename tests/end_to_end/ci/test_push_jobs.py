"""examples/github and examples/gitlab: fit for both, and their scripts do what the page says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

from provisioner.git import Commit
from provisioner.state_dir import project_lock
from tests.end_to_end.ci.job_project import EXAMPLES, SECRET_NAME, JobProject, git, job_project

pytestmark = pytest.mark.long

WORKFLOW = EXAMPLES / "github" / "email-servers.yml"
PIPELINE = EXAMPLES / "gitlab" / ".gitlab-ci.yml"
COMMENT = EXAMPLES / "gitlab" / "comment-plan.py"
JOBS = yaml.safe_load(WORKFLOW.read_text())["jobs"]
SSH_KEY = "CANARY-ssh-key"
EXPRESSION = re.compile(r"\$\{\{ ([a-z._]+|secrets\.\w+) \}\}")
# https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#defaultsrunshell
GITHUBS_BASH = ("bash", "-e", "-c")


@pytest.fixture
def project(tmp_path: Path) -> Iterator[JobProject]:
    with job_project(tmp_path) as project:
        shutil.copy(COMMENT, project.fleet.folder / "ci")
        project.commit("Add the script of GitLab")
        yield project


@dataclass
class Ended:
    """A job that has ended. `output` is the log, and `code` the exit code of the first failure."""

    code: int = 0
    output: str = ""
    ran: list[str] = field(default_factory=list)


# -- what both must not do


def checked(*arguments: str | Path) -> None:
    program = Path(sys.executable).with_name(str(arguments[0]))
    done = subprocess.run([program, *arguments[1:]], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_schemas_accept_them() -> None:
    schema = ("check-jsonschema", "--builtin-schema")
    checked(*schema, "vendor.github-workflows", WORKFLOW)
    checked(*schema, "vendor.gitlab-ci", "--data-transform", "gitlab-ci", PIPELINE)


def test_zizmor_finds_nothing() -> None:
    checked("zizmor", "--offline", "--persona=pedantic", WORKFLOW)


def test_only_a_branch_of_the_project_gets_secrets() -> None:
    """In `pull_request` a fork has none anyway; `pull_request_target` would give it all."""
    workflow = yaml.safe_load(WORKFLOW.read_text())
    assert set(workflow[True]) == {"pull_request", "push", "schedule"}  # YAML 1.1: on is true
    for name, job in JOBS.items():
        if "secrets." not in yaml.safe_dump(job):
            continue
        forks = "github.event.pull_request.head.repo.full_name == github.repository"
        assert forks in job["if"] or job["if"] == "github.event_name != 'pull_request'", name
        assert job["environment"], name


def test_no_script_holds_an_expression() -> None:
    for job in JOBS.values():
        for step in job["steps"]:
            assert "${{" not in step.get("run", "") + step.get("with", {}).get("script", "")


# -- GitHub


class Github:
    """Runs the steps of a job that are scripts, as a runner does."""

    def __init__(self, project: JobProject, workspace: Path, event: str) -> None:
        self.project, self.workspace, self.event = project, workspace, event
        self.summary = project.folder / "summary.md"
        self.output = project.folder / "output"
        for file in (self.summary, self.output):
            file.touch()
        self.known = {
            "github.run_id": f"{os.getpid()}",
            "github.run_attempt": "1",
            "github.token": "CANARY-token",
            "secrets.MAPS_VAULT_KEY": project.key.strip(),
            "secrets.MAPS_SSH_KEY": SSH_KEY,
            "secrets.REPORTS_CLIENT_SECRET": project.secret,
        }

    def filled(self, variables: dict[str, str]) -> dict[str, str]:
        """With expressions replaced; a secret that does not exist is empty."""
        return {
            name: EXPRESSION.sub(lambda found: self.known.get(found[1], ""), str(value))
            for name, value in variables.items()
        }

    def environment(self) -> dict[str, str]:
        workflow = yaml.safe_load(WORKFLOW.read_text())
        return {
            "HOME": str(self.project.folder),
            "PATH": f"{self.project.bin}:/usr/bin:/bin",
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": self.event,
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "RUNNER_TEMP": str(self.project.folder),
            **self.filled(workflow["env"]),
        }

    def run(self, job: str, *only: str) -> Ended:
        """The steps, or those of the names in `only`; all but Install, which has a test."""
        ended = Ended()
        for step in JOBS[job]["steps"]:
            name = step.get("name", "")
            skipped = ended.code and step.get("if") != "always()"
            if "run" not in step or name == "Install" or skipped or (only and name not in only):
                continue
            variables = self.filled(step.get("env", {}))
            if "REPORTS_CLIENT_SECRET" in variables:  # the project of this test has another name
                variables[SECRET_NAME] = variables.pop("REPORTS_CLIENT_SECRET")
            done = subprocess.run(
                [*GITHUBS_BASH, step["run"]],
                cwd=self.workspace,
                env=self.environment() | {k: v for k, v in variables.items() if v},
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            ended.ran.append(name)
            ended.output += done.stdout + done.stderr
            ended.code = ended.code or done.returncode
        keys = Path(self.environment()["KEYS"])
        assert only or not keys.exists()
        assert_no_secret(self.project, ended.output)
        return ended


def assert_no_secret(project: JobProject, text: str) -> None:
    for secret in (project.key.strip(), project.secret, "CANARY"):
        assert secret not in text


@pytest.fixture
def github(project: JobProject) -> Github:
    return Github(project, project.clone("workspace"), "push")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package with a program `provisioner` that needs no other: pip is not what is tested."""
    wheel = tmp_path / "stub-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as files:
        files.writestr("stub.py", "")
        info = "stub-1.dist-info"
        files.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: stub\nVersion: 1\n")
        files.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        files.writestr(f"{info}/entry_points.txt", "[console_scripts]\nprovisioner = stub:main\n")
        files.writestr(f"{info}/RECORD", "")
    return wheel


def test_the_package_is_installed_where_later_steps_find_it(tmp_path: Path, package: Path) -> None:
    scripts = [
        step["run"]
        for job in JOBS.values()
        for step in job["steps"]
        if step.get("name") == "Install"
    ]
    assert len(scripts) == 3
    assert len(set(scripts)) == 1
    path = tmp_path / "path"
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_PATH": str(path),
        "PACKAGE": str(package),
    }
    subprocess.run([*GITHUBS_BASH, scripts[0]], env=environment, check=True)
    assert (Path(path.read_text().strip()) / "provisioner").exists()


def test_keys_are_written_for_the_account_alone(github: Github) -> None:
    keys = Path(github.environment()["KEYS"])
    assert keys.parent == Path("/dev/shm")
    try:
        github.run("push", "Write the keys")
        assert keys.stat().st_mode & 0o777 == 0o700
        assert {file.stat().st_mode & 0o777 for file in keys.iterdir()} == {0o600}
        assert (keys / "ssh-key").read_text() == f"{SSH_KEY}\n"
    finally:
        github.run("push", "Remove the keys")
    assert not keys.exists()


def test_git_reads_the_token_from_the_environment(github: Github) -> None:
    github.run("push", "Let git push")
    done = subprocess.run(
        ["git", "credential", "fill"],
        input="protocol=https\nhost=github.com\n\n",
        cwd=github.workspace,
        env={"PATH": "/usr/bin:/bin", "GIT_TOKEN": "given"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "username=x-access-token\npassword=given\n" in done.stdout


def test_a_push_is_reported_and_its_tokens_are_committed(github: Github) -> None:
    github.project.with_ansible()
    ended = github.run("push")
    assert ended.code == 0, ended.output
    assert "1 host: 1 changed" in ended.output
    assert "### provisioner push " in github.summary.read_text()
    assert github.project.published().handed_over_to == "maps1"
    assert github.project.subjects()[0] == "Update tokens [skip ci]"


def test_the_daily_run_commits_a_rotated_token(github: Github) -> None:
    before = github.project.refresh_token()
    github.event = "schedule"
    ended = github.run("push")
    assert ended.code == 2, ended.output  # of its plan: the host has no document yet
    assert "1 host: 1 would change" in ended.output
    assert github.project.refresh_token() != before


def test_a_plan_changes_nothing_and_is_a_comment(github: Github) -> None:
    before = github.project.refresh_token()
    ended = github.run("plan")
    assert ended.code == 0, ended.output
    plan = (github.workspace / "plan.md").read_text()
    assert plan.startswith("### provisioner plan ")
    assert "+ Reports: added" in plan
    assert_no_secret(github.project, plan)
    assert github.project.refresh_token() == before
    assert len(github.project.subjects()) == 2


@pytest.mark.parametrize(
    ("missing", "code", "words"),
    [
        ("REPORTS_CLIENT_SECRET", 1, f"the environment variable {SECRET_NAME} is not set"),
        ("MAPS_VAULT_KEY", 1, "VAULT_KEY: set the secret MAPS_VAULT_KEY"),
    ],
)
def test_a_missing_secret_is_named(github: Github, missing: str, code: int, words: str) -> None:
    del github.known[f"secrets.{missing}"]
    ended = github.run("plan")
    assert (ended.code, ended.ran[-1]) == (code, "Remove the keys"), ended.output
    assert words in ended.output
    assert github.output.read_text() == ("reported=true\n" if "Plan" in ended.ran else "")
    pushed = github.run("push")
    assert (pushed.code, pushed.ran[-1]) == (code, "Remove the keys")
    assert words in pushed.output


def test_a_destination_that_is_not_accepted_needs_a_person(github: Github) -> None:
    project = github.project
    project.fleet.oauth2["client_id"] = "another"
    project.fleet.limit_to(None)
    project.commit("Change the client")
    git(github.workspace, "pull", "--quiet")
    ended = github.run("plan")
    assert ended.code == 6, ended.output
    plan = (github.workspace / "plan.md").read_text()
    assert "Reports: skipped" in plan
    assert "provisioner accept Reports" in plan + ended.output


def test_a_push_that_runs_already_is_named(github: Github) -> None:
    with project_lock(github.workspace, Commit("", False), wait_seconds=0):
        ended = github.run("push")
    assert (ended.code, ended.ran[-1]) == (5, "Remove the keys"), ended.output


FAKE_GITHUB = """
const calls = [];
const note = (name) => async (given) => { calls.push([name, given]); };
const issues = { createComment: note('create'), updateComment: note('update') };
const github = { rest: { issues }, paginate: async () => COMMENTS };
const context = { repo: { owner: 'o', repo: 'r' }, issue: { number: 7 } };
const AsyncFunction = (async () => {}).constructor;
new AsyncFunction('github', 'context', 'require', SCRIPT)(github, context, require)
  .then(() => console.log(JSON.stringify(calls)));
"""


@pytest.mark.parametrize(
    ("author", "expected"),
    [
        (None, ["create", {"owner": "o", "repo": "r", "issue_number": 7}]),
        ("User", ["create", {"owner": "o", "repo": "r", "issue_number": 7}]),
        ("Bot", ["update", {"owner": "o", "repo": "r", "comment_id": 3}]),
    ],
)
def test_one_comment_is_kept_up_to_date(
    tmp_path: Path, author: str | None, expected: list[Any]
) -> None:
    """A person who copies the marker keeps that comment."""
    (tmp_path / "plan.md").write_text("### `${1}`\n")
    comment = {"id": 3, "body": "<!-- provisioner plan -->\nold", "user": {"type": author}}
    other = {"id": 2, "body": "Thanks", "user": {"type": "Bot"}}
    comments = [other, comment] if author else [other]
    script = JOBS["comment"]["steps"][-1]["with"]["script"]
    program = FAKE_GITHUB.replace("COMMENTS", json.dumps(comments))
    program = program.replace("SCRIPT", json.dumps(script))
    done = subprocess.run(
        ["node", "-e", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    expected[1]["body"] = "<!-- provisioner plan -->\n### `${1}`\n"
    assert json.loads(done.stdout) == [expected]


# -- GitLab


def jobs_of_gitlab() -> dict[str, Any]:
    """With `extends` and `!reference` resolved; the installation is left out, it has a test."""
    loader = type("Loader", (yaml.SafeLoader,), {})
    loader.add_constructor("!reference", lambda _loader, _node: "true")
    pipeline = yaml.load(PIPELINE.read_text(), loader)
    common = pipeline[".with-keys"]
    return {name: common | pipeline[name] for name in ("plan", "push")} | {"all": pipeline}


class Gitlab:
    """Runs the scripts of a job."""

    def __init__(self, project: JobProject, workspace: Path) -> None:
        self.project, self.workspace = project, workspace
        self.jobs = jobs_of_gitlab()
        self.more: dict[str, str] = {}

    def run(self, job: str, **variables: str) -> Ended:
        project = self.project
        files = {"VAULT_KEY": project.key, "SSH_KEY": SSH_KEY, "KNOWN_HOSTS": "maps1 ssh-ed25519 A"}
        for name, text in files.items():
            (project.folder / name).write_text(text)
            (project.folder / name).chmod(0o666)  # as GitLab's runner does
        environment = {
            "HOME": str(project.folder),
            "PATH": f"{project.bin}:{Path(sys.executable).parent}:/usr/bin:/bin",
            "CI_JOB_ID": str(os.getpid()),
            "CI_COMMIT_BRANCH": "main",
            "CI_PROJECT_URL": str(project.origin).removesuffix(".git"),
            "CI_PIPELINE_SOURCE": "push",
            SECRET_NAME: project.secret,
            **{name: str(project.folder / name) for name in files},
            **variables,
        }
        for name, value in self.jobs["all"]["variables"].items():
            environment[name] = value.replace("$CI_JOB_ID", environment["CI_JOB_ID"])
        content = self.jobs[job]
        ended = Ended()
        for part in (content["before_script"] + content["script"], content["after_script"]):
            script = "set -eo pipefail\n" + "\n".join(part)
            done = subprocess.run(
                ["bash", "-c", script],
                cwd=self.workspace,
                env={k: v for k, v in environment.items() if v},
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            ended.output += done.stdout + done.stderr
            ended.code = ended.code or done.returncode
        assert not Path(environment["KEYS"]).exists()
        assert_no_secret(project, ended.output)
        return ended


@pytest.fixture
def gitlab(project: JobProject) -> Gitlab:
    """Its runner checks a commit out, and no branch."""
    workspace = project.clone("workspace")
    git(workspace, "checkout", "--quiet", "--detach")
    return Gitlab(project, workspace)


def test_gitlab_installs_the_package(tmp_path: Path, package: Path) -> None:
    script = "\n".join(jobs_of_gitlab()["all"]["default"]["before_script"])
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "CI_JOB_ID": "1",
        "PACKAGE": str(package),
    }
    done = subprocess.run(
        ["bash", "-ec", f"{script}\ncommand -v provisioner"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"{tmp_path}/provisioner-1/bin/provisioner\n"


def test_gitlab_pushes_and_commits_tokens(gitlab: Gitlab) -> None:
    ended = gitlab.run("push")
    assert ended.code == 0, ended.output
    assert "1 host: 1 changed" in ended.output
    assert "maps1" in (gitlab.workspace / "push.xml").read_text()
    assert gitlab.project.published().handed_over_to == "maps1"


def test_gitlab_makes_the_daily_run(gitlab: Gitlab) -> None:
    before = gitlab.project.refresh_token()
    ended = gitlab.run("push", CI_PIPELINE_SOURCE="schedule")
    assert ended.code == 2, ended.output
    assert gitlab.project.refresh_token() != before


class Notes(BaseHTTPRequestHandler):
    """The comments of a merge request, as GitLab has them."""

    notes: ClassVar[list[dict[str, Any]]] = []
    asked: ClassVar[list[str]] = []

    def answer(self) -> None:
        assert self.headers["PRIVATE-TOKEN"] == "CANARY-comment"
        self.asked.append(f"{self.command} {self.path}")
        length = int(self.headers.get("Content-Length", 0))
        given = json.loads(self.rfile.read(length)) if length else {}
        if self.command == "POST":
            self.notes.append({"id": 5, "author": {"id": 2}, **given})
        if self.command == "PUT":
            self.notes[-1].update(given)
        content: Any = {"id": 2} if self.path.endswith("/user") else self.notes
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *_arguments: object) -> None: ...


def test_gitlab_keeps_one_comment_up_to_date(gitlab: Gitlab) -> None:
    Notes.notes[:] = [{"id": 1, "author": {"id": 1}, "body": "<!-- provisioner plan -->\nmine"}]
    Notes.asked.clear()
    with HTTPServer(("127.0.0.1", 0), Notes) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        variables = {
            "CI_API_V4_URL": f"http://127.0.0.1:{server.server_port}",
            "CI_PROJECT_ID": "3",
            "CI_MERGE_REQUEST_IID": "7",
            "COMMENT_TOKEN": "CANARY-comment",
        }
        first = gitlab.run("plan", **variables)
        assert first.code == 0, first.output
        missing = gitlab.run("plan", **variables, **{SECRET_NAME: ""})
        assert missing.code == 1, missing.output
        server.shutdown()
        thread.join()
    assert Notes.asked == [
        "GET /user",
        "GET /projects/3/merge_requests/7/notes?per_page=100&sort=asc&order_by=created_at",
        "POST /projects/3/merge_requests/7/notes",
        "GET /user",
        "GET /projects/3/merge_requests/7/notes?per_page=100&sort=asc&order_by=created_at",
        "PUT /projects/3/merge_requests/7/notes/5",
    ]
    assert Notes.notes[0]["body"].endswith("mine")
    assert len(Notes.notes) == 2
    assert "is not set" in Notes.notes[1]["body"]
    assert_no_secret(gitlab.project, json.dumps(Notes.notes))
