"""The comments that pages of the mail rules show turn the finding down that they are for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from provisioner.lint.rule import rule_page
from provisioner.lint.verdict import reach_verdict
from tests.loading import load


@pytest.mark.parametrize("rule", ["app-password-only", "doubtful-smtp-host", "foreign-sender"])
def test_the_comment_that_a_page_shows_suppresses(rule: str, tmp_path: Path) -> None:
    text = rule_page(rule) or ""
    shown = re.search(rf"^    (\w+): .*(  # provisioner: ignore\[{rule}\] .*)$", text, re.M)
    problem = re.search(r"```yaml\n(.*?)```", text, re.S)
    assert shown is not None
    assert problem is not None
    path, (key, comment) = tmp_path / "server.yml", shown.groups()
    path.write_text(problem.group(1))
    assert {finding.rule for finding in reach_verdict(load(path)).findings} == {rule}
    path.write_text(re.sub(rf"^( *{key}: .*)$", rf"\1{comment}", problem.group(1), flags=re.M))
    assert reach_verdict(load(path)).findings == ()
