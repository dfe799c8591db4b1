"""The SARIF report: against the schema of OASIS, and against what GitHub takes."""

import gzip
import json
import re
from urllib.parse import unquote

import jsonschema_rs
import pytest

from provisioner.lint.result import LintResult, lint
from provisioner.lint.rule import rule_page, rule_pages
from provisioner.reports.findings.sarif import MOST_RESULTS, render
from tests.support.loading import documents_at
from tests.support.paths import EXAMPLES
from tests.unit.reports.finding_samples import (
    CLEAN,
    CRASHED,
    HOSTILE,
    HOSTILE_NAMES,
    SMALL,
    finding,
    large,
    schema,
)

INVALID = EXAMPLES / "invalid"

pytestmark = pytest.mark.long

SARIF = schema("sarif-2.1.0.json")
# No regular expression of ECMAScript, and we have no `language`.
for name in ("run", "toolComponent"):
    del SARIF["definitions"][name]["properties"]["language"]["pattern"]
VALIDATOR = jsonschema_rs.Draft4Validator(SARIF, validate_formats=True)


def run_of(result):
    text = render(result)
    assert text.isascii()
    log = json.loads(text)
    VALIDATOR.validate(log)
    assert (log["version"], len(log["runs"])) == ("2.1.0", 1)
    return log["runs"][0]


def location_of(file):
    (result,) = run_of(LintResult(findings=(finding(file=file),), files=1, servers=1))["results"]
    return result["locations"][0]["physicalLocation"]["artifactLocation"]


def test_the_schema_sees_what_is_wrong():
    log = json.loads(render(SMALL))
    log["runs"][0]["results"][0]["level"] = "fatal"
    assert not VALIDATOR.is_valid(log)


def test_all_rules_are_there_with_their_pages():
    rules = run_of(CLEAN)["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [entry.rule for entry in rule_pages()]
    for rule in rules:
        assert rule["help"] == {"text": rule_page(rule["id"]), "markdown": rule_page(rule["id"])}
        assert rule["fullDescription"]["text"].startswith(rule["shortDescription"]["text"])
        assert "#" not in rule["shortDescription"]["text"]
        assert len(rule["fullDescription"]["text"]) <= 1024


def test_every_rule_has_the_level_of_its_findings(tmp_path, monkeypatch):
    """All rules: those of the schema and of the reader, and comments that hide nothing."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "servers").mkdir()
    result = lint(documents_at([str(INVALID), "servers", "missing.yml"]))
    severities = {(finding.rule, str(finding.severity)) for finding in result.findings}
    run = run_of(result)
    levels = {(r["id"], r["defaultConfiguration"]["level"]) for r in run["tool"]["driver"]["rules"]}
    assert levels == severities
    assert levels == {(result["ruleId"], result["level"]) for result in run["results"]}
    assert {("byte-order-mark", "warning"), ("line-ends", "warning"), ("syntax", "error")} < levels


def test_a_crashed_check_is_told_and_the_run_did_not_succeed():
    run = run_of(CRASHED)
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"] == [
        {
            "level": "error",
            "descriptor": {"id": "crashed-check"},
            "message": {"text": "Internal error in the check schema; please report it."},
        }
    ]
    assert run["tool"]["driver"]["rules"][run["results"][0]["ruleIndex"]] == {"id": "schema"}


def test_a_hostile_name_is_one_relative_uri():
    results = run_of(HOSTILE)["results"]
    for result, name in zip(results, HOSTILE_NAMES, strict=True):
        location = result["locations"][0]["physicalLocation"]["artifactLocation"]
        assert location["uriBaseId"] == "%SRCROOT%"
        assert re.fullmatch(r"[!-9;-~]+", location["uri"])  # no colon
        path = name.replace("\x00", "").replace("//", "/") if "://" in name else name
        assert unquote(location["uri"], errors="surrogateescape") == path


def test_files_inside_and_outside_of_the_current_folder(tmp_path, monkeypatch):
    here = tmp_path / "project ü"
    here.mkdir()
    monkeypatch.chdir(here)
    inside = {"uri": "a/b.yml", "uriBaseId": "%SRCROOT%"}
    assert location_of("./a/b.yml") == inside
    assert location_of(f"{here}/a/b.yml") == inside
    assert location_of("../x y.yml") == {"uri": f"file://{tmp_path}/x%20y.yml"}
    assert location_of("/etc/x.yml") == {"uri": "file:///etc/x.yml"}
    assert location_of("..a.yml") == {"uri": "..a.yml", "uriBaseId": "%SRCROOT%"}
    assert location_of("<stdin>") == {
        "uri": "%3Cstdin%3E",
        "description": {"text": "Standard input."},
    }


def test_fingerprints_survive_moved_lines_and_are_unique():
    def marks(*findings):
        run = run_of(LintResult(findings=findings, files=1, servers=1))
        return [result["partialFingerprints"]["ruleAndPointer/v1"] for result in run["results"]]

    first, second = marks(finding(), finding())
    assert first != second
    assert marks(finding(line=90, end_line=91, message="other words")) == [first]
    for change in ({"rule": "wrong-form"}, {"pointer": "/host"}, {"file": "b.yml"}):
        assert marks(finding(**change)) != [first]


def test_a_run_holds_what_github_takes():
    result = large(MOST_RESULTS + 10)
    text = render(result)
    run = json.loads(text)["runs"][0]
    assert len(run["results"]) == MOST_RESULTS == 25_000
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith("10 findings are left out")
    errors = sum(result["level"] == "error" for result in run["results"])
    assert errors == result.errors
    assert len(gzip.compress(text.encode(), 1)) < 10 * 1024 * 1024
