"""tests/examples: what is valid says nothing, what is invalid says exactly what stands beside it.

An example is a file, or a folder that holds a project or several files. To add one, write it
and, below invalid/<rule-id>, the expected report as <name>.expected.txt, which `--update` writes.
"""

from pathlib import Path

import pytest

from provisioner.lint.checks import severity_of
from provisioner.lint.result import lint
from provisioner.lint.rule import rule_pages
from provisioner.reports.findings import text as findings_text
from tests.support.loading import documents_at
from tests.support.paths import EXAMPLES

EXPECTED = ".expected.txt"

VALID = sorted(path.relative_to(EXAMPLES) for path in EXAMPLES.glob("valid/*"))
INVALID = sorted(
    path.relative_to(EXAMPLES)
    for path in EXAMPLES.glob("invalid/*/*")
    if not path.name.endswith(EXPECTED)
)
# Their examples need more than a file: see tests/unit/config/test_hostile_files.py.
WITHOUT_EXAMPLE = {"unreadable-file"}


@pytest.fixture(autouse=True)
def _among_the_examples(monkeypatch):
    monkeypatch.chdir(EXAMPLES)


def result_of(example):
    return lint(documents_at([str(example)]))


@pytest.mark.parametrize("example", VALID, ids=str)
def test_a_valid_example_has_no_finding(example):
    result = result_of(example)
    assert findings_text.render(result).endswith(": no problems found\n")
    assert result.servers > 0


@pytest.mark.parametrize("example", INVALID, ids=str)
def test_an_invalid_example_says_what_is_expected(example, request):
    result, expected = result_of(example), Path(f"{example}{EXPECTED}")
    report = findings_text.render(result)
    if request.config.getoption("update"):
        expected.write_text(report, encoding="utf-8")
    assert report == expected.read_text(encoding="utf-8")
    assert example.parent.name in {finding.rule for finding in result.findings}
    for finding in result.findings:
        assert finding.severity is severity_of(finding.rule)
        assert_within_its_file(finding)


def test_every_rule_has_an_example():
    rules = {entry.rule for entry in rule_pages()}
    assert {path.parent.name for path in INVALID} == rules - WITHOUT_EXAMPLE


def assert_within_its_file(finding):
    start, end = (finding.line, finding.column), (finding.end_line, finding.end_column)
    assert (1, 1) <= start <= end
    assert finding.message
    assert finding.remedy
    if Path(finding.file).is_file() and finding.rule not in ("encoding", "too-large"):
        assert end <= _end_of(finding)


def _end_of(finding):
    lines = Path(finding.file).read_text(encoding="utf-8").split("\n")
    return len(lines), max(len(line) for line in lines) + 2
