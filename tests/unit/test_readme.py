"""What README and docs/ say is true of the program."""

import inspect
import os
import re
import subprocess
import textwrap

import pytest
import yaml
from typer.main import get_command

from provisioner.cli.app import app_with
from provisioner.errors import ExitCode, gravest
from provisioner.host import host_settings
from provisioner.host.result import MEANINGS, InMaps
from provisioner.lint.schema import schema_named
from provisioner.reports.findings.formats import FindingFormat
from provisioner.reports.host_status import DELIVERED, WORDS
from provisioner.worksheet.sheet import dialog_fields
from tests.support.paths import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = sorted((ROOT / "docs").rglob("*.md"))
PAGES = README + "".join(page.read_text(encoding="utf-8") for page in DOCS)
COMMANDS = get_command(app_with()).commands


def shown_server():
    start = README.index("server_name: Reports")
    lines = README[:start].splitlines()[-1] + README[start : README.index("3. **Name the hosts")]
    return yaml.safe_load(textwrap.dedent(lines))


def test_the_example_server_is_accepted_by_the_schema():
    assert schema_named("email-server").accepts(shown_server())


@pytest.mark.parametrize("line", sorted(set(re.findall(r"^ +(provisioner .*)$", PAGES, re.M))))
def test_each_command_shown_exists_with_its_options(line):
    name, *rest = line.split("#")[0].split()[1:]
    if name in ("--help", "--version"):
        return
    options = {o for parameter in COMMANDS[name].params for o in parameter.opts}
    assert {word for word in rest if word.startswith("--")} <= options


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_each_commands_help_ends_with_two_examples_that_exist(name):
    examples = re.findall(rf"^\s+(provisioner {name}\b.*)$", COMMANDS[name].epilog, re.M)
    assert len(examples) >= 2
    options = {o for p in COMMANDS[name].params for o in (*p.opts, *p.secondary_opts)}
    for example in examples:
        assert {w.split("=")[0] for w in example.split() if w.startswith("--")} <= options


def test_the_exit_codes_are_those_of_the_program():
    codes = re.findall(r"^\| (\d+) \|", reference("exit-codes"), re.M)
    assert [int(code) for code in codes] == sorted(ExitCode)


def test_the_gravest_exit_code_is_that_of_the_program():
    order = re.search(r"the first of ([\d, ]+\d)", reference("exit-codes"))[1].split(", ")
    codes = [ExitCode(int(code)) for code in order]
    assert [gravest(codes[number:]) for number in range(len(codes))] == codes


def test_the_two_commands_are_in_the_makefile():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in ("demo", "test"):
        assert f"    make {target} " in README
        assert re.search(rf"^{target}:", makefile, re.M)


def reference(name):
    return (ROOT / "docs" / "reference" / f"{name}.md").read_text(encoding="utf-8")


def test_the_states_of_hosts_have_the_exit_codes_of_the_program():
    rows = re.findall(r"^\| ([a-z ,]+) \| .* \| (\d) \|$", reference("host-states"), re.M)
    assert {state: int(code) for state, code in rows} == {
        str(state): meaning.exit_code for state, meaning in MEANINGS.items()
    }


def test_who_reads_a_generated_page_as_a_file_is_told_where_its_content_is():
    assert PAGES.count("<!-- generated: ") > 8
    for page in DOCS:
        after = page.read_text(encoding="utf-8").split("<!-- generated: ")[1:]
        assert all("-->\n*The documentation site, built by `make docs`" in text for text in after)


def test_the_states_of_status_are_those_of_the_program():
    table = reference("host-states").partition("## States of")[2].partition("## Values")[0]
    rows = re.findall(r"^\| ([a-z ,]+) \| ", table, re.M)[1:]
    assert rows == [*WORDS, ", ".join(InMaps), DELIVERED]


def test_the_formats_of_findings_are_those_of_the_program():
    table = reference("reports").partition("## Runs")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.M) == [*FindingFormat]


def test_the_fields_of_the_dialog_are_those_of_the_worksheet():
    page = (ROOT / "docs" / "explanation" / "maps.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+) \| ([^|]+) \| `([\w.]+)` \|$", page, re.M)
    assert rows == [(field.tab, field.label, field.name) for field in dialog_fields()]


_STUB = """#!/bin/sh
echo "$(basename "$0") $*" >> "$LOG"
case "$1 $PAGE" in worksheet*page) echo page > "$4"; cat "$4" >> "$LOG";; esac
[ "$1" != push ] || exit 6
"""


@pytest.mark.parametrize("page", ["", "page"])
def test_the_alert_of_a_push_is_mailed_if_there_is_a_page(tmp_path, page):
    text = (ROOT / "docs" / "how-to" / "worksheet.md").read_text(encoding="utf-8")
    script = text.partition("```sh\n")[2].partition("```")[0]
    for name, content in (("provisioner", _STUB), ("mail", _STUB), ("alert", script)):
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    environment = {
        "PATH": path,
        "PAGE": page,
        "LOG": str(tmp_path / "log"),
        "TMPDIR": str(tmp_path),
    }
    ended = subprocess.run([tmp_path / "alert", "a@example.edu"], env=environment, check=False)
    assert ended.returncode == 6, "that of the push"
    calls = (tmp_path / "log").read_text()
    assert calls.startswith("provisioner push --yes\nprovisioner worksheet --changed --output ")
    assert ("\nmail -s " in calls) == bool(page)
    assert not list(tmp_path.glob("tmp.*"))


def test_the_host_variables_are_those_that_are_read():
    table = reference("host-variables").partition("On Windows:")[0]
    named = re.findall(r"^\| `(maps_\w+)` \|", table, re.M)
    read = re.findall(r'variables, "(maps_\w+)"', inspect.getsource(host_settings.host_settings))
    assert sorted(named) == sorted([*read, "maps_service"])


@pytest.mark.parametrize("page", sorted(p.relative_to(ROOT) for p in ROOT.glob("*.md")))
def test_links_lead_somewhere(page):
    """Those of docs/ are checked as the site is built: tests/cli/test_site.py."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", text):
        name, _, anchor = target.partition("#")
        file = (ROOT / page).parent / name if name else ROOT / page
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), target


def anchors(file):
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", file.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
