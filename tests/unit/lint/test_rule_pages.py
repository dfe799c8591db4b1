"""Each rule has a page, and the page's examples are true."""

import re
from pathlib import Path
from typing import get_args

import pytest

from provisioner.config.issue import ReaderRule
from provisioner.lint import checks
from provisioner.lint.checks import RULES, THEMES, UNUSED_IGNORE
from provisioner.lint.result import lint
from provisioner.lint.rule import rule_page, rule_pages
from tests.support.loading import load

RULE_IDS = [entry.rule for entry in rule_pages()]
SCHEMA_RULES = {
    *("missing-key", "unknown-key", "forbidden-key", "wrong-type", "wrong-form"),
    *("not-allowed-value", "not-a-server", "out-of-range"),
}
# What no text between three backquotes can show, or none outside a project.
IN_WORDS_ONLY = {
    "byte-order-mark",
    "encoding",
    "line-ends",
    "no-files",
    "no-sender",
    "other-suffix",
    "outside-checkout",
    "second-settings",
    "too-large",
    "unreadable-file",
}


def examples_below(heading, rule):
    section = re.search(rf"^## {heading}\n(.*?)(?=^## )", rule_page(rule) or "", re.M | re.S)
    return re.findall(r"```yaml\n(.*?)```", section.group(1), re.S)


def rules_found(text, folder):
    path = folder / "server.yml"
    path.write_text(text, encoding="utf-8")
    return {finding.rule for finding in lint(load(path)).findings}


def test_there_is_a_page_for_each_rule_and_no_other():
    known = {*get_args(ReaderRule), *SCHEMA_RULES, *(rule.id for rule in RULES), UNUSED_IGNORE}
    assert set(RULE_IDS) == known


def test_a_rule_is_a_function_of_its_name_in_one_theme():
    assert len({rule.id for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.check.__name__ == rule.id.replace("-", "_")


def test_every_theme_is_listed():
    folder = Path(str(checks.__file__)).parent
    found = {file.stem for file in folder.glob("*.py")} - {"__init__"}
    assert {theme.__name__.rpartition(".")[2] for theme in THEMES} == found


@pytest.mark.parametrize("rule", RULE_IDS)
def test_a_page_says_problem_correct_and_why(rule):
    text = rule_page(rule) or ""
    lines = text.splitlines()
    assert lines[0] == f"# {rule}"
    assert lines[2].endswith(".")
    assert re.findall(r"^## (.*)$", text, re.M) == ["Problem", "Correct", "Why"]
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize("rule", sorted(set(RULE_IDS) - IN_WORDS_ONLY))
def test_the_problem_on_a_page_is_found(rule, tmp_path):
    (problem,) = examples_below("Problem", rule)
    assert rule in rules_found(problem, tmp_path)


@pytest.mark.parametrize("rule", sorted(set(RULE_IDS) - IN_WORDS_ONLY))
def test_what_a_page_calls_correct_has_no_finding(rule, tmp_path):
    (correct,) = examples_below("Correct", rule)
    assert rules_found(correct, tmp_path) == set()


@pytest.mark.parametrize(
    "rule", ["app-password-only", "cleartext-login", "doubtful-smtp-host", "foreign-sender"]
)
def test_the_comment_that_a_page_shows_hides(rule, tmp_path):
    (problem,) = examples_below("Problem", rule)
    shown = re.search(
        rf"^    (\w+): .*(  # provisioner: ignore\[{rule}\] .*)$", rule_page(rule) or "", re.M
    )
    key, comment = shown.groups()
    assert rules_found(problem, tmp_path) == {rule}
    ignored = re.sub(rf"^( *{key}: .*)$", rf"\1{comment}", problem, flags=re.M)
    assert rules_found(ignored, tmp_path) == set()
