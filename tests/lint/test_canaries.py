"""No secret leaves in a report: whatever is wrong with it, wherever it stands, in any format."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
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
LOGIN = (
    "server_name: x\nhost: y\nsmtp_security_level: login\nuse_tls: true\nuser_name: z\n"
    "password: {secret}\n"
)
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
    "tab": f"server_name: x\n\tpassword: {CANARY}\n",
    "open bracket of an unknown key": f"pasword: [{CANARY}\n",
    "another key on the line": f"host: x, password: {CANARY}\n",
    "a secret's name in a value": f"user_name: x client-secret {CANARY}: y\n",
    "vault text": f"host: $ANSIBLE_VAULT;{CANARY}: x\n",
    "URL with a password": f"host: https://user:{CANARY}@example.edu: x\n",
    "inside of a quote": f'client_secret: "begins\n  host: {CANARY}: x\n',
    "inside of a block": f"password: |\n\n    host: {CANARY}\n  x: [\n",
    "below a secret": f"oauth2:\n  client_secret:\n      host: {CANARY}: x\n",
    "below an unknown key": f"pasword: begins\n  host: {CANARY}: x\n",
    "below a comment": f"# comment\n  host: {CANARY}: x\n",
    "unfinished password": f'password: "{CANARY}\n',
    "comment at a bracket": f"port: [25 # {CANARY}\n",
}
# Forms of secrets that are known: Google's and Microsoft's.
KNOWN_FORMS = ("GOCSPX-CANARYS-EXAMPLE-EXAMPLE-EXAM", "CAN8Q~CANARYCANARYCANARYCANARYCANARYCA")
URL = "http://login.microsoftonline.com/common/oauth2/authorize"
MISPLACED = {
    "client_id": "{}",
    "unfinished client_id": "[{}",
    "quoted client_id": "'{}",
    "client_secret": "{{file: {}}}",
    "env": "{{env: {}}}",
    "keyring": "{{keyring: {}}}",
    "command": "{{command: [echo, {}]}}",
    "vault": "$ANSIBLE_VAULT;1.1;AES256 {}",
    "query": f"{URL}?client_secret={{}}",
    "long query": f"{URL}?a={'b' * 100}&password={{}}",
    "scope": "{} access_type=offline",
}
PLACES = ("client_id", "client_secret", "access_token_url", "scope_for_authorize", "prompt")


def assert_silent(report: str, canaries: Iterable[str] = CANARIES) -> None:
    lines = [line for line in report.splitlines() if any(canary in line for canary in canaries)]
    assert lines == []


def assert_none_is_reported(
    folder: Path, texts: Mapping[str, str], canaries: Iterable[str] = CANARIES
) -> None:
    """Each text is wrong, and no report on all of them holds a canary."""
    for name, text in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    verdict = reach_verdict(documents_at([str(folder)]))
    assert verdict.crashed == ()
    assert {str(folder / name) for name in texts} <= {finding.file for finding in verdict.findings}
    for render in (*RENDERERS.values(), step_summary.render):
        assert_silent(render(verdict), canaries)
    assert_silent(RENDERERS["text"](verdict, coloured=True), canaries)


@pytest.mark.parametrize("template", [OAUTH2, FLOW, LOGIN])
def test_a_wrong_secret_is_not_reported(template: str, tmp_path: Path) -> None:
    texts = {f"{name}.yml": template.format(secret=secret) for name, secret in SECRETS.items()}
    assert_none_is_reported(tmp_path, texts)


def test_a_wrong_vault_password_is_not_reported(tmp_path: Path) -> None:
    texts = {f"{n}/provisioner.yml": f"vault_password: {s}\n" for n, s in SECRETS.items()}
    assert_none_is_reported(tmp_path, texts)


def test_a_secret_in_the_wrong_place_is_not_reported(tmp_path: Path) -> None:
    assert_none_is_reported(tmp_path, {f"{name}.yml": text for name, text in ELSEWHERE.items()})


@pytest.mark.parametrize("secret", [*KNOWN_FORMS, CANARY])
def test_a_secret_in_another_value_is_not_reported(secret: str, tmp_path: Path) -> None:
    texts = {}
    for name, form in MISPLACED.items():
        if secret == CANARY and "query" not in name:
            continue  # of no form that is known: only a parameter's name betrays it
        for place in PLACES:
            line = f"  {place}: {form.format(secret)}\n"
            text = re.sub(rf"  {place}:.*\n", "", OAUTH2.format(secret="{env: X}"))
            texts[f"{place}, {name}.yml"] = text + line
    assert_none_is_reported(tmp_path, texts, [secret[:12]])


def test_a_wrong_secret_in_json_is_not_reported(tmp_path: Path) -> None:
    template = '{{"oauth2": {{"client_secret": {}, "port": 1}}}}'
    secrets = (
        f'"{CANARY}"',
        NUMBER,
        f'["{CANARY}"]',
        f'{{"{CANARY}": "{CANARY}"}}',
        f'{{"env": "{CANARY} "}}',
        f'"{CANARY}',
        f"{CANARY}",
        f'"{CANARY}", "client_secret": "{CANARY}"',
        f'"{CANARY}\\ud800"',
    )
    texts = {f"{at}.json": template.format(secret) for at, secret in enumerate(secrets)}
    assert_none_is_reported(tmp_path, texts)


def test_neither_the_command_nor_its_files_report_a_secret(tmp_path: Path) -> None:
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
    assert (run.returncode, run.stderr) == (1, "")
    for told in (summary.read_text("utf-8"), output.read_text("utf-8"), run.stdout):
        assert f"{len(SECRETS) - 1}.yml" in told
        assert_silent(told)
