"""What `make release-check` refuses, and that this checkout passes it."""

import ctypes
import io
import os
import select
import shutil
import subprocess
import sys
import tarfile
import zipfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from release import check
from tests.support.paths import ROOT

CLEAN = {
    "pyproject.toml": '[tool.hatch.metadata.hooks.custom]\nrepository = "https://example.edu/maps"\n',
    "provisioner/__init__.py": '__version__ = "2.1.0"\n',
    "CHANGELOG.md": "## [Unreleased]\n\n## [2.1.0] - 2030-01-31\n",
    "docs/index.md": "",
    "picture.svg": "",
    ".github/workflows/tests.yml": "",
    **dict.fromkeys((name.removeprefix("provisioner/") for name in check.NEEDED_IN_WHEEL[1:3]), ""),
    **dict.fromkeys(check.NEEDED_IN_WHEEL[:1] + check.NEEDED_IN_WHEEL[3:], ""),
}
AT = "https://example.edu/maps/{}/v2.1.0/{}"
METADATA = f"""\
Metadata-Version: 2.4
Name: maps-provisioner
Version: 2.1.0
Summary: For tests
License-Expression: GPL-3.0-or-later
Project-URL: Homepage, https://example.edu/maps
Project-URL: Documentation, {AT.format("tree", "docs")}
Project-URL: Changelog, {AT.format("blob", "CHANGELOG.md")}
Project-URL: Issues, https://example.edu/maps/issues
Project-URL: Source, https://example.edu/maps
Description-Content-Type: text/markdown

# Maps

![Picture]({AT.format("raw", "picture.svg")}) [Page]({AT.format("blob", "docs/index.md")}#part)
"""
INFORMATION = "maps_provisioner-2.1.0.dist-info/"


def written(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


class Made:
    """A checkout of few files, and its distributions; tests change them before the check."""

    def __init__(self, root: Path) -> None:
        self.root = root
        written(root, CLEAN)
        git = ["git", "-C", str(root), "-c", "user.name=Ann", "-c", "user.email=ann@example.edu"]
        for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "All"]):
            subprocess.run([*git, *command], check=True)
        self.sdist = {name: "" for name in CLEAN if not name.startswith(".github")}
        self.sdist["PKG-INFO"] = METADATA
        self.wheel = {
            there + name.removeprefix(here): text
            for name, text in CLEAN.items()
            for here, there in check.IN_WHEEL.items()
            if name.startswith(here)
        }
        names = ("WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")
        self.wheel |= {INFORMATION + name: "" for name in names}
        self.wheel[INFORMATION + "METADATA"] = METADATA
        self.wheel_of_tree = self.wheel

    def release(self, folder: Path, tag: str) -> check.Release:
        sdist = folder / "maps_provisioner-2.1.0.tar.gz"
        with tarfile.open(sdist, "w:gz") as archive:
            for name, text in self.sdist.items():
                member = tarfile.TarInfo(f"maps_provisioner-2.1.0/{name}")
                member.size = len(text)
                archive.addfile(member, io.BytesIO(text.encode()))
        wheels = []
        for kind, files in (("wheel", self.wheel), ("tree", self.wheel_of_tree)):
            wheels.append(folder / kind / "maps_provisioner-2.1.0-py3-none-any.whl")
            wheels[-1].parent.mkdir()
            with zipfile.ZipFile(wheels[-1], "w") as archive:
                for name, text in files.items():
                    archive.writestr(zipfile.ZipInfo(name), text)
        return check.Release(self.root, sdist, *wheels, tag)


def problems(made: Made, folder: Path, tag: str = "v2.1.0") -> set[str]:
    folder.mkdir()
    release = made.release(folder, tag)
    return {
        f"{name}: {problem.splitlines()[0]}"
        for name, of_release in (check.CHECKS | check.TAG_CHECKS).items()
        for problem in of_release(release)
    }


@pytest.fixture
def made(tmp_path):
    return Made(tmp_path / "checkout")


def test_nothing_is_wrong(made, tmp_path):
    assert problems(made, tmp_path / "dist") == set()


def with_metadata(old, new):
    def change(made):
        for files in (made.wheel, made.wheel_of_tree):
            files[INFORMATION + "METADATA"] = METADATA.replace(old, new)

    return change


def changed(**files):
    return lambda made: written(made.root, {n.replace("__", "."): t for n, t in files.items()})


