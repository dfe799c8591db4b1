"""The commit at work and the project's name, as git tells them; and nothing that a folder brings
is run for it.
"""

import os
import shutil
import subprocess

import pytest

from provisioner.git import Commit, checkout_of, commit_of, project_identity

NAME = "mail-config/prod"
FILTERS = ("a", "a.b", "a=b", "a.b=c.clean", 'A"b', "ä")
WHO = ("-c", "user.name=t", "-c", "user.email=t@example.edu", "-c", "protocol.file.allow=always")


def git(folder, *arguments):
    ended = subprocess.run(
        ["git", *WHO, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return ended.stdout.strip()


class Repository:
    """With one commit, a project in its folder prod, and a program that leaves a mark if run."""

    def __init__(self, folder):
        self.top, self.marker = folder / "repository", folder / "marker"
        self.project, self.program = self.top / "prod", folder / "program"
        self.program.write_text(f"#!/bin/sh\necho $0 >> {self.marker}\ncat\n")
        self.program.chmod(0o755)

    def commit(self):
        git(self.top, "add", "-A")
        git(self.top, "commit", "-qm", "x", "--allow-empty")

    def configure(self, text):
        with (self.top / ".git" / "config").open("a") as file:
            file.write(text)

    def seen(self, folder=None):
        folder = folder or self.project
        return commit_of(folder, [folder]), project_identity(folder, {})

    def true(self, *, dirty=False):
        """The project, and what is to be seen of it."""
        return self.project, Commit(git(self.top, "rev-parse", "HEAD"), dirty), NAME


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    folder = tmp_path_factory.mktemp("template")
    repository = Repository(folder)
    repository.project.mkdir(parents=True)
    (repository.project / "a.yml").write_text("1")
    git(repository.top, "init", "-q", "-b", "main")
    repository.configure('[remote "origin"]\nurl = git@example.edu:team/Mail-Config.git\n')
    repository.commit()
    return repository.top


@pytest.fixture
def repository(template, tmp_path):
    shutil.copytree(template, tmp_path / "repository")
    return Repository(tmp_path)


# Each makes a repository of one shape, and says what is to be seen of which folder.


def with_programs(repository):
    names = ("post-index-change", "pre-auto-gc", "reference-transaction")
    for folder in (repository.top / ".git" / "hooks", repository.top / "hooks"):
        folder.mkdir(exist_ok=True)
        for name in names:
            shutil.copy(repository.program, folder / name)
    repository.commit()
    keys = ("fsmonitor", "pager", "editor", "askPass", "gitProxy", "alternateRefsCommand")
    core = "".join(f"{key} = {repository.program}\n" for key in keys)
    repository.configure(
        f"[core]\nhooksPath = hooks\n{core}[status]\nsubmoduleSummary = true\n"
        f"[alias]\nstatus = !{repository.program}\nrev-parse = !{repository.program}\n"
        f"[diff]\nexternal = {repository.program}\n[pager]\nstatus = {repository.program}\n"
    )
    return repository.true()


def with_filters(repository):
    """Among them one that an included file names, in capital letters."""
    patterns = "".join(f"f.{n} filter={name}\n" for n, name in enumerate(FILTERS))
    (repository.top / ".gitattributes").write_text(f"{patterns}f.9 filter=x\n*.yml filter=a=b\n")
    files = [repository.project / f"f.{number}" for number in (*range(len(FILTERS)), 9)]
    for file in files:
        file.write_text("1")
    repository.commit()
    for name in FILTERS:
        quoted = name.replace('"', r"\"")
        programs = "".join(f"{k} = {repository.program}\n" for k in ("clean", "smudge", "process"))
        repository.configure(f'[filter "{quoted}"]\n{programs}required = true\n')
    included = repository.top / ".git" / "more"
    included.write_text(f'[FILTER "x"]\n\tCLEAN = {repository.program}\n')
    repository.configure(f'[includeIf "onbranch:main"]\npath = {included}\n')
    for file in files:
        os.utime(file, (1, 1))
    return repository.true()


def with_missing_objects(repository):
    """git fetches what a partial clone lacks, by a program that the configuration names.

    It cannot know what has changed: so it is not clean.
    """
    promisors = "".join(
        f'[remote "{name}"]\npromisor = true\nuploadpack = {repository.program}\n'
        for name in ("origin", "other")
    )
    repository.configure(
        f"[core]\nrepositoryFormatVersion = 1\nsshCommand = {repository.program}\n"
        f"[extensions]\npartialClone = origin\n{promisors}url = {repository.top.parent}\n"
    )
    tree = git(repository.top, "rev-parse", "HEAD^{tree}")
    (repository.top / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    return repository.true(dirty=True)


def with_a_submodule(repository):
    """A checkout of its own; what its configuration names is not run for the project either."""
    inner, copy = repository.top.parent / "inner", repository.project / "inner"
    shutil.copytree(repository.top, inner)
    (inner / ".gitattributes").write_text("*.yml filter=x\n")
    git(inner, "add", "-A")
    git(inner, "commit", "-qm", "y")
    git(repository.top, "submodule", "-q", "add", str(inner), "prod/inner")
    repository.commit()
    git(copy, "config", "filter.x.clean", str(repository.program))
    os.utime(copy / "prod" / "a.yml", (1, 1))
    assert checkout_of(copy) == copy
    assert repository.seen(copy) == (Commit(git(inner, "rev-parse", "HEAD"), False), "inner")
    assert not repository.marker.exists()
    return repository.true()


def with_planted_repositories(repository):
    """What git takes for a repository: a checkout may hold it, since nothing is named .git."""
    for folder in (repository.project / "servers", repository.project):
        folder.mkdir(exist_ok=True)
        git(folder, "init", "-q", "--bare", "planted")
        for name in ("HEAD", "config", "objects", "refs"):
            shutil.move(folder / "planted" / name, folder / name)
        shutil.rmtree(folder / "planted")
        (folder / "objects" / "keep").touch()
        (folder / "refs" / "keep").touch()
        (folder / "config").write_text(
            f"[core]\nrepositoryformatversion = 0\nbare = false\nworktree = {folder}\n"
            f'fsmonitor = {repository.program}\n[remote "origin"]\nurl = https://evil.example/e\n'
        )
    repository.commit()
    return repository.true()


def worktree(repository):
    """It has a commit of its own, and the name of its repository."""
    before = git(repository.top, "rev-parse", "HEAD")
    tree = repository.top.parent / "tree"
    git(repository.top, "worktree", "add", "-q", "-b", "other", str(tree))
    git(tree, "commit", "-qm", "y", "--allow-empty")
    head = git(tree, "rev-parse", "HEAD")
    assert head != before
    return tree / "prod", Commit(head, False), NAME


def git_file_that_leads_nowhere(repository):
    (repository.project / ".git").write_text("gitdir: /nowhere\n")
    return repository.project, Commit(None, None), ""


def no_repository(repository):
    return repository.top.parent, Commit(None, None), ""


def another_users(repository):
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    expected = repository.true()
    subprocess.run(["chown", "-R", "1234", str(repository.top)], check=True)
    return expected


def replaced_tree(repository):
    """`git replace` shows another content for a commit than the one its id stands for."""
    first = git(repository.top, "rev-parse", "HEAD")
    (repository.project / "a.yml").write_text("2")
    repository.commit()
    second = git(repository.top, "rev-parse", "HEAD")
    git(repository.top, "checkout", "-q", first)
    (repository.project / "a.yml").write_text("2")
    git(repository.top, "add", ".")
    git(repository.top, "replace", first, second)
    return repository.project, Commit(first, True), NAME


def new_file(repository):
    (repository.project / "b.yml").write_text("1")
    return repository.true(dirty=True)


def new_file_not_to_be_shown(repository):
    repository.configure("[status]\nshowUntrackedFiles = no\n")
    return new_file(repository)


def new_file_elsewhere(repository):
    (repository.top / "elsewhere").write_text("1")
    return repository.true()


@pytest.mark.parametrize(
    "shape",
    [
        *(with_programs, with_filters, with_missing_objects, with_a_submodule),
        *(with_planted_repositories, worktree, git_file_that_leads_nowhere, no_repository),
        *(another_users, replaced_tree, new_file, new_file_not_to_be_shown, new_file_elsewhere),
    ],
)
def test_the_true_commit_and_name_are_seen_and_no_program_is_run(repository, monkeypatch, shape):
    folder, commit, identity = shape(repository)
    os.utime(repository.project / "a.yml", (1, 1))  # so that git looks into the file
    shutil.copy(repository.program, repository.top / "git")
    repository.marker.unlink(missing_ok=True)
    monkeypatch.setenv("PATH", f":.:bin:{os.environ['PATH']}")
    monkeypatch.chdir(folder)
    assert repository.seen(folder) == (commit, identity)
    assert not repository.marker.exists(), repository.marker.read_text()


def test_git_sees_nothing_of_the_environment(repository, monkeypatch, tmp_path):
    """No secret, and nothing that leads it elsewhere."""
    for name in ("DIR", "WORK_TREE", "INDEX_FILE", "CONFIG_GLOBAL", "EXEC_PATH", "CONFIG_VALUE_0"):
        monkeypatch.setenv(f"GIT_{name}", "canary-3f")
    monkeypatch.setenv("MAIL_PASSWORD", "canary-3f")
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\nenv > {tmp_path}/seen\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    repository.seen()
    assert "canary-3f" not in (tmp_path / "seen").read_text()


def test_how_a_commit_is_shown():
    assert str(Commit(None, None)) == "no commit"
    assert str(Commit("0123456789abcdef", False)) == "0123456789ab"
    assert str(Commit("0123456789abcdef", True)) == "0123456789ab and changes"


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
    git(repository.top, "config", "remote.origin.url", url)
    git(repository.top, "config", "url.https://evil.example/evil/.insteadOf", url)
    assert project_identity(repository.project, {}) == NAME
    assert project_identity(repository.top, {}) == "mail-config"


def test_the_variable_names_a_project(repository, tmp_path):
    environment = {"PROVISIONER_PROJECT": " mine "}
    assert project_identity(repository.project, environment) == "mine"
    assert project_identity(tmp_path, environment) == "mine"
