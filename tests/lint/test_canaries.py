"""No secret leaves in a report: whatever is wrong with it, wherever it stands, in any format."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.lint.verdict import reach_verdict
from provisioner.reports import step_summary
from provisioner.reports.finding_formats import RENDERERS
from tests.loading import documents_at

CANARY = "hunter2CANARY"
NUMBER = "70417762031"
CANARIES = (CANARY, NUMBER)

# Everything that can stand where a secret belongs and is wrong.
SECRETS = {
    "text": CANARY,
    "quoted text": f'"{CANARY}"',
    "text of several lines": f"|\n    {CANARY}\n    {CANARY}",
    "folded text": f">-\n    {CANARY}\n    {CANARY}",
    "number": NUMBER,
    "fraction": f"{NUMBER}.5",
    "list": f"[{CANARY}]",
    "list of lists": f"[[{CANARY}, {NUMBER}]]",
    "empty source": f"{{env: '', file: {CANARY}}}",
    "unknown source": f"{{vault: {CANARY}}}",
    "the secret as a source": f"{{{CANARY}: x}}",
    "the secret as a source alone": f"{{{CANARY}}}",
    "variable name": f"{{env: '{CANARY} {CANARY}'}}",
    "variable list": f"{{env: [{CANARY}]}}",
    "keyring": f"{{keyring: {CANARY}}}",
    "command as text": f"{{command: {CANARY}}}",
    "command with a number": f"{{command: [{CANARY}, {NUMBER}]}}",
    "command with a list": f"{{command: [[{CANARY}]]}}",
    "file as a number": f"{{file: {NUMBER}}}",
    "two sources": f"{{env: {CANARY}, keyring: a/{CANARY}}}",
    "source twice": f"{{env: {CANARY}, env: {CANARY}}}",
    "deep": f"{{env: {{env: {{{CANARY}: [{CANARY}]}}}}}}",
    "no vault text": f"!vault {CANARY}",
    "vault text with a secret in it": f"|\n    $ANSIBLE_VAULT;1.1;AES256\n    {CANARY}",
    "unknown tag": f"!valt {CANARY}",
    "python tag": f"!!python/object:{CANARY} {{}}",
    "wrong core tag": f"!!int {CANARY}",
    "anchor": f"&{CANARY} [x]",
    "alias": f"*{CANARY}",
    "unfinished quote": f'"{CANARY}',
    "unfinished bracket": f"[{CANARY}",
    "unfinished brace": f"{{env: {CANARY}",
    "colon in it": f"{CANARY}: {CANARY}",
    "control character": f'"{CANARY}\\x07"',
    "escape": f'"{CANARY}\\q"',
    "comment behind a wrong type": f"[]  # {CANARY}",
    "followed by a line without colon": f"x\n  {CANARY}",
    "apostrophe": f"'{CANARY}'s'",
    "more after a quote": f"'{CANARY}' {CANARY}",
    "typographic quotes": f"\u201c{CANARY}\u201d",
    "typographic quote at its end": f'"{CANARY}\u201d',
    "no-break space": f"\u00a0{CANARY}",
    "no-break space at its end": f'"{CANARY}"\u00a0',
    "source in the line of its key": f"env: {CANARY}",
    "drive in double quotes": f'"C:\\new{CANARY}"',
    "second time": f"x\n  client_secret: {CANARY}\n  client_secret: {CANARY}",
}

OAUTH2 = """\
server_name: Reports
host: smtp.office365.com
smtp_security_level: oauth2
use_tls: true
oauth2:
  access_token_url: https://login.microsoftonline.com/contoso.edu/oauth2/v2.0/token
  authorization_url: https://login.microsoftonline.com/contoso.edu/oauth2/v2.0/authorize
  client_id: 5f2c8a1e-0b7d-4c57-9a53-2d1f6e0c9b84
  client_secret: {secret}
  scope_for_authorize: https://outlook.office.com/SMTP.Send offline_access
