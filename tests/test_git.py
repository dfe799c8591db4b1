"""The commit at work, as git tells it."""

import subprocess

from provisioner.git import Commit, commit_of


def git(folder, *arguments):
    who = ("-c", "user.name=t", "-c", "user.email=t@example.edu")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def test_a_folder_outside_of_a_repository_has_none(tmp_path):
    assert commit_of(tmp_path, [tmp_path]) == Commit(None, None)
    assert str(commit_of(tmp_path, [tmp_path])) == "no commit"


def test_a_changed_or_a_new_file_of_the_project_makes_it_dirty_and_no_other(tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    (project / "a").write_text("1")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "x")
    clean = commit_of(project, [project])
    assert clean.dirty is False
    assert str(clean) == clean.id[:12]
    (tmp_path / "elsewhere").write_text("1")
    assert commit_of(project, [project]) == clean
    (project / "b").write_text("1")
    assert commit_of(project, [project]) == Commit(clean.id, True)
    assert str(commit_of(project, [project])) == f"{clean.id[:12]} and changes"


def test_git_sees_no_secret_and_runs_no_program_of_the_repository(tmp_path, monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", "canary-3f")
    (tmp_path / "a").write_text("1")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "x")
    hook = tmp_path / ".git" / "watch"
    hook.write_text(f"#!/bin/sh\nenv > {tmp_path}/seen\n")
    hook.chmod(0o755)
    git(tmp_path, "config", "core.fsmonitor", str(hook))
    assert commit_of(tmp_path, [tmp_path]).id
    assert not (tmp_path / "seen").exists()