CHANGELOG = (
    "CHANGELOG.md has the date of the release: CHANGELOG.md: the section of 2.1.0 has no date: "
)
LINKS = "links of README.md on PyPI: README.md: "
REFUSED = {
    "tokens in the sdist": (
        lambda made: made.sdist.update({"tokens/reports.yml": ""}),
        "the sdist has the files of the checkout, and no other: unexpected: tokens/reports.yml",
    ),
    "files of CI in the sdist": (
        lambda made: made.sdist.update({".github/workflows/tests.yml": ""}),
        "unexpected: .github/workflows/tests.yml",
    ),
    "a page that the sdist lacks": (
        lambda made: made.sdist.pop("docs/index.md"),
        "the sdist has the files of the checkout, and no other: missing: docs/index.md",
    ),
    "tests in the wheel": (
        lambda made: made.wheel.update({"tests/test_a.py": ""}),
        "the wheel has what a user runs, and no other file: unexpected: tests/test_a.py",
    ),
    "no py.typed": (
        lambda made: made.wheel.pop("provisioner/py.typed"),
        "missing: provisioner/py.typed",
    ),
    "no license": (
        lambda made: made.wheel.pop(INFORMATION + "licenses/LICENSE"),
        f"missing: {INFORMATION}licenses/LICENSE",
    ),
    "wheels that differ": (
        lambda made: setattr(made, "wheel_of_tree", made.wheel | {"provisioner/__init__.py": ""}),
        "the wheel built from the sdist and the wheel built from the checkout differ",
    ),
    "metadata that PyPI rejects": (
        with_metadata("text/markdown", "text/unknown"),
        "twine check --strict: ",
    ),
    "another version": (
        with_metadata("\nVersion: 2.1.0", "\nVersion: 2.0.9"),
        "Version: 2.0.9; provisioner/__init__.py has 2.1.0",
    ),
    "another license": (with_metadata("GPL-3.0-or-later", "MIT"), "License-Expression: MIT"),
    "no address for issues": (with_metadata("URL: Issues", "URL: Bugs"), "Issues is missing"),
    "an address without a page": (
        with_metadata("v2.1.0/docs\n", "v2.1.0/pages\n"),
        "Project-URL: no such file: pages",
    ),
    "a relative link": (
        with_metadata("[Page](https://example.edu/maps/blob/v2.1.0/", "[Page]("),
        f"{LINKS}not an absolute link: docs/index.md#part",
    ),
    "a link to no page": (
        with_metadata("index.md#", "start.md#"),
        f"{LINKS}no such file: docs/start.md",
    ),
    "a picture that is not shown": (with_metadata("![", "["), f"{LINKS}no picture"),
    "no section of this version": (
        changed(CHANGELOG__md="## [Unreleased]\n"),
        "CHANGELOG.md: no section `## [2.1.0] - DATE`",
    ),
    "a section without a date": (
        changed(CHANGELOG__md="## [2.1.0] - unreleased\n"),
        f"{CHANGELOG}unreleased",
    ),
    "the placeholder of the address": (
        changed(pyproject__toml=CLEAN["pyproject.toml"].replace("edu/maps", "edu/OWNER/maps")),
        "pyproject.toml: repository is the placeholder https://example.edu/OWNER/maps",
    ),
    "a file that is not committed": (changed(notes__txt=""), "not committed: ?? notes.txt"),
}


@pytest.mark.parametrize(("change", "problem"), REFUSED.values(), ids=REFUSED)
def test_refusals(made, tmp_path, change, problem):
    change(made)
    found = problems(made, tmp_path / "dist")
    assert any(problem in each for each in found), found


def test_a_tag_of_another_version_is_refused(made, tmp_path):
    found = (
        "the tag is the version: the tag is v2.2.0, the version in provisioner/__init__.py 2.1.0"
    )
    assert problems(made, tmp_path / "dist", "v2.2.0") == {found}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return check.build(ROOT, tmp_path_factory.mktemp("release"))


@pytest.mark.long
@pytest.mark.parametrize("name", check.CHECKS)
def test_this_checkout(built, name):
    assert list(check.CHECKS[name](built)) == []


@pytest.mark.long
def test_what_git_ignores_is_not_walked(tmp_path):
    """What tests install may link to all of the machine, where folders come and go at any time."""
    checkout = tmp_path / "checkout"
    for folder in ("provisioner", "release", "schemas", "playbooks"):
        shutil.copytree(ROOT / folder, checkout / folder)
    for file in (".gitignore", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, checkout)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (checkout / ".lab").mkdir()
    (checkout / ".lab/link").symlink_to(elsewhere)
    with opened(elsewhere) as is_opened:
        check.run(sys.executable, "-m", "build", "--sdist", cwd=checkout)
        assert not is_opened()
        list(elsewhere.iterdir())
        assert is_opened()


@contextmanager
def opened(folder):
    """Whether anyone has opened the folder meanwhile (inotify(7))."""
    libc, in_open = ctypes.CDLL(None), 0x20
    watch = libc.inotify_init1(os.O_NONBLOCK)
    assert libc.inotify_add_watch(watch, os.fsencode(folder), in_open) > 0
    yield lambda: bool(select.select([watch], [], [], 0)[0])
    os.close(watch)


@pytest.mark.long
@pytest.mark.timeout(900)  # it downloads packages
def test_an_installation(built, tmp_path):
    assert list(check.installation(built, "pip, wheel", tmp_path)) == []
    assert list((tmp_path / "tmp").iterdir()) == [], "the demo leaves nothing behind"


def test_an_installation_that_fails_is_reported(built_of_nothing, tmp_path):
    (problem,) = check.installation(built_of_nothing, "pip, wheel", tmp_path)
    assert "pip install" in problem
    assert "exit code 1" in problem


@pytest.fixture
def built_of_nothing(made, tmp_path):
    (tmp_path / "dist").mkdir()
    return replace(made.release(tmp_path / "dist", "v2.1.0"), wheel=tmp_path / "none.whl")


@pytest.mark.parametrize(("found", "printed"), [([], "ok      A check\n"), (["a\nb"], None)])
def test_problems_are_printed_below_their_check(capsys, found, printed):
    assert check.report("A check", found) == (not found)
    expected = printed or "failed  A check\n        a\n        b\n"
    assert capsys.readouterr().out == expected