"""
FLOW = (
    "{{server_name: Reports, host: x y, smtp_security_level: oauth2, oauth2: {{client_secret: "
    "{secret}, client_id: '', port: 1, scope_for_authorize: a b}}, colour: {secret}, port: x}}\n"
)

# Secrets where none belongs.
ELSEWHERE = {
    "unknown key": f"pasword: {CANARY}\n",
    "unknown mapping": f"secrets: {{a: [{CANARY}], {CANARY}: {NUMBER}}}\n",
    "unknown list": f"secrets:\n- {CANARY}\n- x: {CANARY}\n",
    "blank forgotten": f"{{client_secret:{CANARY}: x}}\n",
    "blank forgotten in JSON style": f'{{"client_secret:{CANARY}": null}}\n',
    "equals sign": f'"client_secret={CANARY}": x\n',
    "duplicate of an unknown key": f"a: {CANARY}\na: {CANARY}\n",
    "duplicate below an unknown key": f"a: {{{CANARY}: 1, {CANARY}: 2}}\n",
    "text instead of oauth2": f"oauth2: {CANARY}\n",
    "list instead of oauth2": f"oauth2: [{CANARY}]\n",
    "text instead of logging": f"logging: {CANARY}\n",
    "forbidden password": f"smtp_security_level: none\npassword: {CANARY}\n",
    "password below oauth2": f"oauth2: {{password: {CANARY}}}\n",
    "whole document": f"{CANARY}\n",
    "list at top": f"- {CANARY}\n",
    "comment beside a finding": f"port: x  # {CANARY}\n",
    "neighbour in flow style": f"{{password: {CANARY}, port: x}}\n",
    "key of two words": f"{{password {CANARY}: x}}\n",
    "complex key": f"? [{CANARY}]\n: x\n",
    "colon missing": f"server_name: x\npassword {CANARY}\nhost: y\n",
    "equals sign for the colon": f"server_name: x\npassword = {CANARY}\nhost: y\n",
    "blank missing": f"server_name: x\npassword:{CANARY}\nhost: y\n",
    "environment file": f"SMTP_PASSWORD={CANARY}\n",
    "TOML": f'password = "{CANARY}"\nhost = "x"\n',
    "PowerShell": f"@{{\n  Password = '{CANARY}'\n}}\n",
    "line numbers": f"1 password: {CANARY}\n2 host: x\n",
    "two servers": f"server_name: x\nhost: y\npassword: {CANARY}\n" * 2,
    "list with dashes": f"password:\n  command:\n  \u2013 {CANARY}\n  \u2013 {CANARY}\n",
    "tab": f"server_name: x\n\tpassword: {CANARY}\n",
}


def reports_on(path: Path) -> str:
    verdict = reach_verdict(documents_at([str(path)]))
    assert verdict.findings, "a canary that no finding is about proves nothing"
    assert verdict.crashed == ()
    reports = [render(verdict) for render in RENDERERS.values()]
    reports += [RENDERERS["text"](verdict, coloured=True), RENDERERS["junit"](verdict, strict=True)]
    return "".join([*reports, step_summary.render(verdict)])


def assert_silent(report: str) -> None:
    assert not any(canary in report for canary in CANARIES), report


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("template", [OAUTH2, FLOW], ids=["block", "flow"])
def test_a_wrong_secret_is_not_told(name: str, template: str, tmp_path: Path) -> None:
    path = tmp_path / "server.yml"
    path.write_text(template.format(secret=SECRETS[name]), encoding="utf-8")
    assert_silent(reports_on(path))


@pytest.mark.parametrize("name", SECRETS)
def test_a_wrong_password_is_not_told(name: str, tmp_path: Path) -> None:
    path = tmp_path / "server.yml"
    head = "server_name: x\nhost: y\nsmtp_security_level: login\nuse_tls: true\nuser_name: z\n"
    path.write_text(f"{head}password: {SECRETS[name]}\n", encoding="utf-8")
    assert_silent(reports_on(path))


@pytest.mark.parametrize("name", SECRETS)
def test_a_wrong_vault_password_is_not_told(name: str, tmp_path: Path) -> None:
    (tmp_path / "servers").mkdir()
    (tmp_path / "servers/a.yml").write_text("x: y\n")
    settings = tmp_path / "provisioner.yml"
    settings.write_text(f"vault_password: {SECRETS[name]}\n", encoding="utf-8")
    assert_silent(reports_on(tmp_path))


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_secret_in_the_wrong_place_is_not_told(name: str, tmp_path: Path) -> None:
    path = tmp_path / "server.yml"
    path.write_text(ELSEWHERE[name], encoding="utf-8")
    assert_silent(reports_on(path))


@pytest.mark.parametrize(
    "secret",
    [
        f'"{CANARY}"',
        NUMBER,
        f'["{CANARY}"]',
        f'{{"{CANARY}": "{CANARY}"}}',
        f'{{"env": "{CANARY} "}}',
        f'"{CANARY}',
        f"{CANARY}",
        f'"{CANARY}", "client_secret": "{CANARY}"',
        f'"{CANARY}\\ud800"',
    ],
)
def test_a_wrong_secret_in_json_is_not_told(secret: str, tmp_path: Path) -> None:
    path = tmp_path / "server.json"
    path.write_text(f'{{"oauth2": {{"client_secret": {secret}, "port": 1}}}}', encoding="utf-8")
    assert_silent(reports_on(path))


@pytest.mark.parametrize("report_format", sorted(RENDERERS))
def test_the_command_tells_no_secret_either(report_format: str, tmp_path: Path) -> None:
    for number, secret in enumerate(SECRETS.values()):
        (tmp_path / f"{number}.yml").write_text(OAUTH2.format(secret=secret), encoding="utf-8")
    argv = [sys.executable, "-m", "provisioner", "validate", "--format", report_format]
    run = subprocess.run([*argv, str(tmp_path)], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr == ""
    assert f"{len(SECRETS) - 1}.yml" in run.stdout
    assert_silent(run.stdout)


def test_neither_a_file_nor_a_steps_summary_tells_a_secret(tmp_path: Path) -> None:
    for number, secret in enumerate(SECRETS.values()):
        (tmp_path / f"{number}.yml").write_text(OAUTH2.format(secret=secret), encoding="utf-8")
    summary, output = tmp_path / "summary.md", tmp_path / "report.txt"
    argv = [sys.executable, "-m", "provisioner", "validate", "--format", "github"]
    run = subprocess.run(
        [*argv, "--output", str(output), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "GITHUB_STEP_SUMMARY": str(summary)},
    )
    assert run.returncode == 1
    for told in (summary.read_text("utf-8"), output.read_text("utf-8"), run.stdout):
        assert f"{len(SECRETS) - 1}.yml" in told
        assert_silent(told)
