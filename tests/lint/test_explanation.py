"""Why a schema does not accept a document, in our words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provisioner.lint.finding import Finding
from provisioner.lint.schema import schema_named
from provisioner.lint.schema_issues import explain
from provisioner.lint.verdict import reach_verdict
from tests.loading import load


@pytest.fixture
def findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)

    def findings(text: str, name: str = "a.yml") -> list[Finding]:
        Path(name).write_text(text, encoding="utf-8")
        return list(reach_verdict(load(name)).findings)

    return findings


def facts(finding: Finding) -> tuple[str, int, int, int, int, str]:
    return (
        finding.rule,
        finding.line,
        finding.column,
        finding.end_line,
        finding.end_column,
        finding.pointer,
    )


RELAY = "server_name: Reports\nhost: relay.example.edu\nsmtp_security_level: none\n"


def test_a_missing_key_is_marked_at_the_first_key_of_the_document(findings: Any) -> None:
    (finding,) = findings("# c\n---\n# d\nserver_name: x\nhost: y\n")
    assert facts(finding) == ("missing-key", 4, 1, 4, 12, "")
    assert finding.message == "`smtp_security_level` is missing"


def test_a_missing_key_is_marked_at_the_key_of_what_lacks_it(findings: Any) -> None:
    (finding,) = findings(RELAY + "logging:\n  file_name: x\n")
    assert facts(finding) == ("missing-key", 4, 1, 4, 8, "/logging")
    assert finding.message == "`enabled` is missing below `logging`"


def test_a_condition_is_named(findings: Any) -> None:
    (finding,) = findings("server_name: x\nhost: y\nsmtp_security_level: oauth2\nuse_tls: true\n")
    assert facts(finding) == ("missing-key", 1, 1, 1, 12, "")
    assert finding.message == "`oauth2` is missing (required because smtp_security_level is oauth2)"


@pytest.mark.parametrize("level", ["login", "plain", "digest_md5", "cram_md5", "cram_sha1"])
def test_the_condition_names_the_level_that_is_declared(findings: Any, level: str) -> None:
    found = findings(f"server_name: x\nhost: y\nsmtp_security_level: {level}\nuse_tls: true\n")
    assert [finding.message for finding in found] == [
        f"`{name}` is missing (required because smtp_security_level is {level})"
        for name in ("user_name", "password")
    ]


def test_partners_are_named_with_the_condition(findings: Any) -> None:
    text = "server_name: x\nhost: y\nsmtp_security_level: auto_detect\nuse_tls: true\n"
    (finding,) = findings(text + "password: {env: X}\n")
    assert finding.message == (
        "`user_name` is missing"
        " (required because smtp_security_level is auto_detect and password is there)"
    )


def test_a_forbidden_key_is_marked_and_its_condition_named(findings: Any) -> None:
    (finding,) = findings(RELAY + "password:\n  env: X\n")
    assert facts(finding) == ("forbidden-key", 4, 1, 4, 9, "/password")
    assert finding.message == "`password` is not allowed here: smtp_security_level is none"


@pytest.mark.parametrize(
    ("key", "suggested"),
    [
        ("Port", "port"),
        ("prot", "port"),
        ("useTLS", "use_tls"),
        ("maximum_email_per_minute", "maximum_emails_per_minute"),
        ("test-email", "test_email"),
        ("OAUTH2", "oauth2"),
    ],
)
def test_an_unknown_key_suggests_the_nearest(findings: Any, key: str, suggested: str) -> None:
    finding = findings(RELAY + f"{key}: x\n")[0]
    assert facts(finding) == ("unknown-key", 4, 1, 4, 1 + len(key), f"/{key}")
    assert finding.remedy == f"did you mean {suggested}?"


def test_a_key_that_is_there_already_is_not_suggested(findings: Any) -> None:
    (finding,) = findings(RELAY + "hosts: x\nhost1: y\n")
    assert "host?" not in finding.remedy


def test_an_unknown_key_is_looked_for_at_its_own_level(findings: Any) -> None:
    found = findings(RELAY + "logging:\n  enabled: true\n  filename: 'C:\\x'\n  prompt: y\n")
    assert [(facts(finding), finding.remedy) for finding in found] == [
        (("unknown-key", 6, 3, 6, 11, "/logging/filename"), "did you mean file_name?"),
        (("unknown-key", 7, 3, 7, 9, "/logging/prompt"), "prompt belongs below oauth2"),
    ]


@pytest.mark.parametrize(
    ("level", "suggested"),
    [
        ("OAuth2", "oauth2"),
        ("oauth", "oauth2"),
        ("XOAUTH2", "oauth2"),
        ("CRAM-MD5", "cram_md5"),
        ("'Auto Detect'", "auto_detect"),
        ("None", "none"),
    ],
)
def test_a_wrong_spelling_suggests_the_right_one(findings: Any, level: str, suggested: str) -> None:
    text = f"server_name: x\nhost: y\nsmtp_security_level: {level}\n"
    (finding,) = [f for f in findings(text) if f.rule == "not-allowed-value"]
    expected = ("not-allowed-value", 3, 22, 3, 22 + len(level), "/smtp_security_level")
    assert facts(finding) == expected
    assert finding.remedy == f"did you mean {suggested}?"


@pytest.mark.parametrize(
    ("line", "message", "remedy"),
    [
        ("port: '587'", "`port` must be a whole number, not text", "without quotes"),
        ("port: 587.5", "`port` must be a whole number, not a number", "write a whole number"),
        ("use_tls: yes", "`use_tls` must be true or false, not text", "in YAML 1.2 yes, no"),
        ("use_tls: 'true'", "`use_tls` must be true or false, not text", "without quotes"),
        ("use_tls: 1", "`use_tls` must be true or false, not a number", "write true or false"),
        ("client_name: 5", "`client_name` must be text, not a number", "put it into quotes"),
        ("client_name: true", "`client_name` must be text, not true or false", "into quotes"),
        ("client_name:", "`client_name` must be text, not nothing", "or remove the key"),
        ("hosts: [a, b]", "`hosts` must be text, not a list", "Write one line"),
        ("logging: on", "`logging` must be a mapping of keys to values, not text", "a mapping"),
    ],
)
def test_a_wrong_type_says_what_is_and_what_shall_be(
    findings: Any, line: str, message: str, remedy: str
) -> None:
    (finding,) = findings(RELAY + line + "\n")
    assert (finding.rule, finding.line, finding.message) == ("wrong-type", 4, message)
    assert remedy in finding.remedy


def test_a_missing_value_is_marked_at_its_key(findings: Any) -> None:
    (finding,) = findings(RELAY + "client_name:\n")
    assert facts(finding) == ("wrong-type", 4, 1, 4, 12, "/client_name")


def test_an_empty_text_is_one_finding(findings: Any) -> None:
    (finding,) = findings(RELAY + "client_name: ''\n")
    assert facts(finding) == ("out-of-range", 4, 14, 4, 16, "/client_name")


def test_a_trailing_line_break_is_seen_by_both_engines(findings: Any) -> None:
    found = findings(RELAY + 'hosts: "maps\\n"\n')
    assert [finding.rule for finding in found] == ["control-character"]


def test_json_has_the_same_places(findings: Any) -> None:
    text = '{\n  "server_name": "x",\n  "host": "y",\n  "smtp_security_level": "None"\n}\n'
    (finding,) = findings(text, "a.json")
    assert facts(finding) == ("not-allowed-value", 4, 26, 4, 32, "/smtp_security_level")


def test_each_document_of_a_file_has_its_own_findings(findings: Any) -> None:
    found = findings(RELAY + "port: x\n---\n" + RELAY.replace("Reports", "Other") + "port: y\n")
    assert [(finding.rule, finding.line, finding.column) for finding in found] == [
        ("wrong-type", 4, 7),
        ("wrong-type", 9, 7),
    ]


def test_settings_follow_a_schema_of_their_own(findings: Any) -> None:
    (finding,) = findings("push: {frks: 3}\n", "provisioner.yml")
    assert facts(finding) == ("unknown-key", 1, 8, 1, 12, "/push/frks")
    assert finding.remedy == "did you mean forks?"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (RELAY + '"\\e[31mpo\\nrt": x\n', "a.yml"),
        (RELAY + '"po\\nrt": x\n', "a.yml"),
        ('providers: {"\\e[31ma\\nb": 3}\n', "provisioner.yml"),
        ('providers: {a: {authorize_extra: {"\\e[31ma\\nb": 3}}}\n', "provisioner.yml"),
    ],
)
def test_a_key_moves_no_cursor_and_breaks_no_line(findings: Any, text: str, name: str) -> None:
    found = findings(text, name)
    assert found
    for finding in found:
        assert finding.message.isprintable()
        assert finding.remedy.isprintable()


def test_a_number_without_an_upper_limit_is_explained() -> None:
    document = {"schema_version": 1, "generation": 0, "servers": []}
    (issue,) = explain(document, schema_named("host-document")).issues
    assert issue.rule == "out-of-range"
    assert issue.remedy == "write a whole number from 1 on"


def test_what_has_too_many_keys_is_not_said_to_have_two() -> None:
    facts_of_many = {"authorize_extra": {f"key{number}": "x" for number in range(101)}}
    (issue,) = explain({"providers": {"a": facts_of_many}}, schema_named("project")).issues
    assert issue.message == "`authorize_extra` has more than 100 entries"
