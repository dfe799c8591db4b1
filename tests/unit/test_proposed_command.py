"""Commands that messages propose can be pasted, whatever a server is called."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from provisioner.text import accept_destination, proposed_command
from tests.support.project_folder import oauth2_server

HERE = Path(sys.executable).parent


def shell(folder, line):
    return subprocess.run(
        ["sh", "-c", line],
        cwd=folder,
        env={**os.environ, "PATH": f"{HERE}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def project(tmp_path):
    client = {
        "client_id": "0d7e7c4c-9f0a-4a5e-8f57-0a4b9a3c2d11",
        "scope_for_authorize": "https://outlook.office.com/SMTP.Send offline_access",
    }
    microsoft = "https://login.microsoftonline.com/example.edu/oauth2/v2.0"
    place = {"host": "smtp.office365.com", "port": 587, "oauth2": client}
    (tmp_path / "servers").mkdir()
    for number, name in enumerate(("-Reports", "It's; $HOME", "Reports")):
        text = yaml.safe_dump(oauth2_server(microsoft, name, **place))
        (tmp_path / "servers" / f"{number}.yml").write_text(text)
    return tmp_path


@pytest.mark.parametrize("name", ["-Reports", "It's; $HOME", "Reports"])
def test_a_proposed_command_names_its_server(project, name):
    ended = shell(project, proposed_command("authenticate", name, "--card"))
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith(f"Registration card: {name}, at Microsoft 365\n")
    ended = shell(project, proposed_command("refresh", name, accept_destination(name)))
    assert (ended.returncode, "not signed in" in ended.stdout + ended.stderr) == (6, True)


def test_a_remedy_for_a_name_like_an_option_works_as_it_is(project):
    said = shell(project, "provisioner status").stdout
    assert "run: provisioner authenticate -- -Reports" in said
    assert "run: provisioner authenticate Reports" in said
