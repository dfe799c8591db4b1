"""The Code Quality report: against the schema GitLab itself uses, and its documented values."""

import json

import jsonschema_rs
import pytest

from provisioner.lint.result import LintResult
from provisioner.reports.findings.gitlab import render
from tests.unit.reports.finding_samples import CLEAN, HOSTILE, SMALL, finding, large, schema

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


def test_a_small_report():
    issues = issues_of(SMALL)
    assert {len(issue.pop("fingerprint")) for issue in issues} == {64}
    assert issues == [
        {
            "description": "`port` must be a whole number; write it without quotes",
            "check_name": "wrong-type",
            "severity": "major",
            "location": {"path": "servers/a.yml", "lines": {"begin": 4, "end": 4}},
        },
        {
            "description": "the password travels in the clear; set use_tls: true",
            "check_name": "cleartext-login",
            "severity": "minor",
            "location": {"path": "servers/b & c.yml", "lines": {"begin": 2, "end": 3}},
        },
    ]


def test_paths_are_relative_to_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = LintResult(findings=(finding(file=f"{tmp_path}/a.yml"),), files=1, servers=1)
    assert issues_of(result)[0]["location"]["path"] == "a.yml"


@pytest.mark.parametrize(
    "result", [CLEAN, HOSTILE, large(10_000)], ids=["clean", "hostile", "large"]
)
def test_hostile_and_large_verdicts_are_valid(result):
    assert len(issues_of(result)) == len(result.findings)
