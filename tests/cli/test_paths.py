"""What a checkout names, and links in it, lead nowhere outside of it; and a CA file is one."""

import json
import os
import shlex
import subprocess
import sys
import time

import pytest
import yaml

CANARY = "canary-8d2e"
RELAY = "server_name: {}\nhost: 127.0.0.1\nport: 1\nsmtp_security_level: none\n"
OUTSIDE = f"{RELAY.format(CANARY)}prot: {CANARY}\n"


class Checkout:
    """A repository `Mail-Config` with a project in its folder prod, and what lies beside it."""

    def __init__(self, folder):
        self.home, self.outside = folder / "home", folder / "outside"
        self.top = folder / "checkout"
        self.project = self.top / "prod"
        for made in (self.home, self.outside / "group_vars", self.project / "servers"):
            made.mkdir(parents=True)
        for name in ("x.yml", "hosts.yml", "group_vars/all.yml"):
            (self.outside / name).write_text(OUTSIDE)
        (self.project / "servers" / "a.yml").write_text(RELAY.format("A"))
        self.git("init", "-q")
        self.git("remote", "add", "origin", "git@example.edu:team/Mail-Config.git")

    def git(self, *arguments):
        subprocess.run(["git", *arguments], cwd=self.top, check=True, capture_output=True)

    def link(self, path, target):
        path = self.project / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)

    def settings(self, text):
        (self.project / "provisioner.yml").write_text(text)

    def run(self, *arguments, folder=None):
        started = time.monotonic()
        ended = subprocess.run(
            [sys.executable, "-m", "provisioner", *arguments],
            cwd=folder or self.project,
            env={"PATH": os.environ["PATH"], "HOME": str(self.home)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert time.monotonic() - started < 20, arguments
        return ended

    def findings(self, *arguments):
        ended = self.run("validate", "--format", "json", *arguments)
        assert CANARY not in ended.stdout + ended.stderr
        return json.loads(ended.stdout)["findings"]


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path)


@pytest.mark.parametrize("key", ["servers", "inventory", "tokens"])
@pytest.mark.parametrize("where", ["/", "../../outside", "inside-link", "inside-link/x", "~/x"])
def test_a_key_that_leads_outside_is_an_error_where_it_stands(checkout, key, where):
    checkout.link("inside-link", "second-link")
    checkout.link("second-link", checkout.outside)
    checkout.settings(f"push: {{forks: 3}}\n{key}: {where}\n")
    (finding,) = checkout.findings()
    assert (finding["rule"], finding["severity"]) == ("outside-checkout", "error")
    assert (finding["file"], finding["line"]) == ("provisioner.yml", 2)
    assert finding["column"] == len(key) + 3
    assert finding["message"].startswith(f"{key} leads out of the checkout, to /")
    ended = checkout.run("status")
    assert ended.returncode == 1
    assert f"[outside-checkout] {key} leads out of the checkout" in ended.stderr
    assert CANARY not in ended.stdout + ended.stderr


@pytest.mark.parametrize("key", ["inventory", "tokens"])
def test_the_printed_line_is_what_config_yml_needs(checkout, key):
    place = checkout.outside / "of my own"
    place.mkdir()
    checkout.settings(f"{key}: {place}\n")
    (finding,) = checkout.findings()
    config = checkout.home / ".config" / "maps-provisioner" / "config.yml"
    assert f"put into {config}: " in finding["remedy"]
    line = (
        finding["remedy"].partition("config.yml: ")[2].removesuffix(", or name it with --inventory")
    )
    assert yaml.safe_load(line) == {"projects": {"mail-config/prod": {key: str(place)}}}
    config.parent.mkdir(parents=True)
    config.write_text(line)
    config.chmod(0o600)
    checkout.settings("{}")
    (checkout.project / "provisioner.yml").unlink()
    used = checkout.run("plan").stderr if key == "inventory" else checkout.run("status")
    if key == "inventory":
        assert f"there is no inventory at {place}" in used
    else:
        assert used.returncode == 0, used.stderr


def test_a_project_without_a_remote_is_told_to_take_a_name(checkout):
    checkout.git("remote", "remove", "origin")
    checkout.settings("tokens: /srv/tokens\n")
    (finding,) = checkout.findings()
    assert "(and set PROVISIONER_PROJECT=NAME: git knows no remote origin)" in finding["remedy"]
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
    ended = checkout.run("status")
    assert ended.returncode == 1
    assert f"{link}:1:1: error[outside-checkout]" in ended.stderr
    assert CANARY not in ended.stderr


@pytest.mark.parametrize("named", ["servers/x.yml", "servers/deep", "servers/deep/x.yml", "."])
def test_naming_it_on_the_command_line_changes_nothing_for_a_projects_link(checkout, named):
    checkout.link("servers/x.yml", checkout.outside / "x.yml")
    checkout.link("servers/deep", checkout.outside)
    assert {f["rule"] for f in checkout.findings(named)} == {"outside-checkout"}


@pytest.mark.parametrize("named", ["../../outside/x.yml", "../../outside", "../../free"])
def test_what_a_person_names_outside_of_a_project_is_free(checkout, named):
    (checkout.top.parent / "free").symlink_to(checkout.outside)
    ended = checkout.run("validate", named)
    assert "error[unknown-key] `prot`" in ended.stdout
    assert "outside-checkout" not in ended.stdout


def test_links_inside_of_the_checkout_lead_on(checkout):
    shared = checkout.top / "shared"
    (shared / "servers").mkdir(parents=True)
    (shared / "servers" / "b.yml").write_text(RELAY.format("B"))
    (shared / "inventory").mkdir()
    checkout.link("servers/shared", "../../shared/servers")
    checkout.link("servers/c.yml", "a.yml")
    checkout.link("inventory", "../shared/inventory")
    assert {f["rule"] for f in checkout.findings()} == {"duplicate-server-name"}
    (checkout.project / "servers" / "c.yml").unlink()
    assert checkout.findings() == []
    (checkout.top / ".git").rename(checkout.top / "no-git")
    assert {f["file"] for f in checkout.findings()} == {"servers/shared", "inventory"}


def test_an_inventory_that_a_person_names_is_free(checkout):
    free = checkout.outside / "hosts.ini"
    free.write_text("[other]\n")
    (checkout.outside / "group_vars" / "all.yml").write_text("a: 1\n")
    ended = checkout.run("plan", "-i", str(free), "--limit", "maps1")
    assert f"--limit maps1 matches no host of {free}" in ended.stderr


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
    ended = checkout.run("init", *(f"--{key}={value}" for key, value in options.items()))
    assert "servers has errors; nothing was written" in ended.stderr, ended
    assert sorted(checkout.outside.rglob("*")) == before


def ca_of(folder, kind):
    path = folder / "ca.pem"
    block = "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n"
    {
        "missing": lambda: None,
        "folder": path.mkdir,
        "fifo": lambda: os.mkfifo(path),
        "link to a fifo": lambda: (os.mkfifo(folder / "f"), path.symlink_to(folder / "f")),
        "device": lambda: path.symlink_to("/dev/zero"),
        "words": lambda: path.write_text(f"{CANARY}\n"),
        "key": lambda: path.write_text(block.format(CANARY).replace("CERTIFICATE", "PRIVATE KEY")),
        "no base64": lambda: path.write_text(block.format(CANARY)),
        "damaged": lambda: path.write_text(block.format("Y2FuYXJ5")),
        "large": lambda: path.write_bytes(b"#" * (4 * 1024**2 + 1)),
    }[kind]()
    return path


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("missing", "No such file or directory"),
        ("folder", "it is not a regular file"),
        ("fifo", "it is not a regular file"),
        ("link to a fifo", "it is not a regular file"),
        ("device", "it is not a regular file"),
        ("words", "there is no PEM certificate in it"),
        ("key", "there is no PEM certificate in it"),
        ("no base64", "there is no PEM certificate in it"),
        ("damaged", "a certificate in it is damaged"),
        ("large", "it is larger than 4 MiB"),
    ],
)
def test_a_ca_file_that_is_none_is_refused_at_once_and_not_quoted(checkout, kind, problem):
    path = ca_of(checkout.outside, kind)
    checkout.settings(f"ca_file: {shlex.quote(str(path))}\n")
    mail = "test_email: {from: a@example.edu, to: a@example.edu}\n"
    (checkout.project / "servers" / "a.yml").write_text(RELAY.format("A") + mail)
    ended = checkout.run("test-email", "A")
    assert ended.returncode == 1
    assert f"ca_file {path} cannot be used: {problem}" in ended.stderr
    assert CANARY not in ended.stderr
