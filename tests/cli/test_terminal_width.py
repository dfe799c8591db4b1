"""Reports on terminals of 60 and of 200 columns, and their colors, by the same rule everywhere."""

import os
import re
import shutil

import pytest

from tests.cli.frozen.conftest import HERE
from tests.cli.frozen.program import PROVISIONER, provisioner
from tests.support.terminal import CTRL_C, Terminal

RED = "\x1b[31msign in\x1b[0m"


@pytest.fixture
def project(tmp_path):
    return shutil.copytree(HERE / "clean", tmp_path / "project")


def on_terminal(project, *arguments, columns=0, **environment):
    keep = {n: v for n, v in os.environ.items() if n not in ("NO_COLOR", "COLUMNS")}
    with Terminal(
        [PROVISIONER, *arguments],
        folder=project,
        environment={**keep, "TERM": "xterm", **environment},
        columns=columns,
        colored=True,
    ) as terminal:
        terminal.ends()
        return terminal.output


def test_a_report_is_as_wide_as_its_terminal(project):
    piped = provisioner("status", folder=project).stdout
    narrow, wide = (
        on_terminal(project, "status", columns=n, NO_COLOR="1").splitlines() for n in (60, 200)
    )
    assert wide == piped.splitlines()
    assert max(map(len, narrow)) <= 60
    assert narrow[1] == "Reports  reports@example.edu  -       -        -"
    assert narrow[2] == "    state: sign in"
    assert "".join("".join(narrow).split()).count("reports@example.edu") == 2


def test_a_card_is_wrapped_below_its_text_and_its_commands_are_whole(project):
    card = on_terminal(project, "authenticate", "Reports", "--card", columns=60).splitlines()
    assert "                   SPA), with a client secret" in card
    command = "Set-CASMailbox reports@example.edu -SmtpClientAuthenticationDisabled $false"
    assert any(line.endswith(command) for line in card)


def test_a_row_of_doctor_is_wrapped_in_its_column(project):
    checks = on_terminal(project, "doctor", "--no-hosts", columns=60).splitlines()
    plain = [re.sub(r"\x1b\[\d+m", "", line) for line in checks]
    whole = (str(project), "read -rs ")  # a path or a command is copied: it stays whole
    assert max(len(line) for line in plain if not any(part in line for part in whole)) <= 60
    assert any(line.strip().startswith("read -rs ") for line in plain)
    assert "\x1b[31mfailed\x1b[0m   " in "\n".join(checks)


def test_a_worksheet_is_wrapped_and_its_values_are_whole(project):
    sheet = on_terminal(project, "worksheet", "Reports", columns=60)
    wide = [line for line in sheet.splitlines() if len(line) > 60]
    assert all(re.match("  [A-Z].*  \\S", line) for line in wide), wide
    assert "if the server already\nexists, open its properties." in sheet


@pytest.mark.parametrize(
    ("environment", "colored"),
    [
        ({}, True),
        ({"TERM": "dumb"}, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ({"TERM": "dumb", "CLICOLOR_FORCE": "1"}, True),
    ],
)
def test_colors(project, environment, colored):
    text = on_terminal(project, "status", **environment)
    assert (RED in text) is colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", text) == provisioner("status", folder=project).stdout
    error = on_terminal(project, "status", "No-such", **environment)
    assert ("\x1b[31mError\x1b[0m: " in error) is colored


def test_colors_in_a_pipe_and_in_json(project):
    assert "\x1b" not in provisioner("status", folder=project).stdout
    assert RED in provisioner("status", folder=project, FORCE_COLOR="1").stdout
    forced = provisioner("status", "--format", "json", folder=project, FORCE_COLOR="1").stdout
    assert forced == provisioner("status", "--format", "json", folder=project).stdout


def test_a_long_question_is_broken_at_blanks(tmp_path):
    with Terminal(
        [PROVISIONER, "init", "--provider", "password"],
        folder=tmp_path,
        environment=os.environ,
        columns=60,
    ) as terminal:
        terminal.wait_for(r"\[login\]: ")
        asked = terminal.output.splitlines()
        terminal.type(CTRL_C)
        terminal.ends()
    assert max(map(len, asked)) <= 60
    methods = "login, plain, cram_md5, cram_sha1, digest_md5, auto_detect, none"
    assert " ".join(" ".join(asked).split()) == f"Sign-in method ({methods}) [login]:"
