"""The Code Quality report: against the schema GitLab itself uses, and its documented values."""

import json

import jsonschema_rs
import pytest

from provisioner.lint.result import LintResult
from provisioner.reports.findings.gitlab import render
from tests.unit.reports.finding_samples import CLEAN, HOSTILE, WARNING, finding, large, schema

ISSUE = jsonschema_rs.validator_for(schema("gitlab-codeclimate.json"))


def issues_of(result):
    text = render(result)
    assert text.isascii()
    issues = json.loads(text)
    for issue in issues:
        ISSUE.validate(issue)
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert not issue["location"]["path"].startswith("./")
    marks = [issue["fingerprint"] for issue in issues]
    assert len(set(marks)) == len(marks)  # GitLab shows the first of each
    return issues


def test_a_finding_of_several_lines_ends_where_its_last_line_does():
    """tests/cli/frozen has a whole report."""
    [issue] = issues_of(LintResult(findings=(WARNING,), files=1, servers=1))
    assert issue["location"]["lines"] == {"begin": 2, "end": 3}
    assert len(issue["fingerprint"]) == 64


def test_paths_are_relative_to_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = LintResult(findings=(finding(file=f"{tmp_path}/a.yml"),), files=1, servers=1)
    assert issues_of(result)[0]["location"]["path"] == "a.yml"


@pytest.mark.parametrize(
    "result", [CLEAN, HOSTILE, large(1_000)], ids=["clean", "hostile", "large"]
)
def test_hostile_and_large_verdicts_are_valid(result):
    assert len(issues_of(result)) == len(result.findings)
