"""The JSON report, as programs read it. The text report: tests/examples/invalid."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from provisioner.lint.verdict import reach_verdict
from provisioner.reports import findings_json
from tests.loading import documents_at


def test_every_field_of_a_finding_and_the_summary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = "server_name: Büro\nhost: relay.example.edu\nsmtp_security_level: none\n"
    Path("ok.yml").write_text(text, encoding="utf-8")
    Path("wrong.yml").write_text(text.replace("Büro", "x") + "logging: {enabeld: true}\n")
    report = json.loads(findings_json.render(reach_verdict(documents_at(["."]))))
    assert report["summary"] == {"files": 2, "servers": 2, "errors": 1, "warnings": 0}
    assert report["findings"][0] == {
        "rule": "unknown-key",
        "severity": "error",
        "file": "wrong.yml",
        "line": 4,
        "column": 11,
        "end_line": 4,
        "end_column": 18,
        "pointer": "/logging/enabeld",
        "message": "`enabeld` is no key that is known here",
        "remedy": "did you mean enabled?",
    }
    assert [finding["rule"] for finding in report["findings"]] == ["unknown-key"]
