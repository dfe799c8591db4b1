"""The commit at work and the project's name, as git tells them; and nothing that a folder brings
is run for it.
"""

import os
import shutil
import subprocess

import pytest

from provisioner.git import Commit, checkout_of, commit_of, project_identity

URL = "git@example.edu:team/Mail-Config.git"
NAMES = ("a", "a.b", "a=b", "a.b=c.clean", "A b", '"', "ä")


def git(folder, *arguments):
    who = (
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example.edu",
        "-c",
        "protocol.file.allow=always",
    )
    ended = subprocess.run(
        ["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return ended.stdout.strip()


class Repository:
    """With one commit, a project in its folder prod, and a program that leaves a mark if run."""

    def __init__(self, folder):
        self.top, self.marker = folder / "repository", folder / "marker"
        self.project = self.top / "prod"
        self.project.mkdir(parents=True)
        (self.project / "a.yml").write_text("1")
        git(self.top, "init", "-q", "-b", "main")
        git(self.top, "remote", "add", "origin", URL)
        self.commit()
        self.program = folder / "program"
        self.program.write_text(f"#!/bin/sh\necho $0 >> {self.marker}\ncat\n")
        self.program.chmod(0o755)

    def commit(self):
        git(self.top, "add", "-A")
        git(self.top, "commit", "-qm", "x", "--allow-empty")

    def set(self, key, value):
        git(self.top, "config", key, str(value))

    def touch(self):
        """Make git look into the file: what its index knows of it no longer holds."""
        os.utime(self.project / "a.yml", (1, 1))

    def seen(self):
        return commit_of(self.project, [self.project]), project_identity(self.project, {})


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path)


def attack_filters(repository):
    patterns = "".join(
        f'*.{n} filter="{name}"\n' for n, name in enumerate(NAMES) if '"' not in name
    )
    (repository.top / ".gitattributes").write_text(f"{patterns}*.yml filter=a=b\n")
    for number, _ in enumerate(NAMES):
        (repository.project / f"f.{number}").write_text("1")
    repository.commit()
    for key in ("clean", "smudge", "process"):
        for name in NAMES:
            repository.set(f"filter.{name}.{key}", repository.program)
            repository.set(f"filter.{name}.required", "true")
    for number, _ in enumerate(NAMES):
        os.utime(repository.project / f"f.{number}", (1, 1))


def attack_included_filter(repository):
    (repository.top / ".gitattributes").write_text("*.yml filter=x\n")
    repository.commit()
    included = repository.top / ".git" / "more"
    included.write_text(f'[FILTER "x"]\n\tCLEAN = {repository.program}\n')
    repository.set("includeIf.onbranch:main.path", included)


def attack_fsmonitor(repository):
    repository.set("core.fsmonitor", repository.program)


def attack_hooks(repository):
    for name in ("post-index-change", "pre-auto-gc", "reference-transaction"):
        shutil.copy(repository.program, repository.top / ".git" / "hooks" / name)
        (repository.top / "hooks").mkdir(exist_ok=True)
        shutil.copy(repository.program, repository.top / "hooks" / name)
    repository.commit()
    repository.marker.unlink(missing_ok=True)
    repository.set("core.hooksPath", "hooks")


def attack_missing_objects(repository):
    """git fetches what a partial clone lacks, by a program that the configuration names."""
    repository.set("core.repositoryFormatVersion", "1")
    repository.set("extensions.partialClone", "origin")
    repository.set("remote.origin.promisor", "true")
    repository.set("remote.other.url", repository.top.parent)
    repository.set("remote.other.promisor", "true")
    for key in ("remote.origin.uploadpack", "remote.other.uploadpack", "core.sshCommand"):
        repository.set(key, repository.program)
    tree = git(repository.top, "rev-parse", "HEAD^{tree}")
    (repository.top / ".git" / "objects" / tree[:2] / tree[2:]).unlink()


def attack_all_programs(repository):
    for key in ("pager", "editor", "askPass", "gitProxy", "alternateRefsCommand"):
        repository.set(f"core.{key}", repository.program)
    for key in ("diff.external", "credential.helper", "gpg.program", "pager.status"):
        repository.set(key, repository.program)
    repository.set("alias.status", f"!{repository.program}")
    repository.set("alias.rev-parse", f"!{repository.program}")
    repository.set("status.submoduleSummary", "true")


def attack_submodule(repository):
    inner = repository.top.parent / "inner"
    inner.mkdir()
    git(inner, "init", "-q")
    (inner / "b").write_text("1")
    git(inner, "add", ".")
    git(inner, "commit", "-qm", "x")
    git(repository.top, "submodule", "-q", "add", str(inner), "prod/inner")
    repository.commit()
    copy = repository.project / "inner"
    git(copy, "config", "core.fsmonitor", str(repository.program))
    os.utime(copy / "b", (1, 1))


def bare_in(folder, program):
    """What git takes for a repository: a checkout may hold it, since nothing is named .git."""
    git(folder, "init", "-q", "--bare", "planted")
    for name in ("HEAD", "config", "objects", "refs"):
        shutil.move(folder / "planted" / name, folder / name)
    shutil.rmtree(folder / "planted")
    (folder / "objects" / "keep").touch()
    (folder / "refs" / "keep").touch()
    (folder / "config").write_text(
        f"[core]\nrepositoryformatversion = 0\nbare = false\nworktree = {folder}\n"
        f'fsmonitor = {program}\n[remote "origin"]\nurl = https://evil.example/evil\n'
    )


def attack_planted_bare_repository(repository):
    bare_in(repository.project, repository.program)
    repository.commit()


def attack_planted_below(repository):
    folder = repository.project / "servers"
    folder.mkdir()
    bare_in(folder, repository.program)
    repository.commit()


ATTACKS = [value for name, value in sorted(globals().items()) if name.startswith("attack_")]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_no_program_of_a_folder_is_run_and_the_commit_and_name_are_the_true_ones(
    repository, monkeypatch, attack
):
    attack(repository)
    repository.touch()
    repository.marker.unlink(missing_ok=True)
    head = git(repository.top, "rev-parse", "HEAD")
    repository.marker.unlink(missing_ok=True)
    monkeypatch.chdir(repository.project)
    commit, identity = repository.seen()
    assert not repository.marker.exists(), repository.marker.read_text()
    assert (commit.id, identity) == (head, "mail-config/prod")
    assert commit.dirty is (attack is attack_missing_objects)  # it cannot know: so not clean


def test_an_attack_would_run_its_program_if_git_were_asked_plainly(repository):
    attack_fsmonitor(repository)
    git(repository.top, "status")
    assert repository.marker.exists()


@pytest.mark.parametrize(
    "name", ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_CONFIG_GLOBAL", "GIT_EXEC_PATH"]
)
def test_the_environment_leads_git_nowhere_else(repository, tmp_path, monkeypatch, name):
    other = Repository(tmp_path / "other")
    git(other.top, "remote", "set-url", "origin", "https://evil.example/evil")
    before = repository.seen()
    monkeypatch.setenv(name, str(other.top / ".git"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "remote.origin.url")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://evil.example/evil")
    assert repository.seen() == before
    assert before[1] == "mail-config/prod"


def test_a_program_named_git_in_the_checkout_is_not_it(repository, monkeypatch):
    before = repository.seen()
    shutil.copy(repository.program, repository.top / "git")
    monkeypatch.chdir(repository.top)
    monkeypatch.setenv("PATH", f":.:bin:{os.environ['PATH']}")
    assert repository.seen()[0].id == before[0].id
    assert not repository.marker.exists()


def test_a_worktree_has_its_own_commit_and_the_name_of_its_repository(repository, tmp_path):
    git(repository.top, "worktree", "add", "-q", "-b", "other", str(tmp_path / "tree"))
    project = tmp_path / "tree" / "prod"
    (project / "b.yml").write_text("1")
    git(project, "add", ".")
    git(project, "commit", "-qm", "y")
    found = commit_of(project, [project])
    assert found == Commit(git(project, "rev-parse", "HEAD"), False)
    assert found.id != repository.seen()[0].id
    assert project_identity(project, {}) == "mail-config/prod"


def test_a_submodule_is_a_checkout_of_its_own(repository, tmp_path):
    attack_submodule(repository)
    inner = repository.project / "inner"
    assert checkout_of(inner) == inner
    assert commit_of(inner, [inner]).id == git(tmp_path / "inner", "rev-parse", "HEAD")
    assert project_identity(inner, {}) == "inner"
    assert not repository.marker.exists()


def test_a_git_file_that_leads_nowhere_has_no_commit(repository):
    (repository.project / ".git").write_text("gitdir: /nowhere\n")
    assert repository.seen() == (Commit(None, None), "")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_another_users_repository_tells_its_commit(repository):
    before = repository.seen()
    subprocess.run(["chown", "-R", "1234", str(repository.top)], check=True)
    assert repository.seen() == before


def test_a_replaced_tree_makes_no_file_clean(repository):
    """`git replace` shows another content for a commit than the one its id stands for."""
    first = git(repository.top, "rev-parse", "HEAD")
    (repository.project / "a.yml").write_text("2")
    repository.commit()
    second = git(repository.top, "rev-parse", "HEAD")
    git(repository.top, "checkout", "-q", first)
    (repository.project / "a.yml").write_text("2")
    git(repository.top, "add", ".")
    git(repository.top, "replace", first, second)
    assert repository.seen()[0] == Commit(first, True)


@pytest.mark.parametrize("value", ["no", "normal"])
def test_a_new_file_counts_whatever_git_is_told_to_show(repository, value):
    repository.set("status.showUntrackedFiles", value)
    (repository.project / "b.yml").write_text("1")
    assert repository.seen()[0].dirty


def test_a_folder_outside_of_a_repository_has_none(tmp_path):
    assert commit_of(tmp_path, [tmp_path]) == Commit(None, None)
    assert str(commit_of(tmp_path, [tmp_path])) == "no commit"
    assert project_identity(tmp_path, {}) == ""


def test_a_changed_or_a_new_file_of_the_project_makes_it_dirty_and_no_other(repository):
    clean, _ = repository.seen()
    assert clean.dirty is False
    assert str(clean) == clean.id[:12]
    (repository.top / "elsewhere").write_text("1")
    assert repository.seen()[0] == clean
    (repository.project / "b").write_text("1")
    assert repository.seen()[0] == Commit(clean.id, True)
    assert str(repository.seen()[0]) == f"{clean.id[:12]} and changes"


def test_git_sees_no_secret(repository, monkeypatch, tmp_path):
    monkeypatch.setenv("MAIL_PASSWORD", "canary-3f")
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\nenv > {tmp_path}/seen\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    repository.seen()
    assert "canary-3f" not in (tmp_path / "seen").read_text()


@pytest.mark.parametrize(
    "url",
    [
        "https://example.edu/team/mail-config.git",
        "https://example.edu/team/mail-config/",
        "https://oauth2:to%2Fken@example.edu:8443/team/Mail-Config.git/",
        "ssh://git@example.edu:22/team/mail-config",
        "git@example.edu:team/MAIL-CONFIG.GIT",
        "example.edu:mail-config.git",
        "https://org@dev.azure.com/org/project/_git/mail-config",
        "git@ssh.dev.azure.com:v3/org/project/mail-config",
        "/srv/git/mail-config.git",
        "file:///srv/git/mail-config/.git",
        "../mail-config",
        r"C:\git\Mail-Config.git",
        "C:\\git\\mail-config\\",
    ],
)
def test_a_project_has_one_name_for_each_url_of_its_repository(repository, url):
    git(repository.top, "remote", "set-url", "origin", url)
    git(repository.top, "config", "url.https://evil.example/evil/.insteadOf", url)
    assert project_identity(repository.project, {}) == "mail-config/prod"
    assert project_identity(repository.top, {}) == "mail-config"


def test_the_variable_names_a_project(repository, tmp_path):
    environment = {"PROVISIONER_PROJECT": " mine "}
    assert project_identity(repository.project, environment) == "mine"
    assert project_identity(tmp_path, environment) == "mine"
