"""CONTRIBUTING.md: each recipe is done as it is written, in a copy of the repository."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.support.paths import ROOT

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
COPIED = ("provisioner", "schemas", "playbooks", "tests", "docs", "pyproject.toml")
PROGRAMS = ("provisioner", "pytest")
RUFF = Path(sys.executable).with_name("ruff")
END = "(end)"

# The end of the paragraph before a block says what to do with it.
TARGET = re.compile(r"(new file|at the end of|in) `([\w./-]+)`[^`.]*:$", re.IGNORECASE)


@dataclass(frozen=True)
class Edit:
    """`how`: new file, at the end of, or in: then the text is a diff without a head."""

    how: str
    file: str
    text: str

    def apply(self, folder):
        file = folder / self.file
        assert file.exists() is (self.how != "new file"), self.file
        file.parent.mkdir(parents=True, exist_ok=True)
        if self.how != "in":
            with file.open("a", encoding="utf-8") as opened:
                is_function = self.how == "at the end of" and file.suffix == ".py"
                opened.write("\n\n" * is_function + self.text)
            return
        lines = [line or " " for line in self.text.splitlines()]
        before, after = (
            "\n" + "".join(f"{line[1:]}\n" for line in lines if line[0] in kept)
            for kept in (" -", " +")
        )
        text = "\n" + file.read_text(encoding="utf-8")
        assert text.count(before) == 1, f"{self.file} has this {text.count(before)} times: {before}"
        file.write_text(text.replace(before, after)[1:], encoding="utf-8")


@dataclass(frozen=True)
class Recipe:
    """A section with blocks; `session`, the last one: commands, and lines of what they print."""

    title: str
    edits: tuple[Edit, ...]
    session: str


def recipes():
    for section in re.split(r"^### ", PAGE, flags=re.MULTILINE)[1:]:
        title = section.partition("\n")[0]
        *edits, last = [*blocks(section)] or [None]
        if last is not None:
            assert last.how == "console", f"{title}: the last block is not a session"
            yield Recipe(title, tuple(edits), last.text)


def blocks(section):
    paragraph = ""
    for token in MarkdownIt().parse(section):
        if token.type == "inline":
            paragraph = " ".join(token.content.split())
        elif token.type == "fence" and token.info == "console":
            yield Edit("console", "", token.content)
        elif token.type == "fence":
            target = TARGET.search(paragraph)
            assert target is not None, f"nothing says where this goes: {token.content}"
            assert (token.info == "diff") is (target[1].casefold() == "in"), paragraph
            yield Edit(target[1].casefold(), target[2], token.content)


RECIPES = tuple(recipes())


@pytest.fixture
def copy(tmp_path):
    """What the recipes change of the repository, and its programs."""
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name)  # compiled files, too: they save seconds
        else:
            shutil.copy(ROOT / name, tmp_path)
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name in PROGRAMS:
        file = programs / name
        file.write_text(f'#!/bin/sh\nPYTHONPATH={tmp_path} exec {sys.executable} -m {name} "$@"\n')
        file.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.title)
def test_a_recipe_works_as_it_is_written(recipe, copy):
    for edit in recipe.edits:
        edit.apply(copy)
    changed = sorted({edit.file for edit in recipe.edits if edit.file.endswith(".py")})
    for check in ("check", "format --check"):
        subprocess.run([RUFF, *check.split(), "--quiet", *changed], cwd=copy, check=True)
    for command, expected, code, printed in session(recipe, copy):
        has_findings = command.startswith(".venv/bin/provisioner validate") and code == 1
        assert code == 0 or has_findings, f"{command}\n{printed}"
        for line in expected:
            assert line in printed, f"{command}\n{printed}"


def session(recipe, folder):
    """Each command, the lines that it is to print, its exit code, and all that it has printed."""
    steps = [step.splitlines() for step in recipe.session.removeprefix("$ ").split("\n$ ")]
    script = "exec 2>&1 < /dev/null\n"
    script += "".join(f"{command}\nprintf '{END}%d{END}' $?\n" for command, *_ in steps)
    done = subprocess.run(
        ["bash", "-c", script], check=False, cwd=folder, stdout=subprocess.PIPE, text=True
    )
    *printed, rest = done.stdout.split(END)
    assert len(printed) == 2 * len(steps), rest
    for (command, *expected), text, code in zip(steps, printed[::2], printed[1::2], strict=True):
        yield command, expected, int(code), text


def test_there_is_a_recipe_for_each_kind_of_addition():
    assert [re.sub("^Add an? ", "", recipe.title) for recipe in RECIPES] == [
        "rule",
        "provider",
        "secret source",
        "SMTP method",
        "field of the MAPS dialog",
        "report format",
        "command",
        "host operation",
    ]


def test_the_page_names_only_files_that_exist():
    made = {edit.file for recipe in RECIPES for edit in recipe.edits if edit.how == "new file"}
    named = {*re.findall(r"`((?:provisioner|playbooks|schemas|tests|docs)/[\w./-]*)`", PAGE)}
    assert sorted(name for name in named - made if not (ROOT / name).exists()) == []
