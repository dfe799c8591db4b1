"""Texts for people are plain technical English: they have none of the turns in banned_turns.yml."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from tests.support.paths import ROOT

HERE = Path(__file__).parent
TURNS = yaml.safe_load((HERE / "banned_turns.yml").read_text(encoding="utf-8"))


class Text(NamedTuple):
    """One paragraph or string, in one line."""

    line: int
    words: str


# --- The texts ------------------------------------------------------------------------------------


def markdown(source):
    """Paragraphs, items of lists and cells of tables, without code blocks."""
    paragraph = Paragraph()
    fenced = after_blank = False
    for number, line in enumerate(source.splitlines(), 1):
        words = line.strip()
        if words.startswith(("```", "~~~")):
            fenced = not fenced
        elif fenced or (line.startswith("    ") and after_blank):
            continue
        elif words.startswith("|"):
            yield from paragraph.end()
            yield from (Text(number, cell.strip()) for cell in re.split(r"(?<!\\)\|", words))
        else:
            if not words or re.match(r"([-*#]+|\d+\.) ", words):
                yield from paragraph.end()
            paragraph.add(number, words)
        after_blank = not words
    yield from paragraph.end()


def help_text(source):
    """Paragraphs of the description, and the help of each argument and option."""
    paragraph = Paragraph()
    for number, line in enumerate(source.splitlines(), 1):
        boxed = line.startswith("│")
        words = line.strip("│╭╮╰╯─ ")
        if not words or re.match(r"│ (-|  ?\S)", line) or words.startswith("[default:"):
            yield from paragraph.end()
        paragraph.add(number, re.split(r" {2,}", words)[-1] if boxed else words)
    yield from paragraph.end()


class Paragraph:
    """Collects lines, and gives them as one text."""

    def __init__(self):
        self.lines = []

    def add(self, number, words):
        if words:
            self.lines.append(Text(number, words))

    def end(self):
        if self.lines:
            yield Text(self.lines[0].line, " ".join(words for _, words in self.lines))
        self.lines = []


def python_strings(source):
    """String literals with a blank; a field of an f-string stands in braces. No docstrings."""
    waiting = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.JoinedStr):
            parts = (
                str(part.value) if isinstance(part, ast.Constant) else f"{{{named(part)}}}"
                for part in node.values
            )
            yield Text(node.lineno, one_line("".join(parts)))
        elif isinstance(node, ast.Constant):
            if isinstance(node.value, str) and " " in node.value:
                yield Text(node.lineno, one_line(node.value))
            continue
        waiting += (
            child
            for child in ast.iter_child_nodes(node)
            if not (isinstance(node, ast.JoinedStr) and isinstance(child, ast.Constant))
        )


def named(field):
    value = field.value if isinstance(field, ast.FormattedValue) else field
    return value.id if isinstance(value, ast.Name) else "value"


def quoted_strings(source):
    """String literals of C# and PowerShell with a blank, outside of comments of whole lines."""
    for number, line in enumerate(source.splitlines(), 1):
        if not line.lstrip().startswith(("//", "#", "*")):
            for match in re.finditer(r'"((?:[^"\\]|\\.)* (?:[^"\\]|\\.)*)"', line):
                yield Text(number, match[1])


def schema_texts(source):
    """Titles and descriptions. The place of a text is that of its JSON form in the file."""

    def texts(value):
        if isinstance(value, dict):
            for key, below in value.items():
                if key in ("title", "description", "markdownDescription") and isinstance(
                    below, str
                ):
                    yield below
                else:
                    yield from texts(below)
        elif isinstance(value, list):
            for below in value:
                yield from texts(below)

    for text in texts(json.loads(source)):
        at = source.find(json.dumps(text, ensure_ascii=False))
        yield Text(source.count("\n", 0, at) + 1, one_line(text))


def one_line(text):
    return " ".join(text.split())


TEXTS = {
    **dict.fromkeys(
        (
            "README.md",
            "CONTRIBUTING.md",
            "CHANGELOG.md",
            "docs/**/*.md",
            "benchmarks/**/*.md",
            "provisioner/lint/pages/*.md",
            "provisioner/advice/catalogue.md",
        ),
        markdown,
    ),
    "provisioner/**/*.py": python_strings,
    "playbooks/**/*.py": python_strings,
    "playbooks/**/*.cs": quoted_strings,
    "playbooks/**/*.ps1": quoted_strings,
    "schemas/*.json": schema_texts,
    # Help as it is printed: tests/cli/frozen compares these files with what commands print.
    "tests/cli/frozen/expected/help/*.txt": help_text,
}


# --- The test -------------------------------------------------------------------------------------


def refused(texts):
    """Line, words and plain words of each banned turn."""
    for line, words in texts:
        for turn in TURNS:
            for match in re.finditer(turn["turn"], words):
                yield line, match[0], turn["plain"]


def test_texts_have_no_banned_turn():
    wrong = [
        f"{path}:{line}: {words!r}: {plain}"
        for path, texts in searched_texts()
        for line, words, plain in refused(texts)
    ]
    assert not wrong, "\n" + "\n".join(wrong)


def searched_texts():
    for pattern, read in TEXTS.items():
        files = sorted(ROOT.glob(pattern))
        assert files, f"no file is named {pattern} any longer"
        for file in files:
            yield file.relative_to(ROOT).as_posix(), read(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("turn", TURNS, ids=lambda turn: turn["refused"])
def test_a_turn_is_found_and_plain_english_is_not(turn):
    assert re.search(turn["turn"], turn["refused"])
    assert not re.search(turn["turn"], turn["allowed"])


# --- The test of the test -------------------------------------------------------------------------

BANNED = "sign in anew"


def lines_of(texts):
    return [line for line, _, _ in refused(texts)]


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        (f"Text.\n\n{BANNED}", [3]),
        ("a\nsign in\nanew", [1]),
        (f"- one\n- {BANNED}", [2]),
        (f"| a |\n|---|\n| x | {BANNED} |", [3]),
        (f"```\n{BANNED}\n```\n{BANNED}", [4]),
        (f"Text:\n\n    {BANNED}\n\n    {BANNED}\n\nText", []),
    ],
)
def test_markdown(source, lines):
    assert lines_of(markdown(source)) == lines


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        (f'"""{BANNED}"""\ndef f():\n    """{BANNED}"""\n    x = "anew"\n    # {BANNED}', []),
        (f'x = "{BANNED}"', [1]),
        ('x = (\n    "sign in "\n    "anew"\n)', [2]),
        ('x = f"{name} sign in anew {other}"', [1]),
        ('x = f"takes {kind} tokens"', [1]),
        (f"x = f\"{{y or '{BANNED}'}} a\"", [1]),
    ],
)
def test_python_strings(source, lines):
    assert lines_of(python_strings(source)) == lines


def test_strings_of_csharp_and_powershell():
    assert lines_of(quoted_strings(f'// "{BANNED}"\nthrow new E("x: {BANNED}");')) == [2]


def test_schemas():
    schema = {"title": "a", "properties": {"title": {"description": BANNED}}, "$comment": BANNED}
    assert lines_of(schema_texts(json.dumps(schema, indent=1))) == [5]


def test_help():
    assert lines_of(
        help_text(
            f" {BANNED}\n"
            "╭─ Options ──╮\n"
            "│ --again  <aut>  Sign in     │\n"
            "│          o>     anew.       │\n"
            "│          [default: anew]    │\n"
            "╰────────────╯\n"
        )
    ) == [1, 3, 5]
