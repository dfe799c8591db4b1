"""The hooks of .pre-commit-hooks.yaml, as pre-commit runs them at `git commit`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.ci.projects import CHECKOUT, RELAY, WRONG

pytestmark = pytest.mark.long

OF_THE_PACKAGE = (".pre-commit-hooks.yaml", "pyproject.toml", "README.md", "LICENSE")
FOLDERS_OF_THE_PACKAGE = ("playbooks", "provisioner", "release", "schemas")
PRE_COMMIT = [sys.executable, "-m", "pre_commit"]


class Repository:
    """A git repository of ours, with what pre-commit needs in the environment of each command."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        nobody = {
            f"GIT_{who}_{what}": "x"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        ours = {"PRE_COMMIT_HOME": str(cache), "GIT_CONFIG_GLOBAL": os.devnull, **nobody}
        outer = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "PYTHON"))}
        self.environment = {**outer, **ours}
        self.run("git", "init", "--quiet")

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv,
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )

    def commit(self, *options: str) -> subprocess.CompletedProcess[str]:
        self.run("git", "add", "--all")
        return self.run("git", "commit", "--message", "Change", *options)

    def rev(self) -> str:
        return self.run("git", "rev-parse", "HEAD").stdout.strip()


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A repository with the working tree's package, as it would be published."""
    folder = tmp_path_factory.mktemp("pre-commit")
    repository = Repository(folder / "hooks", folder / "cache")
    for name in OF_THE_PACKAGE:
        shutil.copy(CHECKOUT / name, repository.folder)
    for name in FOLDERS_OF_THE_PACKAGE:
        unwanted = shutil.ignore_patterns("__pycache__")
        shutil.copytree(CHECKOUT / name, repository.folder / name, ignore=unwanted)
    assert repository.commit().returncode == 0
    return repository


@pytest.fixture
def project(hooks: Repository, tmp_path: Path) -> Repository:
    """A user's repository with pre-commit installed; the hooks' own environment is made once."""
    cache = Path(hooks.environment["PRE_COMMIT_HOME"])
    repository = Repository(tmp_path / "project", cache)
    installed = repository.run(*PRE_COMMIT, "install")
    assert installed.returncode == 0, installed.stdout + installed.stderr
    return repository


def configure(project: Repository, hooks: Repository, *lines: str) -> None:
    listed = "".join(f"      - {line}\n" for line in lines)
    start = f"repos:\n  - repo: {hooks.folder}\n    rev: {hooks.rev()}\n    hooks:\n"
    project.write(".pre-commit-config.yaml", start + listed)


def test_a_commit_is_refused_until_the_project_is_right(
    project: Repository, hooks: Repository
) -> None:
    configure(project, hooks, "id: provisioner-validate")
    project.write("servers/relay.yml", RELAY.format(name="Relay"))
    clean = project.commit()
    assert clean.returncode == 0, clean.stdout + clean.stderr
    assert "validate the declared MAPS email servers" in clean.stderr
    project.write("servers/relay.yml", WRONG)
    before = project.rev()
    refused = project.commit()
    assert refused.returncode == 1
    assert "servers/relay.yml:4:1: error[unknown-key]" in refused.stderr
    assert project.rev() == before
    project.write("servers/relay.yml", WRONG.replace("prot", "port"))
    assert project.commit().returncode == 0
    assert project.rev() != before


def test_a_clash_with_an_unchanged_file_is_seen(project: Repository, hooks: Repository) -> None:
    configure(project, hooks, "id: provisioner-validate")
    project.write("servers/a.yml", RELAY.format(name="Relay"))
    assert project.commit().returncode == 0
    project.write("servers/b.yml", RELAY.format(name="Relay"))
    refused = project.commit()
    assert refused.returncode == 1
    assert "error[duplicate-server-name]" in refused.stderr


def test_a_commit_of_other_files_is_not_held_up(project: Repository, hooks: Repository) -> None:
    configure(project, hooks, "id: provisioner-validate")
    project.write("notes.yml", "not: an email server\n")
    done = project.commit()
    assert done.returncode == 0
    assert "(no files to check)Skipped" in done.stderr


def test_two_projects_in_one_repository(project: Repository, hooks: Repository) -> None:
    of_one = "{{id: provisioner-validate, args: [--project, {0}], files: ^{0}/}}"
    configure(project, hooks, of_one.format("east"), of_one.format("west"))
    for folder in ("east", "west"):
        project.write(f"{folder}/servers/relay.yml", RELAY.format(name="Relay"))
    done = project.commit()
    assert done.returncode == 0, "the same name in two projects is no clash: " + done.stderr
    project.write("west/servers/relay.yml", WRONG)
    refused = project.commit()
    assert refused.returncode == 1
    assert "west/servers/relay.yml:4:1: error[unknown-key]" in refused.stderr
    assert "(no files to check)Skipped" in refused.stderr, "east was not changed"


def test_the_hook_for_files_checks_the_changed_ones_alone(
    project: Repository, hooks: Repository
) -> None:
    project.write("servers/old.yml", WRONG)
    assert project.commit("--no-verify").returncode == 0
    configure(project, hooks, "id: provisioner-validate-files")
    project.write("servers/new.json", '{"server_name": "A", "host": "mail.example.edu"}')
    refused = project.commit()
    assert refused.returncode == 1
    assert "servers/new.json:1:2: error[missing-key]" in refused.stderr
    assert "old.yml" not in refused.stderr
