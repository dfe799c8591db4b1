"""What a checkout names, and links in it, lead nowhere outside of it; and a CA file is one."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml

from provisioner.cli.app import run

CANARY = "canary-8d2e"
RELAY = (
    "server_name: {}\nhost: 127.0.0.1\nport: 1\nsmtp_security_level: none\n"
    "test_email:\n  from: relay@example.edu\n"
)
OUTSIDE = f"{RELAY.format(CANARY)}prot: {CANARY}\n"


class Checkout:
    """A repository `Mail-Config` with a project in its folder prod, and what lies beside it."""

    def __init__(self, folder, capsys):
        self.top, self.outside, self.capsys = folder / "checkout", folder / "outside", capsys
        self.project = self.top / "prod"
        for made in (self.outside / "group_vars", self.project / "servers"):
            made.mkdir(parents=True)
        for name in ("x.yml", "hosts.yml", "group_vars/all.yml"):
            (self.outside / name).write_text(OUTSIDE)
        (self.project / "servers" / "a.yml").write_text(RELAY.format("A"))
        subprocess.run(["git", "init", "-q"], cwd=self.top, check=True)
        with (self.top / ".git" / "config").open("a") as config:
            config.write('[remote "origin"]\nurl = git@example.edu:team/Mail-Config.git\n')

    def link(self, path, target):
        path = self.project / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)

    def settings(self, text):
        (self.project / "provisioner.yml").write_text(text)

    def run(self, *arguments):
        """Exit code, standard output and error: nothing of what lies outside is in them."""
        code = run(list(arguments))
        shown = self.capsys.readouterr()
        assert CANARY not in shown.out + shown.err
        return code, shown.out, shown.err

    def findings(self, *arguments):
        return json.loads(self.run("validate", "--format", "json", *arguments)[1])["findings"]


@pytest.fixture
def checkout(tmp_path, monkeypatch, capsys):
    checkout = Checkout(tmp_path, capsys)
    monkeypatch.chdir(checkout.project)
    return checkout


@pytest.mark.parametrize(
    ("key", "where"),
    [
        *(("servers", where) for where in ("/", "../../checkouts", "inside-link/x", "~/x")),
        *((key, "inside-link") for key in ("servers", "inventory", "tokens")),
    ],
)
def test_a_key_that_leads_outside_is_an_error_where_it_stands(checkout, key, where):
    checkout.link("inside-link", "second-link")
    checkout.link("second-link", checkout.outside)
    checkout.settings(f"push: {{forks: 3}}\n{key}: {where}\n")
    (finding,) = checkout.findings()
    assert (finding["rule"], finding["severity"]) == ("outside-checkout", "error")
    assert (finding["file"], finding["line"]) == ("provisioner.yml", 2)
    assert finding["column"] == len(key) + 3
    assert finding["message"].startswith(f"{key} leads outside the checkout: /")
    assert ("move the files of the servers" in finding["remedy"]) is (key == "servers")
    code, _, told = checkout.run("status")
    assert code == 1
    assert f"[outside-checkout] {key} leads outside the checkout" in told


@pytest.mark.parametrize("key", ["inventory", "tokens"])
def test_the_printed_line_is_what_config_yml_needs(checkout, home, key):
    place = checkout.outside / "of my own"
    place.mkdir()
    checkout.settings(f"{key}: {place}\n")
    (finding,) = checkout.findings()
    config = home / ".config" / "maps-provisioner" / "config.yml"
    _, _, line = finding["remedy"].partition(f"put into {config}: ")
    line = line.removesuffix(", or name it with --inventory")
    assert yaml.safe_load(line) == {"projects": {"mail-config/prod": {key: str(place)}}}
    config.parent.mkdir(parents=True)
    config.write_text(line)
    config.chmod(0o600)
    (checkout.project / "provisioner.yml").unlink()
    if key == "inventory":
        assert f"no inventory at {place}" in checkout.run("plan")[2]
    else:
        assert checkout.run("status")[0] == 0


def test_a_project_without_a_remote_is_told_to_take_a_name(checkout):
    (checkout.top / ".git" / "config").write_text("")
    checkout.settings("tokens: /srv/tokens\n")
    (finding,) = checkout.findings()
    assert "(and set PROVISIONER_PROJECT=NAME: git has no remote origin)" in finding["remedy"]
    assert finding["remedy"].endswith("projects: {NAME: {tokens: /srv/tokens}}")


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("servers/root", "/"),
        ("servers/deep/root", "/"),
        ("servers/home", "../../.."),
        ("servers/x.yml", "../../../outside/x.yml"),
        ("servers/x.yml", "../../../outside/nowhere.yml"),
        ("servers/folder", "../../../outside"),
        ("servers/by-two", "../by-two"),
        ("provisioner.yml", "../../outside/x.yml"),
        ("inventory", "../../outside"),
        ("inventory/hosts.yml", "../../../outside/hosts.yml"),
        ("inventory/group_vars/all.yml", "/etc/passwd"),
        ("inventory/group_vars/deep/all", "/"),
        ("tokens", "../../outside"),
        ("tokens/x.yml", "../../../outside/x.yml"),
        ("host_vars", "/etc"),
    ],
)
def test_a_link_that_leads_outside_is_one_finding_and_the_rest_is_read(checkout, link, target):
    checkout.link("by-two", checkout.outside)
    if link == "host_vars":  # beside an inventory that is a file
        (checkout.project / "hosts.ini").write_text("[maps]\n")
        checkout.settings("inventory: hosts.ini\n")
    checkout.link(link, target)
    (checkout.project / "servers" / "z.yml").write_text("server_name: Z\nhots: x\n")
    found = checkout.findings()
    stray = [f for f in found if f["rule"] == "outside-checkout"]
    assert [(f["file"], f["line"], f["column"]) for f in stray] == [(link, 1, 1)]
    assert {f["file"] for f in found if f not in stray} == {"servers/z.yml"}
    code, _, told = checkout.run("status")
    assert code == 1
    assert f"{link}:1:1: error[outside-checkout]" in told


@pytest.mark.parametrize("named", ["servers/x.yml", "servers/deep", "servers/deep/x.yml", "."])
def test_naming_it_on_the_command_line_changes_nothing_for_a_projects_link(checkout, named):
    checkout.link("servers/x.yml", checkout.outside / "x.yml")
    checkout.link("servers/deep", checkout.outside)
    assert {f["rule"] for f in checkout.findings(named)} == {"outside-checkout"}


@pytest.mark.parametrize("named", ["../../outside/x.yml", "../../outside", "../../free"])
def test_what_a_person_names_outside_of_a_project_is_free(checkout, named):
    (checkout.top.parent / "free").symlink_to(checkout.outside)
    for file in checkout.outside.rglob("*.yml"):
        file.write_text(file.read_text().replace(CANARY, "mine"))
    _, report, _ = checkout.run("validate", named)
    assert "error[unknown-key] unknown key `prot`" in report
    assert "outside-checkout" not in report


def test_links_inside_of_the_checkout_lead_on(checkout):
    shared = checkout.top / "shared"
    (shared / "servers").mkdir(parents=True)
    (shared / "servers" / "b.yml").write_text(RELAY.format("B"))
    (shared / "inventory").mkdir()
    checkout.link("servers/shared", "../../shared/servers")
    checkout.link("servers/c.yml", "a.yml")
    checkout.link("inventory", "../shared/inventory")
    checkout.link("tokens/.nobody-reads-it", checkout.outside)
    assert {f["rule"] for f in checkout.findings()} == {"duplicate-server-name"}
    (checkout.project / "servers" / "c.yml").unlink()
    assert checkout.findings() == []
    (checkout.top / ".git").rename(checkout.top / "no-git")
    assert {f["file"] for f in checkout.findings()} == {"servers/shared", "inventory"}


def test_an_inventory_that_a_person_names_is_free(checkout):
    free = checkout.outside / "hosts.ini"
    free.write_text("[other]\n")
    (checkout.outside / "group_vars" / "all.yml").write_text("a: 1\n")
    _, _, told = checkout.run("plan", "-i", str(free), "--limit", "maps1")
    assert f"--limit maps1 matches no host of {free}" in told


def test_init_writes_nothing_through_a_link_that_leads_outside(checkout):
    before = sorted(checkout.outside.rglob("*"))
    (checkout.project / "servers" / "a.yml").unlink()
    (checkout.project / "servers").rmdir()
    checkout.link("servers", checkout.outside)
    options = {
        "provider": "microsoft",
        "mailbox": "reports@example.edu",
        "tenant": "11111111-2222-3333-4444-555555555555",
        "client-id": "11111111-2222-3333-4444-666666666666",
    }
    _, _, told = checkout.run("init", *(f"--{key}={value}" for key, value in options.items()))
    assert "servers has errors; nothing was written" in told
    assert sorted(checkout.outside.rglob("*")) == before


BLOCK = "-----BEGIN {0}-----\n{1}\n-----END {0}-----\n"


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda path: None, "No such file or directory"),
        (Path.mkdir, "it is not a regular file"),
        (os.mkfifo, "it is not a regular file"),
        (lambda path: path.symlink_to("/dev/zero"), "it is not a regular file"),
        (CANARY, "there is no PEM certificate in it"),
        (BLOCK.format("PRIVATE KEY", CANARY), "there is no PEM certificate in it"),
        (BLOCK.format("CERTIFICATE", CANARY), "there is no PEM certificate in it"),
        (BLOCK.format("CERTIFICATE", "Y2FuYXJ5"), "a certificate in it is damaged"),
        ("#" * (4 * 1024**2 + 1), "it is larger than 4 MiB"),
    ],
    ids=["missing", "folder", "fifo", "device", "words", "key", "no base64", "damaged", "large"],
)
def test_a_ca_file_that_is_none_is_refused_at_once_and_not_quoted(checkout, make, problem):
    path = checkout.outside / "ca.pem"
    path.write_text(make) if isinstance(make, str) else make(path)
    checkout.settings(f"ca_file: {path}\n")
    code, _, told = checkout.run("test-email", "A")
    assert code == 1
    assert f"ca_file {path} cannot be used: {problem}" in told
