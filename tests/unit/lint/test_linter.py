"""Nothing hides anything: neither a broken file, nor a rule that crashes, nor another project."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from provisioner.config.issue import Severity
from provisioner.lint.checks import EVERYTHING, RULES
from provisioner.lint.result import lint
from provisioner.lint.rule import rule
from provisioner.reports.findings.formats import RENDERERS
from tests.support.loading import documents_at

RELAY = (
    "server_name: {name}\nhost: relay.example.edu\nsmtp_security_level: none\n"
    "test_email:\n  from: relay@example.edu\n"
)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def crash_on_settings(settings):
    raise KeyError("hunter2CANARY")


@rule("crashing-rule", Severity.WARNING, check_settings=crash_on_settings)
def crashing(server, context):
    raise KeyError("hunter2CANARY")


@pytest.mark.parametrize(
    ("name", "text", "other"),
    [
        ("a.yml", RELAY.format(name="x") + "prot: 1\n", "unknown-key"),
        ("provisioner.yml", "providers: {smtp.ofice365.com: {offline: scope}}\n", "lookalike"),
    ],
)
def test_a_rule_that_crashes_hides_no_other(name, text, other):
    Path(name).write_text(text)
    asked = EVERYTHING | {crashing.id}
    result = lint(documents_at([name]), rules=(crashing, *RULES), asked=asked)
    first, second = result.findings
    assert (first.rule, first.severity, result.crashed) == (crashing.id, "error", (crashing.id,))
    assert second.rule.startswith(other)
    assert f"internal error in this rule: KeyError at {__file__}:" in first.message
    for render in RENDERERS.values():
        assert "CANARY" not in render(result)


def test_a_schema_that_crashes_hides_no_rule(monkeypatch):
    def crash(*_):
        raise ValueError("hunter2CANARY")

    monkeypatch.setattr("provisioner.lint.schema.Schema.accepts", crash)
    Path("a.yml").write_text(RELAY.format(name="x") + "port: 993\n")
    result = lint(documents_at(["a.yml"]))
    assert [finding.rule for finding in result.findings] == ["schema", "wrong-port"]
    assert result.crashed == ("schema",)
    assert "CANARY" not in str(result)


def test_a_broken_file_hides_no_other(here):
    (here / "a.yml").write_text("a: [\n")
    (here / "b.yml").write_bytes(b"\xff\xff")
    (here / "c.yml").symlink_to("c.yml")
    os.mkfifo(here / "d.yml")
    (here / "e.yml").write_text(RELAY.format(name="x") + "port: x\n")
    result = lint(documents_at(["."]))
    assert [(finding.file, finding.rule) for finding in result.findings] == [
        ("a.yml", "syntax"),
        ("b.yml", "encoding"),
        ("c.yml", "unreadable-file"),
        ("d.yml", "unreadable-file"),
        ("e.yml", "wrong-type"),
    ]
    assert (result.files, result.servers) == (5, 1)


def test_a_name_is_compared_across_files_as_it_was_meant(here):
    names = ("Straße", "STRASSE", "other", "' x'", "' x'")
    for file, name in zip("abcde", names, strict=True):
        (here / f"{file}.yml").write_text("# comment\n" * (file == "b") + RELAY.format(name=name))
    (here / "f.yml").write_text(RELAY.format(name="strasse").replace("_n", "-n"))
    found = lint(documents_at(["."])).findings
    assert [(f.file, f.rule, f.line, f.column) for f in found if f.rule != "lookalike-name"] == [
        ("b.yml", "duplicate-server-name", 2, 14),
        ("d.yml", "wrong-form", 1, 14),
        ("e.yml", "wrong-form", 1, 14),
        ("e.yml", "duplicate-server-name", 1, 14),
        ("f.yml", "unknown-key", 1, 1),
        ("f.yml", "duplicate-server-name", 1, 14),
    ]
    assert found[0].message == "duplicate name: a.yml:1 declares it already"


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "[a]",
        "{}",
        "port: &x [1]\nprot: *x\n",
        "oauth: {oauth: 1}",
        '"po\\nrt": x\n',
        '"\\e[31mpo\\nrt": x\n',
        'providers: {"\\e[31ma\\nb": 3}\n',
        'providers: {a: {authorize_extra: {"\\e[31ma\\nb": 3}}}\n',
        "providers: x",
        "providers: {a: [x], b: {endpoints: {c: d}, issuer: 5}}",
        "providers:",
    ],
)
def test_an_odd_document_has_printable_findings_and_crashes_no_rule(text):
    for name in ("a.yml", "provisioner.yml"):
        Path(name).write_text(text, encoding="utf-8")
        result = lint(documents_at([name]))
        assert result.crashed == ()
        assert result.findings or name == "provisioner.yml"
        for finding in result.findings:
            assert (finding.message + finding.remedy).isprintable()
            assert finding.rule != "lookalike-endpoint"


_MEASURE = """
import json, re
from tests.support.loading import documents_at
from provisioner.lint.result import lint
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1])
lint(documents_at(["s0.yml"]))
before = peak()
result = lint(documents_at(["."]))
print(json.dumps([before, peak(), result.servers]))
"""


def test_documents_are_not_all_in_memory(here):
    for number in range(300):
        text = RELAY.format(name=f"x{number}") + "# " + "x" * 200_000 + "\n"
        (here / f"s{number}.yml").write_text(text)
    argv = [sys.executable, "-c", _MEASURE]
    run = subprocess.run(argv, capture_output=True, text=True, check=True)
    before, after, servers = json.loads(run.stdout)
    assert servers == 300
    assert after - before < 20_000  # kB; the texts alone are 60,000


class TestProjects:
    """Several projects in one run: each with its own names and its own facts."""

    OAUTH2 = (
        "server_name: Reports\nhost: mail.example.edu\nsmtp_security_level: oauth2\n"
        "use_tls: true\nuser_name: reports@example.edu\noauth2:\n"
        "  access_token_url: https://login.example.edu/token\n"
        "  authorization_url: https://login.example.edu/authorize\n"
        "  client_id: x\n  client_secret: {env: X}\n  scope_for_authorize: mail\n"
    )
    FACTS = "providers: {login.example.edu: {offline: scope}}\n"

    @pytest.fixture(autouse=True)
    def projects(self, here):
        self.write(".git/config", "")
        self.write("prod/servers/a.yml", RELAY.format(name="Reports"))
        self.write("prod/inventory/hosts.yml", "maps: {hosts: {maps1: {}}}\n")
        self.write("test/servers/a.yml", RELAY.format(name="Reports"))
        self.write("test/provisioner.yml", "{}\n")

    def write(self, name, text):
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def result(self, *paths):
        return lint(documents_at(paths))

    def found(self, *paths):
        return [(finding.file, finding.rule) for finding in self.result(*paths).findings]

    def test_names_are_unique_in_a_project_only(self):
        for paths in (["."], ["prod", "test"], ["prod/servers/a.yml", "test/servers/a.yml"]):
            assert self.found(*paths) == []
        everything = self.result(".")
        assert (everything.files, everything.servers) == (3, 2)  # no inventory among them

    def test_two_of_a_name_are_found_however_the_project_is_named(self):
        self.write("prod/servers/b.yml", RELAY.format(name="reports"))
        both = ["prod/servers/a.yml", "prod/servers/b.yml"]
        for paths in (["."], ["prod"], ["prod/servers"], both):
            assert self.found(*paths) == [("prod/servers/b.yml", "duplicate-server-name")]

    def test_files_of_no_project_are_compared_with_one_another(self):
        for name in "ab":
            self.write(f"loose/{name}.yml", RELAY.format(name="Reports"))
        assert self.found("loose", "prod") == [("loose/b.yml", "duplicate-server-name")]

    def test_each_project_has_its_own_facts(self):
        for project in ("prod", "test"):
            self.write(f"{project}/servers/a.yml", self.OAUTH2)
        self.write("test/provisioner.yml", self.FACTS)
        for path in (".", "test/servers/a.yml"):
            assert self.found(path) == [("test/servers/a.yml", "no-offline-access")]

    def test_wrong_facts_are_a_finding_and_not_used(self):
        self.write("test/servers/a.yml", self.OAUTH2)
        self.write("test/provisioner.yml", self.FACTS.replace("}}", ", idle_expiry_days: x}}"))
        assert self.found("test") == [("test/provisioner.yml", "wrong-type")]

    def test_servers_outside_of_the_project_folder_belong_to_it(self):
        self.write("elsewhere/a.yml", self.OAUTH2)
        self.write("test/provisioner.yml", self.FACTS + "servers: ../elsewhere\n")
        assert self.found("test") == [("test/../elsewhere/a.yml", "no-offline-access")]

    def test_a_second_settings_file_is_found_however_it_is_named(self):
        self.write("test/provisioner.yml", "{}\n---\n{}\n")
        self.write("test/provisioner.yaml", "{}\n")
        names = ["test/provisioner.yml", "test/provisioner.yaml"]
        for paths in (["test"], names):
            assert self.found(*paths) == [(name, "second-settings") for name in names]

    def test_the_top_of_a_repository_is_the_last_folder_looked_at(self):
        self.write("servers/x.yml", RELAY.format(name="x"))
        self.write("inner/.git/config", "")
        self.write("inner/loose/a.yml", RELAY.format(name="x"))
        assert self.found("inner/loose/a.yml", "servers/x.yml") == []
