"""Nothing hides anything: neither a broken file, nor a check that crashes, nor a comment."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from provisioner.config.issue import Issue, Severity
from provisioner.lint.checks import RULES
from provisioner.lint.context import LintContext
from provisioner.lint.declaration import Declaration
from provisioner.lint.rule import Rule, rule
from provisioner.lint.selection import EVERYTHING
from provisioner.lint.verdict import reach_verdict
from provisioner.reports.finding_formats import RENDERERS
from tests.loading import documents_at

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
RELAY = "server_name: {name}\nhost: relay.example.edu\nsmtp_security_level: none\n"
LOGIN = (
    "server_name: Reports\nhost: mail.example.edu\nsmtp_security_level: login\n"
    "{line}\nuser_name: reports\npassword: {{env: REPORTS_PASSWORD}}\n"
)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@rule("crashing-rule", Severity.WARNING)
def crashing(server: Declaration, context: LintContext) -> Iterator[Issue]:
    raise KeyError("hunter2CANARY")


def test_a_broken_file_hides_no_other(here: Path) -> None:
    (here / "a.yml").write_text("a: [\n")
    (here / "b.yml").write_bytes(b"\xff\xff")
    (here / "c.yml").symlink_to("c.yml")
    os.mkfifo(here / "d.yml")
    (here / "e.yml").write_text(RELAY.format(name="x") + "port: x\n")
    verdict = reach_verdict(documents_at(["."]))
    assert [(finding.file, finding.rule) for finding in verdict.findings] == [
        ("a.yml", "syntax"),
        ("b.yml", "encoding"),
        ("c.yml", "unreadable-file"),
        ("d.yml", "unreadable-file"),
        ("e.yml", "wrong-type"),
    ]
    assert (verdict.files, verdict.servers) == (5, 1)


def test_a_rule_that_crashes_hides_no_other(here: Path) -> None:
    (here / "a.yml").write_text(RELAY.format(name="x") + "prot: 1\n")
    verdict = reach_verdict(
        documents_at(["a.yml"]), rules=(crashing, *RULES), asked=EVERYTHING | {crashing.id}
    )
    assert [(finding.rule, finding.severity) for finding in verdict.findings] == [
        ("crashing-rule", "error"),
        ("unknown-key", "error"),
    ]
    assert verdict.crashed == ("crashing-rule",)
    message = verdict.findings[0].message
    assert "our bug: KeyError at" in message
    assert "test_verdict.py:" in message
    for render in RENDERERS.values():
        assert "CANARY" not in render(verdict)


def _crash_on_settings(settings: Mapping[str, Any]) -> Iterator[Issue]:
    raise KeyError("hunter2CANARY")


@rule("crashing-rule", Severity.WARNING, check_settings=_crash_on_settings)
def fine_on_servers(server: Declaration, context: LintContext) -> Iterator[Issue]:
    yield from ()


def test_a_rule_that_crashes_on_settings_hides_no_other(here: Path) -> None:
    (here / "provisioner.yml").write_text("providers: {smtp.ofice365.com: {offline: scope}}\n")
    verdict = reach_verdict(
        documents_at(["provisioner.yml"]),
        rules=(fine_on_servers, *RULES),
        asked=EVERYTHING | {fine_on_servers.id},
    )
    assert [f.rule for f in verdict.findings] == ["crashing-rule", "lookalike-endpoint"]
    assert verdict.crashed == ("crashing-rule",)
    assert "CANARY" not in RENDERERS["text"](verdict)


@rule("warning-rule", Severity.WARNING)
def warning(server: Declaration, context: LintContext) -> Iterator[Issue]:
    yield Issue("/oauth2/access_token_url", "advice", "take it")


URL = "  access_token_url: 'http://login.example.edu/a b'"


@pytest.mark.parametrize(
    ("line", "rules", "expected"),
    [
        (URL, RULES, ["http-endpoint"]),
        (f"{URL}  # provisioner: ignore[http-endpoint] inside", RULES, ["wrong-form"]),
        (URL, (warning,), ["wrong-form", "warning-rule"]),
    ],
)
def test_only_an_error_that_is_told_says_better_what_the_schema_refuses(
    here: Path, line: str, rules: tuple[Rule, ...], expected: list[str]
) -> None:
    text = (EXAMPLES / "valid/oauth2_unknown_provider.yml").read_text(encoding="utf-8")
    (here / "a.yml").write_text(re.sub(r"(?m)^  access_token_url:.*$", line, text))
    asked = EVERYTHING | {warning.id}
    found = reach_verdict(documents_at(["a.yml"]), rules=rules, asked=asked).findings
    assert [f.rule for f in found if f.pointer == "/oauth2/access_token_url"] == expected


def test_a_duplicate_key_does_not_hide_what_else_is_wrong(here: Path) -> None:
    (here / "a.yml").write_text(RELAY.format(name="x") + "port: x\nport: 25\nprot: 1\n")
    verdict = reach_verdict(documents_at(["a.yml"]))
    assert [(finding.rule, finding.line) for finding in verdict.findings] == [
        ("wrong-type", 4),
        ("duplicate-key", 5),
        ("unknown-key", 6),
    ]


def test_an_unknown_tag_is_enough_said_of_its_value(here: Path) -> None:
    (here / "a.yml").write_text(RELAY.format(name="x") + "port: !valt {a: b}\nprot: 1\n")
    verdict = reach_verdict(documents_at(["a.yml"]))
    assert [(f.rule, f.line) for f in verdict.findings] == [("unknown-tag", 4), ("unknown-key", 5)]


def test_the_second_of_a_name_is_marked_across_files(here: Path) -> None:
    for file, name in (("a", "Straße"), ("b", "STRASSE"), ("c", "other"), ("d", "strasse")):
        (here / f"{file}.yml").write_text(RELAY.format(name=name))
    verdict = reach_verdict(documents_at(["."]))
    assert [(f.file, f.line, f.column, f.message) for f in verdict.findings] == [
        (file, 1, 14, "a.yml:1 declares an email server of this name already")
        for file in ("b.yml", "d.yml")
    ]


def test_a_second_name_is_marked_where_it_stands_and_hides_nothing(here: Path) -> None:
    (here / "a.yml").write_text(RELAY.format(name="x"))
    (here / "b.yml").write_text("# comment\n" + RELAY.format(name="x").replace("_n", "-n"))
    (here / "c.yml").write_text(RELAY.format(name="' x'"))
    (here / "d.yml").write_text(RELAY.format(name="' x'"))
    found = reach_verdict(documents_at(["."])).findings
    assert [(f.file, f.rule, f.line, f.column) for f in found] == [
        ("b.yml", "unknown-key", 2, 1),
        ("b.yml", "duplicate-server-name", 2, 14),
        ("c.yml", "wrong-form", 1, 14),
        ("c.yml", "lookalike-name", 1, 14),
        ("d.yml", "wrong-form", 1, 14),
        ("d.yml", "duplicate-server-name", 1, 14),
        ("d.yml", "lookalike-name", 1, 14),
    ]


def test_a_comment_about_another_server_is_not_unused_where_that_is_not_read(here: Path) -> None:
    line = RELAY.format(name="My reports  # provisioner: ignore[lookalike-name] two campuses")
    (here / "a.yml").write_text(line)
    (here / "b.yml").write_text(line.replace("My r", "My-r"))
    for paths in (["a.yml"], ["b.yml"], ["a.yml", "b.yml"]):
        assert reach_verdict(documents_at(paths)).findings == ()


_MEASURE = """
import json, re
from tests.loading import documents_at
from provisioner.lint.verdict import reach_verdict
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
reach_verdict(documents_at(["s0.yml"]))
before = peak()
verdict = reach_verdict(documents_at(["."]))
print(json.dumps([before, peak(), verdict.servers]))
"""


def test_documents_are_not_all_in_memory(here: Path) -> None:
    for number in range(600):
        text = RELAY.format(name=f"x{number}") + "# " + "x" * 100_000 + "\n"
        (here / f"s{number}.yml").write_text(text)
    run = subprocess.run(
        [sys.executable, "-c", _MEASURE], capture_output=True, text=True, check=True
    )
    before, after, servers = json.loads(run.stdout)
    assert servers == 600
    assert after - before < 20_000  # kB; the texts alone are 60,000


@pytest.mark.parametrize(
    "line",
    [
        "use_tls: false  # provisioner: ignore[cleartext-login] same rack",
        "# provisioner: ignore[cleartext-login] same rack\nuse_tls: false",
        "use_tls: false  # provisioner:ignore[ cleartext-login ] same rack",
    ],
)
def test_a_comment_with_a_reason_suppresses(here: Path, line: str) -> None:
    (here / "a.yml").write_text(LOGIN.format(line=line))
    assert reach_verdict(documents_at(["a.yml"])).findings == ()


@pytest.mark.parametrize(
    ("comment", "line", "message", "remedy"),
    [
        ("ignore[plaintext-secret] x", 4, "there is no finding of plaintext-secret here", "remove"),
        ("ignore[cleartext-login]", 4, "this comment gives no reason", "write the reason"),
        ("ignore[wrong-type] x", 4, "wrong-type cannot be turned off by a comment", "mend"),
        ("ignore[clear-text-login] x", 4, "a rule that does not exist", "mean cleartext-login?"),
    ],
)
def test_a_comment_that_ignores_nothing_is_told(
    here: Path, comment: str, line: int, message: str, remedy: str
) -> None:
    text = LOGIN.format(line=f"use_tls: true  # provisioner: {comment}")
    (here / "a.yml").write_text(text)
    (finding,) = reach_verdict(documents_at(["a.yml"])).findings
    assert (finding.rule, finding.severity, finding.line) == ("unused-ignore", "warning", line)
    assert text.splitlines()[line - 1][finding.column - 1 :].startswith("# provisioner:")
    assert message in finding.message
    assert remedy in finding.remedy


@pytest.mark.parametrize(
    "line",
    [
        "use_tls: false  # provisioner: ignore[cleartext-login]",
        "use_tls: false  # provisioner: ignore[plaintext-secret] same rack",
        "use_tls: false  # ignore[cleartext-login] same rack",
        "# provisioner: ignore[cleartext-login] same rack\n\nuse_tls: false",
    ],
)
def test_a_comment_that_does_not_fit_suppresses_nothing(here: Path, line: str) -> None:
    (here / "a.yml").write_text(LOGIN.format(line=line))
    found = reach_verdict(documents_at(["a.yml"])).findings
    assert [f.rule for f in found if f.rule != "unused-ignore"] == ["cleartext-login"]


def test_what_makes_a_server_unusable_cannot_be_suppressed(here: Path) -> None:
    comment = "  # provisioner: ignore[wrong-type, duplicate-server-name, host-is-url] no\n"
    text = RELAY.format(name="x").replace("\n", comment).replace("relay.", "smtp://relay.")
    (here / "a.yml").write_text(f"{text}---\n{text}port: x{comment}")
    found = reach_verdict(documents_at(["a.yml"])).findings
    assert [(f.rule, f.line) for f in found if f.rule != "unused-ignore"] == [
        ("host-is-url", 2),
        ("duplicate-server-name", 5),
        ("host-is-url", 6),
        ("wrong-type", 8),
    ]


def test_wrong_provider_facts_are_a_finding_and_not_used(here: Path) -> None:
    (here / "servers").mkdir()
    (here / "servers/a.yml").write_text(RELAY.format(name="x"))
    (here / "provisioner.yml").write_text("providers: {login.example.edu: {offline: maybe}}\n")
    verdict = reach_verdict(documents_at(["."]))
    assert [(finding.rule, finding.pointer) for finding in verdict.findings] == [
        ("not-allowed-value", "/providers/login.example.edu/offline")
    ]
