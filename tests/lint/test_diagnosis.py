"""A misspelt key or choice is one finding, and hides nothing that is wrong behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from provisioner.lint.finding import Finding
from provisioner.lint.verdict import reach_verdict
from provisioner.reports import findings_text
from tests.loading import load


@pytest.fixture
def findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)

    def findings(text: str) -> list[Finding]:
        Path("a.yml").write_text(text, encoding="utf-8")
        return list(reach_verdict(load("a.yml")).findings)

    return findings


OAUTH2 = (
    "server_name: Reports\nhost: smtp.office365.com\nport: 587\n{level}\n{tls}\n"
    "user_name: reports@example.edu\n{oauth2}:\n"
    "  access_token_url: https://login.microsoftonline.com/contoso.edu/oauth2/v2.0/token\n"
    "  authorization_url: https://login.microsoftonline.com/contoso.edu/oauth2/v2.0/authorize\n"
    "  {client_id}: 5f2c8a1e-0b7d-4c57-9a53-2d1f6e0c9b84\n"
    "  {client_secret}\n"
    "  scope_for_authorize: https://outlook.office.com/SMTP.Send offline_access\n"
)
RIGHT = {
    "level": "smtp_security_level: oauth2",
    "tls": "use_tls: true",
    "oauth2": "oauth2",
    "client_id": "client_id",
    "client_secret": "client_secret: {env: X}",
}


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({}, []),
        ({"tls": "use_tsl: true"}, [("unknown-key", 5, "did you mean use_tls?")]),
        ({"oauth2": "Oauth-2"}, [("unknown-key", 7, "did you mean oauth2?")]),
        (
            {"oauth2": "oauth", "client_id": "clientID"},
            [
                ("unknown-key", 7, "did you mean oauth2?"),
                ("unknown-key", 10, "did you mean client_id?"),
            ],
        ),
        ({"level": "smtp_security_level: OAuth2"}, [("not-allowed-value", 4, "oauth2?")]),
        (
            {"level": "security_level: OAuth"},
            [("unknown-key", 4, ""), ("not-allowed-value", 4, "")],
        ),
        (
            {"tls": "use_tsl: false"},
            [("unknown-key", 5, "did you mean use_tls?"), ("cleartext-login", 5, "use_tls: true")],
        ),
        ({"tls": "use_tsl: 'yes'"}, [("unknown-key", 5, ""), ("wrong-type", 5, "true or false")]),
        (
            {"client_secret": "clientsecret: hunter2CANARY"},
            [("unknown-key", 11, "client_secret?"), ("plaintext-secret", 11, "")],
        ),
        (
            {
                "tls": "use_tls: true\nscope_for_token: https://outlook.office.com/SMTP.Send\n"
                "client_id: x"
            },
            [
                ("unknown-key", 6, "scope_for_token belongs below oauth2"),
                ("unknown-key", 7, "client_id belongs below oauth2"),
            ],
        ),
        ({"tls": "use_tls: true\nuse_tsl: 7"}, [("unknown-key", 6, "known here: ")]),
        ({"tls": "usetls: true\nuse_tsl: 7"}, [("unknown-key", 5, ""), ("unknown-key", 6, "")]),
    ],
)
def test_each_mistake_is_told_once_where_it_was_written(
    findings: Any, wrong: dict[str, str], expected: list[tuple[str, int, str]]
) -> None:
    found = findings(OAUTH2.format(**{**RIGHT, **wrong}))
    assert [(f.rule, f.line) for f in found] == [(rule, line) for rule, line, _ in expected]
    for finding, (_, _, remedy) in zip(found, expected, strict=True):
        assert remedy in finding.remedy
        assert "CANARY" not in repr(finding)


def test_the_value_of_a_misspelt_key_is_checked_but_not_shown(findings: Any) -> None:
    found = findings("server_name: x\nhots: smtp://hunter2CANARY\nsmtp_security_level: none\n")
    assert [(f.rule, f.line, f.column) for f in found] == [
        ("unknown-key", 2, 1),
        ("host-is-url", 2, 7),
    ]
    assert found[0].remedy == "did you mean host?"
    assert "CANARY" not in "".join(map(repr, found))


def test_a_condition_that_holds_as_meant_is_named(findings: Any) -> None:
    found = findings("server_name: x\nhost: y\nsecurity_level: CRAM-MD5\n")
    assert [f.message for f in found if f.rule == "missing-key"] == [
        f"`{name}` is missing (required because smtp_security_level is cram_md5)"
        for name in ("user_name", "password")
    ]


@pytest.mark.parametrize(
    "text", ["a", "[a]", "port: &x [1]\nprot: *x\n", "{}", "oauth: {oauth: 1}"]
)
def test_odd_documents_have_findings_and_no_crash(findings: Any, text: str) -> None:
    verdict = reach_verdict(load("a.yml")) if findings(text) else None
    assert verdict is not None
    assert verdict.crashed == ()
    assert findings_text.render(verdict)
