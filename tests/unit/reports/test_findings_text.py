"""The text report in colours. Its words: tests/examples/invalid."""

import re

from provisioner.lint.result import LintResult
from provisioner.reports.findings.text import render, render_colored
from tests.unit.reports.finding_samples import SMALL, finding


def test_severity_rule_caret_and_place_are_coloured():
    assert render_colored(SMALL) == (
        "\x1b[1mservers/a.yml:4:7:\x1b[0m \x1b[1;31merror\x1b[0m[\x1b[36mwrong-type\x1b[0m] "
        "`port` must be a whole number\n"
        "      port: x\n"
        "            \x1b[1;31m^\x1b[0m\n"
        "    write it without quotes\n"
        "\n"
        "\x1b[1mservers/b & c.yml:2:1:\x1b[0m \x1b[1;33mwarning\x1b[0m"
        "[\x1b[36mcleartext-login\x1b[0m] the password travels in the clear\n"
        "    set use_tls: true\n"
        "\n"
        "4 files, 3 email servers: 1 error, 1 warning\n"
    )


def test_without_its_colours_it_is_the_plain_report():
    assert re.sub(r"\x1b\[[0-9;]*m", "", render_colored(SMALL)) == render(SMALL)
    assert "\x1b" not in render(SMALL)


def test_a_name_is_no_command_of_a_ci():
    result = LintResult(findings=(finding(file="::stop-commands::x.yml"),), files=1, servers=1)
    assert render(result).startswith("./::stop-commands::x.yml:4:7: error")
