"""Which files below a folder are read, and in which order."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.loading import documents_at, load


def write(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a: 1\n")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_all_declared_files_below_a_folder_sorted(here):
    write(here, "s/b.yml", "s/a/z.json", "s/a/y.YAML", "s/c.yaml", "s/notes.txt", "s/.h.yml")
    write(here, "s/.git/x.yml")
    assert [d.path for d in load("s")] == ["s/a/y.YAML", "s/a/z.json", "s/b.yml", "s/c.yaml"]


def test_the_current_folder_is_not_shown(here):
    write(here, "a.yml", "b/c.yml")
    assert [document.path for document in load(".")] == ["a.yml", "b/c.yml"]


def test_a_link_that_leads_back_is_one_issue(here):
    write(here, "s/a/b.yml")
    (here / "s/a/back").symlink_to(here / "s")
    found = list(load("s"))
    assert [document.path for document in found] == ["s/a/b.yml", "s/a/back"]
    (issue,) = found[1].issues
    assert (issue.rule, issue.message) == (
        "unreadable-file",
        "this link points to a folder that is already read",
    )


def test_a_link_to_another_folder_is_followed(here):
    write(here, "elsewhere/x.yml")
    (here / "s").mkdir()
    (here / "s/link").symlink_to(here / "elsewhere")
    assert [document.path for document in load("s")] == ["s/link/x.yml"]


def test_folders_deeper_than_the_stack(here):
    deep = here / "s"
    deep.mkdir()
    os.chdir(deep)
    for _ in range(1500):
        Path("d").mkdir()
        os.chdir("d")
    os.chdir(here)
    write(here, "s/x.yml")
    found = [document.path for document in load("s")]
    subprocess.run(["rm", "-rf", "s"], check=True)  # pytest's own cleaning recurses
    assert found == ["s/x.yml"]


def test_a_file_that_is_named_twice_is_read_once(here):
    write(here, "s/a.yml", "s/b.yml")
    assert [d.path for d in documents_at(["s/b.yml", "./s", "s/a.yml"])] == ["s/b.yml", "s/a.yml"]


def test_names_cannot_write_to_the_terminal(here):
    write(here, "s/a\x1b[2J\n.yml")
    os.close(os.open(b"s/\xff.yml", os.O_CREAT))
    assert [d.path for d in load("s")] == [r"s/a\x1b[2J\n.yml", r"s/\xff.yml"]
