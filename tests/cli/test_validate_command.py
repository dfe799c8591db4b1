"""`provisioner validate`, `schema` and `rules`, as a user runs them."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.lint.rule import rule_page, rule_pages
from tests.support.commands import run_command

RELAY = (
    "server_name: {name}\nhost: relay.example.edu\nsmtp_security_level: none\n"
    "test_email:\n  from: relay@example.edu\n"
)


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    (tmp_path / "servers").mkdir()
    (tmp_path / "servers/a.yml").write_text(RELAY.format(name="A"))
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory/group_vars.yml").write_text("not: an email server\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments, stdin="", **environment):
    everything = {**os.environ, **environment}
    return run_command(*arguments, folder=Path.cwd(), environment=everything, given=stdin)


def test_a_clean_project_says_so_in_one_line():
    done = run("validate")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "1 file, 1 email server: no problems found\n"


def test_the_project_is_its_settings_and_its_servers(project):
    (project / "provisioner.yml").write_text("serves: x\n")
    (project / "servers/b.yml").write_text("a: [\n")
    done = run("validate")
    assert done.returncode == 1
    assert "provisioner.yml:1:1: error[unknown-key]" in done.stdout
    assert "servers/b.yml:1:4: error[syntax]" in done.stdout
    assert "\n3 files, 1 email server: 2 errors\n" in done.stdout


@pytest.mark.parametrize("arguments", [("--project", "PROJECT"), ("-C", "PROJECT"), ("PROJECT",)])
def test_a_project_elsewhere(project, arguments):
    (project / "servers/a.yml").write_text("a: b\n")
    named = [str(project) if argument == "PROJECT" else argument for argument in arguments]
    os.chdir("/")
    done = run("validate", *named)
    assert done.returncode == 1
    assert f"{project}/servers/a.yml:1:1: error[unknown-key]" in done.stdout
    assert "inventory" not in done.stdout


def test_standard_input():
    done = run("validate", "-", stdin=RELAY.format(name="x") + "port: x\n")
    assert done.returncode == 1
    assert done.stdout.startswith("<stdin>:6:7: error[wrong-type] `port` must be a whole number")


def test_fixes_are_proposed_for_the_files_that_have_some(project):
    text = RELAY.format(name="x") + "prot: 587\n"
    for name in ("b", "-c"):
        (project / f"servers/{name}.yml").write_text(text)
    proposed = "can be fixed by `provisioner validate"
    assert f"1 of them {proposed} servers/b.yml --fix`" in run("validate", "servers/b.yml").stdout
    os.chdir("servers")
    assert f"1 of them {proposed} --fix -- -c.yml`" in run("validate", "--", "-c.yml").stdout
    piped = run("validate", "-", stdin=text)
    assert "unknown-key" in piped.stdout
    assert proposed not in piped.stdout


def test_provider_facts_of_the_project_count_for_single_files(project):
    text = (
        "server_name: x\nhost: mail.example.edu\nsmtp_security_level: oauth2\nuse_tls: true\n"
        "oauth2:\n  access_token_url: https://login.example.edu/token\n"
        "  authorization_url: https://login.example.edu/authorize\n  client_id: x\n"
        "  client_secret: {env: X}\n  scope_for_authorize: mail\n"
    )
    (project / "servers/b.yml").write_text(text)
    assert run("validate", "servers/b.yml").returncode == 0
    (project / "provisioner.yml").write_text("providers: {login.example.edu: {offline: scope}}\n")
    done = run("validate", "servers/b.yml")
    assert "servers/b.yml:10:24: error[no-offline-access]" in done.stdout


def test_a_missing_servers_folder_is_a_finding(project):
    done = run("validate", "--project", "inventory")
    assert done.returncode == 1
    assert "inventory/servers:1:1: error[no-files] no email server is declared" in done.stdout
    assert "`provisioner init -C inventory`" in done.stdout


def test_a_format_that_is_none():
    done = run("validate", "--format", "xml")
    assert (done.returncode, done.stdout) == (64, "")
    assert "'text', 'json', 'sarif', 'junit', 'github', 'gitlab'" in done.stderr


def test_a_terminal_that_knows_ascii_only(project):
    (project / "servers/a.yml").write_text("host: Büro\n", encoding="utf-8")
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-m", "provisioner", "validate"],
        env={**os.environ, **ascii_only, "PYTHONCOERCECLOCALE": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == ""
    assert r"host: B\xfcro" in done.stdout


def test_validate_reads_no_secret_and_runs_nothing(project):
    ran = project / "ran"
    text = (
        "server_name: x\nhost: mail.example.edu\nsmtp_security_level: login\nuse_tls: true\n"
        f"user_name: x\npassword: {{command: [touch, {ran}]}}\n"
        "---\n"
        "server_name: y\nhost: mail.example.edu\nsmtp_security_level: login\nuse_tls: true\n"
        "user_name: x\npassword: {env: NOT_SET}\n"
    )
    (project / "servers/b.yml").write_text(text)
    assert run("validate").returncode == 0
    assert not ran.exists()


@pytest.mark.parametrize(
    ("line", "code"), [("", 0), ("prot: 25\n", 1), ("port: x\nuse_tls: 1\n", 1)]
)
def test_validate_imports_nothing_heavy(project, line, code):
    """Whether it finds something or not; `jsonschema` alone explains what the schema refuses."""
    (project / "servers/relay.yml").write_text(RELAY.format(name="Relay") + line)
    program = (
        "import sys; from provisioner.cli.app import run; code = run(['validate']);"
        "print(code, sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    argv = [sys.executable, "-c", program]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    last = done.stdout.splitlines()[-1]
    assert last.startswith(f"{code} ")
    heavy = {"rich", "requests", "ansible", "jsonschema", "cryptography", "_hashlib"}
    imported = set(ast.literal_eval(last.partition(" ")[2]))
    assert imported & heavy <= ({"jsonschema"} if line else set())


def test_schema_prints_it():
    for name, arguments in (("email-server", ()), ("project", ("project",))):
        done = run("schema", *arguments)
        assert done.returncode == 0
        assert json.loads(done.stdout)["$id"].endswith(f"/{name}.schema.json")


def test_rules_lists_them_and_shows_a_page():
    done = run("rules")
    assert done.returncode == 0
    listed = [line.split()[0] for line in done.stdout.splitlines()]
    assert listed == [entry.rule for entry in rule_pages()]
    assert "plaintext-secret        A client secret or a password is in the file" in done.stdout
    done = run("rules", "cleartext-login")
    assert (done.returncode, done.stdout) == (0, rule_page("cleartext-login"))
    done = run("rules", "plain-text-secret")
    assert done.returncode == 64
    assert "did you mean plaintext-secret?" in done.stderr


@pytest.mark.parametrize(
    ("settings", "warned"),
    [
        ("{}", True),
        ("test_email: {to: a@example.edu}", True),
        ("test_email: {from: a@example.edu}", False),
        ("test_email: {from: a@example.edu}\nsrvers: x", False),  # another finding tells
    ],
)
def test_a_server_without_a_sender(project, settings, warned):
    (project / "provisioner.yml").write_text(f"{settings}\n")
    relay = "server_name: Relay\nhost: relay.example.edu\nsmtp_security_level: none\n"
    (project / "servers/relay.yml").write_text(relay)
    assert ("[no-sender]" in run("validate").stdout) == warned
