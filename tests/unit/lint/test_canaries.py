"""No secret leaves in a report: whatever is wrong with it, wherever it stands, in any format."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from provisioner.lint.result import lint
from provisioner.reports import step_summary
from provisioner.reports.findings.formats import RENDERERS
from provisioner.reports.findings.text import render_colored
from tests.support.loading import documents_at

CANARIES = ("hunter2CANARY", "70417762031")
# Forms of secrets that are known: Google's and Microsoft's.
KNOWN_FORMS = ("GOCSPX-CANARYS-EXAMPLE-EXAMPLE-EXAM", "CAN8Q~CANARYCANARYCANARYCANARYCANARYCA")
PLACES = ("client_id", "client_secret", "access_token_url", "scope_for_authorize", "prompt")
CASES = yaml.safe_load(Path(__file__).with_name("canaries.yml").read_text("utf-8"))
SECRETS, TEMPLATES = CASES["secrets"], CASES["templates"]


def assert_silent(report, canaries=CANARIES):
    lines = [line for line in report.splitlines() if any(canary in line for canary in canaries)]
    assert lines == []


def assert_none_is_reported(folder, texts, canaries=CANARIES):
    """Each text is wrong, and no report on all of them holds a canary."""
    for name, text in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    result = lint(documents_at([str(folder)]))
    assert result.crashed == ()
    assert {str(folder / name) for name in texts} <= {finding.file for finding in result.findings}
    for render in (*RENDERERS.values(), step_summary.render):
        assert_silent(render(result), canaries)
    assert_silent(render_colored(result), canaries)


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_wrong_secret_is_not_reported(template, tmp_path):
    text = TEMPLATES[template]
    texts = {f"{name}.yml": text.replace("SECRET", one) for name, one in SECRETS.items()}
    assert_none_is_reported(tmp_path, texts)


@pytest.mark.parametrize("key", ["vault_password", "token"])
def test_a_secret_in_provisioner_yml_is_not_reported(key, tmp_path):
    texts = {f"{n}/provisioner.yml": f"{key}: {s}\n" for n, s in SECRETS.items()}
    assert_none_is_reported(tmp_path, texts)


def test_a_secret_in_the_wrong_place_is_not_reported(tmp_path):
    texts = {f"{name}.yml": text for name, text in CASES["elsewhere"].items()}
    for number, secret in enumerate(CASES["json secrets"]):
        texts[f"{number}.json"] = f'{{"oauth2": {{"client_secret": {secret}, "port": 1}}}}'
    assert_none_is_reported(tmp_path, texts)


@pytest.mark.parametrize("secret", [*KNOWN_FORMS, CANARIES[0]])
def test_a_secret_in_another_value_is_not_reported(secret, tmp_path):
    texts = {}
    for name, form in CASES["misplaced"].items():
        if secret in CANARIES and "query" not in name:
            continue  # of no form that is known: only a parameter's name betrays it
        for place in PLACES:
            text = re.sub(rf"  {place}:.*\n", "", TEMPLATES["block"]).replace("SECRET", "{env: X}")
            texts[f"{place}, {name}.yml"] = f"{text}  {place}: {form.replace('SECRET', secret)}\n"
    assert_none_is_reported(tmp_path, texts, [secret[:12]])


def test_neither_the_command_nor_its_files_report_a_secret(tmp_path):
    for number, secret in enumerate(SECRETS.values()):
        (tmp_path / f"{number}.yml").write_text(
            TEMPLATES["block"].replace("SECRET", secret), encoding="utf-8"
        )
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
