"""Endpoints that do not belong together stop every command before a secret or a browser."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.errors import ExitCode

PROVISIONER = Path(sys.executable).with_name("provisioner")
BROWSER = f"{sys.executable} -c \"open('opened', 'w').close()\" %s"
SERVER = """\
server_name: Reports
host: mail.example.edu
port: 587
smtp_security_level: oauth2
use_tls: true
user_name: reports@example.edu
oauth2:
  access_token_url: {}{comment}
  authorization_url: {}
  client_id: 5f2c8a1e-0b7d-4c57-9a53-2d1f6e0c9b84
  client_secret: {{env: MAPS_CLIENT_SECRET}}
  refresh_token_url: {}
  scope_for_authorize: https://outlook.office.com/SMTP.Send offline_access
"""
OURS, THEIRS = "https://sso.example.invalid/token", "https://sso.example.test/token"
GOOGLE = "https://oauth2.googleapis.com/token"
AUTHORIZE = "https://sso.example.invalid/authorize"
MICROSOFT_PAGE = "https://login.microsoftonline.com/contoso.edu/oauth2/v2.0/authorize"
MICROSOFT = "https://login.microsoftonline.com/contoso.edu/oauth2/v2.0/token"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "servers").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def declare(token: str, authorization: str, refresh: str, comment: str = "") -> None:
    text = SERVER.format(token, authorization, refresh, comment=comment)
    Path("servers/reports.yml").write_text(text)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PROVISIONER, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "BROWSER": BROWSER, "MAPS_CLIENT_SECRET": "CANARY"},
    )


@pytest.mark.parametrize(
    ("urls", "rule"),
    [
        ((GOOGLE, MICROSOFT, GOOGLE), "providers-differ"),
        ((MICROSOFT, MICROSOFT, GOOGLE), "providers-differ"),
        ((OURS, MICROSOFT, OURS), "endpoint-hosts-differ"),
        ((GOOGLE, OURS, GOOGLE), "endpoint-hosts-differ"),
        ((OURS, THEIRS, OURS), "endpoint-hosts-differ"),
        ((OURS, OURS, THEIRS), "refresh-host-differs"),
        ((MICROSOFT, MICROSOFT, OURS), "refresh-host-differs"),
        ((OURS, OURS, MICROSOFT.replace("soft", "s0ft")), "lookalike-endpoint"),
    ],
)
def test_a_sign_in_ends_before_it_begins(urls: tuple[str, str, str], rule: str) -> None:
    declare(*urls)
    assert f"error[{rule}]" in run("validate").stdout
    for command in ("authenticate", "refresh", "status"):
        ways: tuple[tuple[str, ...], ...] = ((), ("--device",))
        for way in ways if command == "authenticate" else ways[:1]:
            done = run(command, "Reports", *way)
            assert done.returncode == ExitCode.FAILURE, done.stderr
            assert f"error[{rule}]" in done.stderr
            assert not Path("opened").exists()
            assert not Path("tokens").exists()


@pytest.mark.parametrize("rule", ["providers-differ", "endpoint-hosts-differ"])
def test_no_comment_and_no_option_joins_them(rule: str) -> None:
    token = GOOGLE if rule == "providers-differ" else OURS
    declare(token, MICROSOFT, token, f"  # provisioner: ignore[{rule}] they are one")
    done = run("validate")
    assert done.returncode == ExitCode.FAILURE
    assert f"error[{rule}]" in done.stdout
    assert f"[unused-ignore] {rule} cannot be turned off by a comment" in done.stdout
    assert run("authenticate", "Reports").returncode == ExitCode.FAILURE
    refused = run("validate", "--ignore", rule)
    assert refused.returncode == ExitCode.USAGE
    assert f"Error: {rule} cannot be ignored" in refused.stderr


@pytest.mark.parametrize("report", ["text", "json", "github", "junit", "gitlab", "sarif"])
def test_each_report_has_the_lines_that_join_them(report: str) -> None:
    declare(OURS, THEIRS, OURS)
    output = run("validate", "--format", report).stdout
    assert "endpoints: [sso.example.test, sso.example.invalid]" in output


@pytest.mark.parametrize(
    "urls", [(OURS, AUTHORIZE, THEIRS), (OURS, MICROSOFT_PAGE, MICROSOFT)], ids=["two", "known"]
)
def test_the_lines_of_the_message_join_them(urls: tuple[str, str, str]) -> None:
    declare(*urls)
    report = run("validate").stdout
    lines = report[report.rindex("      providers:") :].splitlines()[:3]
    Path("provisioner.yml").write_text("\n".join(lines) + "\n")
    assert run("validate").returncode == ExitCode.DONE
