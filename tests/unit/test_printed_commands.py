"""Each command that is printed or documented is one that this program takes."""

import ast
import re
import shlex
from functools import cache
from itertools import chain

import pytest
import typer

from provisioner.cli.app import COMMANDS, app_with
from provisioner.errors import ProvisionerError
from tests.support.paths import ROOT

# In place of what only a run knows: a name with a blank, and one like an option.
SAMPLES = ("Reports", "'office of admissions'", "-Reports")
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "provisioner").rglob("*.md")),
]
# A command ends where its sentence does, or a shell's redirection begins.
COMMAND = re.compile(
    r"(?<![\w/.@-])(provisioner|git) "
    r"((?:'[^'\n]*'|\"[^\"\n]*\"|\\\n|[^\s`;,()'\"<>|&#\\]+|[ \t](?![>|&#]))+)"
)
# What follows is a command, and no sentence about this program.
PROPOSED = re.compile(r"(?:`|run: |\$ )$")
GIT = {"add", "checkout", "clone", "commit", "config", "init", "log", "merge", "mv", "pull", "push"}
GIT |= {"restore", "rev-parse", "rm", "stash", "status", "switch", "tag", "worktree", "diff"}


def commands_in(text):
    """(program, arguments) of each."""
    for found in COMMAND.finditer(text):
        arguments = found[2].replace("\\\n", " ").strip().rstrip(".:")
        first = arguments.partition(" ")[0]
        known = first in COMMANDS if found[1] == "provisioner" else first in GIT
        if known or (re.fullmatch("[a-z-]+", first) and PROPOSED.search(text[: found.start()])):
            yield found[1], arguments


def literals(tree):
    """Strings of a module, each with every sample in its places; but its docstrings."""
    ignored = set()
    for node in ast.walk(tree):
        if node in ignored:
            continue
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            first = node.body[0] if node.body else None
            # the docstring of a command is its help
            if isinstance(first, ast.Expr) and "Examples:" not in ast.dump(first):
                ignored.add(first.value)
        elif isinstance(node, ast.JoinedStr):
            ignored.update(ast.walk(node))
            for sample in SAMPLES:
                yield "".join(pieces(node, sample))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def pieces(node, sample):
    """What is put right behind a word, as more options are, is left out."""
    before = " "
    for value in node.values:
        piece = str(value.value) if isinstance(value, ast.Constant) else sample
        if not isinstance(value, ast.Constant) and not before.endswith((" ", "=", "{")):
            piece = ""
        yield piece
        before = piece or before


def places():
    for path in sorted((ROOT / "provisioner").rglob("*.py")):
        for text in literals(ast.parse(path.read_text(encoding="utf-8"))):
            yield str(path.relative_to(ROOT)), text
    for path in PAGES:
        yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


def found():
    """Command -> where it is."""
    commands = {}
    for place, text in places():
        for program, arguments in commands_in(text):
            commands.setdefault(f"{program} {arguments}", set()).add(place)
    return commands


@cache
def program():
    return typer.main.get_command(app_with(COMMANDS))


def refusal(line):
    """Why the command line is not taken; nothing is run."""
    name, first, *arguments = shlex.split(line)
    if name == "git":
        return "" if first in GIT else f"no such command of git: {first}"
    group = program()
    with group.make_context("provisioner", [first, *arguments], resilient_parsing=True) as outer:
        command = group.get_command(outer, first)
        if first.startswith("-") or "--help" in arguments:
            return ""
        if command is None:
            return f"no such command: {first}"
        try:
            command.make_context(first, arguments, parent=None)
        except ProvisionerError:  # a file that is not there: so far it is parsed
            return ""
        except Exception as error:  # noqa: BLE001
            if not arguments and "Missing" in str(error):  # it is named, not written out
                return ""
            return str(getattr(error, "message", "") or error) or type(error).__name__
    return ""


def test_each_printed_command_is_taken():
    commands = found()
    assert len(commands) > 100
    refused = {
        line: (why, sorted(places)[:3])
        for line, places in commands.items()
        if (why := refusal(line))
    }
    assert not refused, "\n".join(f"{line}: {why}" for line, why in refused.items())


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("provisioner statu", "no such command: statu"),
        ("provisioner push --plam x", "No such option: --plam"),
        ("provisioner authenticate -Reports", "No such option"),
        ("provisioner history a b", "unexpected extra argument"),
        ("provisioner push --max-failures", "requires an argument"),
        ("git pussh", "no such command of git"),
    ],
)
def test_a_wrong_one_is_refused(line, why):
    assert why in refusal(line)


def test_commands_are_found_in_sentences_and_blocks():
    text = "run: provisioner statu\n```\nprovisioner push \\\n  --plan x # now\n```\n"
    text += "the provisioner reads it; `provisioner pla`, and git commit -m 'a b'."
    assert list(chain(commands_in(text))) == [
        ("provisioner", "statu"),
        ("provisioner", "push    --plan x"),
        ("provisioner", "pla"),
        ("git", "commit -m 'a b'"),
    ]
