"""The SARIF report: against the schema of OASIS, and against what GitHub takes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema_rs
import pytest

import provisioner
from provisioner.lint.checks import OTHER_ADVICE, RULES
from provisioner.lint.rule import rule_page, rule_pages
from provisioner.lint.verdict import Verdict
from provisioner.reports.findings_sarif import MOST_RESULTS, render
from tests.reports.finding_samples import (
    CLEAN,
    CRASHED,
    HOSTILE,
    HOSTILE_NAMES,
    SMALL,
    finding,
    large,
    schema,
)

pytestmark = pytest.mark.long

SARIF = schema("sarif-2.1.0.json")
# No regular expression of ECMAScript, and we have no `language`.
for name in ("run", "toolComponent"):
    del SARIF["definitions"][name]["properties"]["language"]["pattern"]
VALIDATOR = jsonschema_rs.Draft4Validator(SARIF, validate_formats=True)


def run_of(verdict: Verdict) -> dict[str, Any]:
    text = render(verdict)
    assert text.isascii()
    log = json.loads(text)
    VALIDATOR.validate(log)
    assert (log["version"], len(log["runs"])) == ("2.1.0", 1)
    return log["runs"][0]


def location_of(file: str) -> dict[str, Any]:
    (result,) = run_of(Verdict(findings=(finding(file=file),), files=1, servers=1))["results"]
    return result["locations"][0]["physicalLocation"]["artifactLocation"]


def test_the_schema_sees_what_is_wrong() -> None:
    log = json.loads(render(SMALL))
    log["runs"][0]["results"][0]["level"] = "fatal"
    assert not VALIDATOR.is_valid(log)


def test_a_small_run() -> None:
    run = run_of(SMALL)
    rules = run["tool"]["driver"].pop("rules")
    ids = [rule["id"] for rule in rules]
    marks = [r["partialFingerprints"].pop("ruleAndPointer/v1") for r in run["results"]]
    assert len(set(marks)) == 2
    assert run == {
        "tool": {
            "driver": {
                "name": "maps-provisioner",
                "version": provisioner.__version__,
                "semanticVersion": provisioner.__version__,
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {
            "%SRCROOT%": {"description": {"text": "The folder in which validate ran."}}
        },
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": []}],
        "results": [
            {
                "ruleId": "wrong-type",
                "ruleIndex": ids.index("wrong-type"),
                "level": "error",
                "message": {"text": "`port` must be a whole number; write it without quotes"},
                "locations": [
                    {
                        "physicalLocation": {
                            "artifactLocation": {"uri": "servers/a.yml", "uriBaseId": "%SRCROOT%"},
                            "region": {
                                "startLine": 4,
                                "startColumn": 7,
                                "endLine": 4,
                                "endColumn": 8,
                            },
                        },
                        "logicalLocations": [{"fullyQualifiedName": "/port", "kind": "member"}],
                    }
                ],
                "partialFingerprints": {},
            },
            {
                "ruleId": "cleartext-login",
                "ruleIndex": ids.index("cleartext-login"),
                "level": "warning",
                "message": {"text": "the password travels in the clear; set use_tls: true"},
                "locations": [
                    {
                        "physicalLocation": {
                            "artifactLocation": {
                                "uri": "servers/b%20%26%20c.yml",
                                "uriBaseId": "%SRCROOT%",
                            },
                            "region": {
                                "startLine": 2,
                                "startColumn": 1,
                                "endLine": 4,
                                "endColumn": 1,
                            },
                        }
                    }
                ],
                "partialFingerprints": {},
            },
        ],
    }


def test_all_rules_are_there_with_their_pages() -> None:
    rules = run_of(CLEAN)["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [entry.rule for entry in rule_pages()]
    for rule in rules:
        assert rule["help"] == {"text": rule_page(rule["id"]), "markdown": rule_page(rule["id"])}
        assert rule["fullDescription"]["text"].startswith(rule["shortDescription"]["text"])
        assert "#" not in rule["shortDescription"]["text"]
        assert len(rule["fullDescription"]["text"]) <= 1024
    levels = {rule["id"]: rule["defaultConfiguration"]["level"] for rule in rules}
    assert levels["wrong-type"] == "error"
    assert {rule.id: rule.severity for rule in RULES}.items() <= levels.items()
    assert {levels[rule] for rule in OTHER_ADVICE} == {"warning"}


def test_a_crashed_check_is_told_and_the_run_did_not_succeed() -> None:
    run = run_of(CRASHED)
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"] == [
        {
            "level": "error",
            "descriptor": {"id": "crashed-check"},
            "message": {"text": "The check schema failed, which is our bug."},
        }
    ]
    assert run["tool"]["driver"]["rules"][run["results"][0]["ruleIndex"]] == {"id": "schema"}


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_hostile_name_is_one_relative_uri(name: str) -> None:
    if "\x00" in name or "://" in name:
        name = name.replace("\x00", "").replace("//", "/")
    location = location_of(name)
    assert location["uriBaseId"] == "%SRCROOT%"
    assert ":" not in location["uri"]
    assert location["uri"].isascii()
    assert unquote(location["uri"], errors="surrogateescape") == name


def test_a_hostile_verdict_is_valid() -> None:
    assert len(run_of(HOSTILE)["results"]) == len(HOSTILE_NAMES)


def test_files_inside_and_outside_of_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_fingerprints_survive_moved_lines_and_are_unique() -> None:
    def marks(*findings: Any) -> list[str]:
        run = run_of(Verdict(findings=findings, files=1, servers=1))
        return [result["partialFingerprints"]["ruleAndPointer/v1"] for result in run["results"]]

    first, second = marks(finding(), finding())
    assert first != second
    assert marks(finding(line=90, end_line=91, message="other words")) == [first]
    for change in ({"rule": "wrong-form"}, {"pointer": "/host"}, {"file": "b.yml"}):
        assert marks(finding(**change)) != [first]


def test_a_run_holds_what_github_takes() -> None:
    verdict = large(MOST_RESULTS + 10)
    run = run_of(verdict)
    assert len(run["results"]) == MOST_RESULTS == 25_000
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith("10 findings are left out")
    errors = sum(result["level"] == "error" for result in run["results"])
    assert errors == verdict.errors
    assert len(gzip.compress(render(verdict).encode())) < 10 * 1024 * 1024
