"""Endpoints that do not belong together stop every command before a secret or a browser."""

import sys
from pathlib import Path

import pytest

from provisioner.cli.app import run
from provisioner.errors import ExitCode

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
def project(tmp_path, monkeypatch):
    (tmp_path / "servers").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BROWSER", BROWSER)
    monkeypatch.setenv("MAPS_CLIENT_SECRET", "CANARY")


def declare(token, authorization, refresh, comment=""):
    text = SERVER.format(token, authorization, refresh, comment=comment)
    Path("servers/reports.yml").write_text(text)


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
def test_a_sign_in_ends_before_it_begins(urls, rule, capsys):
    declare(*urls)
    run(["validate"])
    assert f"error[{rule}]" in capsys.readouterr().out
    for command in (["authenticate"], ["authenticate", "--device"], ["refresh"], ["status"]):
        assert run([*command, "Reports"]) == ExitCode.FAILURE
        assert f"error[{rule}]" in capsys.readouterr().err
        assert not Path("opened").exists()
        assert not Path("tokens").exists()


@pytest.mark.parametrize("rule", ["providers-differ", "endpoint-hosts-differ"])
def test_no_comment_and_no_option_joins_them(rule, capsys):
    token = GOOGLE if rule == "providers-differ" else OURS
    declare(token, MICROSOFT, token, f"  # provisioner: ignore[{rule}] they are one")
    assert run(["validate"]) == ExitCode.FAILURE
    report = capsys.readouterr().out
    assert f"error[{rule}]" in report
    assert f"[unused-ignore] {rule} cannot be ignored with a comment" in report
    assert run(["authenticate", "Reports"]) == ExitCode.FAILURE
    assert run(["validate", "--ignore", rule]) == ExitCode.USAGE
    assert f"Error: {rule} cannot be ignored" in capsys.readouterr().err


@pytest.mark.parametrize("report", ["text", "json", "github", "junit", "gitlab", "sarif"])
def test_each_report_has_the_lines_that_join_them(report, capsys):
    declare(OURS, THEIRS, OURS)
    run(["validate", "--format", report])
    assert "endpoints: [sso.example.test, sso.example.invalid]" in capsys.readouterr().out


@pytest.mark.parametrize(
    "urls", [(OURS, AUTHORIZE, THEIRS), (OURS, MICROSOFT_PAGE, MICROSOFT)], ids=["two", "known"]
)
def test_the_lines_of_the_message_join_them(urls, capsys):
    declare(*urls)
    run(["validate"])
    report = capsys.readouterr().out
    lines = report[report.rindex("      providers:") :].splitlines()[:3]
    Path("provisioner.yml").write_text("\n".join(lines) + "\n")
    assert run(["validate"]) == ExitCode.DONE
