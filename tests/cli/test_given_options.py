"""What a printed command needs of the options that were given: the project and the inventory."""

import os
import re
import shlex
from pathlib import Path

import pytest
import typer

from provisioner.cli.app import COMMANDS, HIDDEN, app_with, run
from provisioner.cli.output import INVENTORY_COMMANDS, PROJECT_COMMANDS

RELAY = "server_name: Relay\nhost: relay.example.edu\nport: '25'\nsmtp_security_level: none\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "my project"
    (path / "servers").mkdir(parents=True)
    (path / "servers" / "relay.yml").write_text(RELAY)
    return path


@pytest.mark.parametrize("folder", ["my project", "../{}/my project", "back\\slash's"])
def test_a_printed_command_works_where_it_is_printed(project, capsys, folder):
    folder = folder.format(project.parent.name)
    Path("back\\slash's").symlink_to(project)
    assert run(["validate", "-C", folder]) == 1
    (command,) = re.findall("`(provisioner .*)`", capsys.readouterr().out)
    _, *arguments = shlex.split(command)
    assert run(arguments) == 0
    assert "port: 25\n" in (project / "servers" / "relay.yml").read_text()


def test_an_error_repeats_the_options_of_its_own_command_line(project, capsys):
    assert run(["plan", "--inventory", "a b", "-C", "my project"]) == 1
    assert "`provisioner validate -C 'my project'` shows all" in capsys.readouterr().err
    os.chdir(project)
    assert run(["plan"]) == 1
    assert "`provisioner validate` shows all" in capsys.readouterr().err


def test_inventory_and_project_are_repeated_together(project, capsys):
    (project / "servers" / "relay.yml").write_text(RELAY.replace("'", ""))
    assert run(["doctor", "-i", "no hosts", "-C", "my project", "--accept-destination", "x"]) == 64
    assert "provisioner accept -C 'my project'" in capsys.readouterr().err
    assert run(["history", "x", "-C", "my project"]) == 64
    assert "run: provisioner history -C 'my project'" in capsys.readouterr().err


def test_the_tables_are_those_of_the_program():
    group = typer.main.get_command(app_with([c for c in COMMANDS if c not in HIDDEN]))
    for option, table in (("project", PROJECT_COMMANDS), ("inventory", INVENTORY_COMMANDS)):
        taking = {n for n, c in group.commands.items() if option in {p.name for p in c.params}}
        assert taking == {re.sub(r"\(.*\)", "", name) for name in table.split("|")}
