"""Workflow commands, read as GitHub's runner reads them, and the step's summary."""

import re

import lxml.html
import pytest
from markdown_it import MarkdownIt

from provisioner.lint.result import LintResult
from provisioner.reports import step_summary
from provisioner.reports.findings.github import render
from provisioner.text import printable_lines
from tests.unit.reports.finding_samples import (
    CLEAN,
    HOSTILE,
    HOSTILE_NAMES,
    SMALL,
    WARNING,
    finding,
    large,
)

DATA = {"%0D": "\r", "%0A": "\n", "%25": "%"}
PROPERTY = {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"}


def unescaped(text, mapping):
    for escape, sign in mapping.items():
        text = text.replace(escape, sign)
    return text


def command_of(line):
    """By the rules of TryParseV2 in actions/runner, src/Runner.Common/ActionCommand.cs."""
    line = line.lstrip()
    end = line.find("::", 2)
    if not line.startswith("::") or end < 0:
        return None
    name, _, rest = line[2:end].partition(" ")
    pairs = (part.split("=", 1) for part in rest.strip().split(",") if part)
    properties = {pair[0]: unescaped(pair[1], PROPERTY) for pair in pairs if len(pair) == 2}
    return name, properties, unescaped(line[end + 2 :], DATA)


def commands_of(text):
    """A runner ends a line at any of these."""
    return [command_of(line) for line in re.split("\r\n|\r|\n", text.removesuffix("\n"))]


def test_a_finding_of_several_lines_has_no_columns_and_ends_where_its_last_line_does():
    """tests/cli/frozen has a whole report."""
    command = commands_of(render(LintResult(findings=(WARNING,), files=1, servers=1)))[0]
    assert command[0] == "warning"
    place = {"file": "servers/b & c.yml", "line": "2", "endLine": "3"}
    assert command[1] == {**place, "title": "provisioner cleartext-login"}


def test_standard_input_is_no_file_to_annotate():
    result = LintResult(findings=(finding(file="<stdin>"),), files=1, servers=1)
    command = commands_of(render(result))[0]
    assert command[1] == {"title": "provisioner wrong-type"}
    assert command[2].startswith("<stdin>:4:7: ")


def test_the_runner_reads_hostile_names_as_they_are_shown():
    commands = commands_of(render(HOSTILE))
    assert commands.pop() is None
    for command, name in zip(commands, map(printable_lines, HOSTILE_NAMES), strict=True):
        kind, properties, text = command
        assert kind == "error"
        assert properties["file"] == name
        assert list(properties) == ["file", "line", "endLine", "col", "endColumn", "title"]
        assert text == f"{name}:4:7: about {name}\n{name}"


def test_the_summary_of_a_step():
    clean = "1 file, 1 email server: no problems found\n"
    assert render(CLEAN) == clean
    assert step_summary.render(CLEAN) == f"### provisioner validate\n\n{clean}"
    assert step_summary.render(SMALL) == (
        "### provisioner validate\n\n4 files, 3 email servers: 1 error, 1 warning\n\n"
        "| | rule | place | what is wrong | what to do |\n|---|---|---|---|---|\n"
        "| error | wrong-type | <code>servers/a.yml:4:7</code> | &#96;port&#96; must be a whole "
        "number | write it without quotes |\n"
        "| warning | cleartext-login | <code>servers/b &#38; c.yml:2:1</code> | the password "
        "travels in the clear | set use&#95;tls: true |\n"
    )


def test_hostile_names_stay_in_their_cells():
    rows = step_summary.render(HOSTILE).split("\n")[6:-1]
    assert len(rows) == len(HOSTILE_NAMES)
    for row in rows:
        assert row.count("|") == 6
        assert re.findall("<.*?>", row) == ["<code>", "</code>"]
        assert not re.search(r"[`\[\]@*\\~]", row)


def test_hostile_names_are_read_as_they_are_in_the_rendered_table():
    """As the loader gives them: what cannot be printed is escaped there."""
    names = [name for name in HOSTILE_NAMES if name.isprintable()]
    found = tuple(finding(file=name, message=name, remedy=name) for name in names)
    text = step_summary.render(LintResult(findings=found, files=1, servers=1))
    html = lxml.html.fromstring(MarkdownIt("commonmark").enable("table").render(text))
    for row, name in zip(html.findall(".//tbody/tr"), names, strict=True):
        cells = [cell.text_content() for cell in row]
        assert cells == ["error", "wrong-type", f"{name}:4:7", name, name]


@pytest.mark.parametrize("most", [step_summary.MOST_BYTES, 3_000, 100])
def test_a_summary_too_large_is_cut_and_says_so(most):
    text = step_summary.render(large(10_000), most)
    rows = sum(line.startswith(("| error", "| warning")) for line in text.splitlines())
    assert len(text.encode()) <= max(most, 200)
    assert len(text.encode()) > most - 1_000
    assert text.endswith(f"\n{10_000 - rows:,} more are left out here: see the step's log.\n")
