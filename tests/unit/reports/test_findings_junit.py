"""The JUnit report: against the schema of Jenkins' xUnit plugin."""

import re

import pytest
from lxml import etree

from provisioner.lint.result import LintResult
from provisioner.reports.findings.junit import render
from provisioner.text import printable_lines
from tests.unit.reports.finding_samples import (
    CLEAN,
    CRASHED,
    FORMAT_SCHEMAS,
    HOSTILE,
    HOSTILE_NAMES,
    SMALL,
    finding,
    large,
)

XSD = etree.XMLSchema(etree.parse(FORMAT_SCHEMAS / "junit-10.xsd"))


def suite_of(result, *, strict=False):
    text = render(result._replace(strict=strict))
    assert text.isascii()
    root = etree.fromstring(text.encode())
    XSD.assertValid(root)
    (suite,) = root
    for attribute, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
        assert suite.get(attribute) == str(len(suite.findall(f".//{tag}")))
    return suite


def test_the_schema_sees_what_is_wrong():
    root = etree.fromstring(render(SMALL).encode())
    root[0].set("colour", "red")
    assert not XSD.validate(root)


@pytest.mark.parametrize(
    ("strict", "fails"),
    [(False, ["servers/a.yml"]), (True, ["servers/a.yml", "servers/b & c.yml"])],
)
def test_with_strict_a_warning_fails(strict, fails):
    """tests/cli/frozen has a whole report."""
    suite = suite_of(SMALL, strict=strict)
    assert [case.get("name") for case in suite if case.find("failure") is not None] == fails
    told = [case.get("name") for case in suite if case.find("system-out") is not None]
    assert told == ([] if strict else ["servers/b & c.yml"]) + ["all other files"]


def test_a_file_fails_once_with_all_that_is_said_of_it():
    both = (finding(), finding(file="b.yml"), finding(rule="wrong-form", line=9))
    suite = suite_of(LintResult(findings=both, files=2, servers=2))
    assert [case.get("name") for case in suite] == ["servers/a.yml", "b.yml"]
    (failure,) = suite[0]
    assert failure.get("message") == "2 errors"
    assert re.findall(r"error\[(.*)\]", failure.text) == ["wrong-type", "wrong-form"]


def test_a_crashed_check_is_an_error():
    suite = suite_of(CRASHED)
    assert suite[-1].get("name") == "the check schema"
    assert suite[-1].find("error") is not None


def test_hostile_and_large_verdicts_are_valid():
    names = [case.get("name") for case in suite_of(HOSTILE)]
    assert names == [printable_lines(name) for name in HOSTILE_NAMES]
    assert len(suite_of(large(1_000))) == 201
    (case,) = suite_of(CLEAN)
    assert [element.tag for element in case] == ["system-out"]
