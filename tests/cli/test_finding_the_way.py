"""What was meant is found: the project from the folders in it, a command by another name."""

import os
from pathlib import Path

import pytest

from provisioner.cli.options import nearest_project
from tests.cli.test_validate_command import run

RELAY = "server_name: Relay\nhost: relay.example.edu\nsmtp_security_level: none\nprot: 25\n"


@pytest.fixture
def deep(tmp_path):
    (tmp_path / "servers").mkdir()
    (tmp_path / "servers/relay.yml").write_text(RELAY)
    deep = tmp_path / "servers/campus/north"
    deep.mkdir(parents=True)
    return deep


def test_a_project_is_found_from_below(deep, monkeypatch):
    monkeypatch.chdir(deep)
    assert "../../../servers/relay.yml:4:1: error[unknown-key]" in run("validate").stdout


def test_it_is_not_looked_for_above_a_repository(deep, monkeypatch):
    monkeypatch.chdir(deep)
    (deep.parent / ".git").mkdir()
    assert "no email server is declared" in run("validate").stdout


def test_it_is_not_looked_for_in_folders_of_others(deep, monkeypatch):
    monkeypatch.chdir(deep)
    assert nearest_project(Path()) == Path("../../..")
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert nearest_project(Path()) == Path()


def test_a_project_that_begins_is_the_current_folder(deep, monkeypatch):
    monkeypatch.chdir(deep)
    done = run("init", stdin="")
    assert done.returncode != 0
    assert not list(deep.parents[2].glob("*.yml"))


@pytest.mark.parametrize(
    ("name", "meant"),
    [("login", "authenticate"), ("apply", "push"), ("validat", "validate"), ("Diff", "plan")],
)
def test_what_other_programs_call_a_command(name, meant):
    done = run(name)
    assert done.returncode == 64
    assert f"did you mean `provisioner {meant}`?" in done.stderr


def test_help_has_a_short_name():
    assert run("push", "-h").stdout == run("push", "--help").stdout
