"""A project's folder -> Project."""

from pathlib import Path

import pytest

from provisioner.errors import ExitCode, InvalidProject
from provisioner.model.email_server import TestEmail
from provisioner.model.project import PushSettings
from provisioner.model.reading import read_project
from tests.support.paths import EXAMPLES

VALID = EXAMPLES / "valid"
RELAY = "server_name: {name}\nhost: relay.example.edu\nsmtp_security_level: none\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "servers").mkdir()
    (tmp_path / "servers/a.yml").write_text(RELAY.format(name="A"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_everything_that_settings_can_say():
    root = VALID / "project"
    found = read_project(root)
    assert [server.server_name for server in found.servers] == ["One", "Two"]
    assert found.inventory_path == root / "inventory/hosts.ini"
    assert (found.servers_path, found.tokens_path) == (root / "servers", root / "tokens")
    assert found.ca_file == root / "campus-ca.pem"
    assert found.test_email == TestEmail("reports@example.edu", "maps-admins@example.edu")
    assert found.push == PushSettings(
        forks=20,
        batches=(1, "25%", 3),
        max_failures="100%",
        prune_limit=2,
        keep_runs=50,
        to_be_entered="ignore",
    )
    assert found.providers["login.example.edu"]["refresh_token_rotation"] == "strict"


def test_without_settings_the_conventional_places_serve(project):
    found = read_project(Path())
    assert found.root == project
    assert found.servers_path == project / "servers"
    assert found.inventory_path == project / "inventory"
    assert found.tokens_path == project / "tokens"
    assert (found.ca_file, found.push.forks) == (None, 10)
    assert found.server("a").origin.file == "servers/a.yml"
    (project / "servers").rename(project / "mail")
    (project / "provisioner.yml").write_text("servers: mail\n")
    assert [server.server_name for server in read_project(project).servers] == ["A"]


def test_the_error_is_the_whole_report(project):
    (project / "servers/b.yml").write_text(RELAY.format(name="B") + "prot: 25\n")
    (project / "provisioner.yml").write_text("push: {forks: 0}\n")
    with pytest.raises(InvalidProject) as caught:
        read_project(Path())
    assert caught.value.message.splitlines() == [
        "the project files have 2 errors",
        "provisioner.yml:1:15: error[out-of-range] `forks` is out of range",
        "    write a whole number from 1 to 1000",
        "servers/b.yml:4:1: error[unknown-key] unknown key `prot`",
        "    did you mean port?",
    ]
    assert caught.value.exit_code == ExitCode.FAILURE


def test_a_checkout_does_not_choose_the_vault_password(project):
    (project / "provisioner.yml").write_text("vault_password: {file: /etc/CANARY}\n")
    with pytest.raises(InvalidProject, match=r"forbidden-key.*vault_password") as caught:
        read_project(project)
    assert "Move this line to config.yml" in caught.value.message
    assert "CANARY" not in caught.value.message


def test_no_servers_folder(project):
    with pytest.raises(InvalidProject) as caught:
        read_project(project / "servers")
    assert caught.value.message == (
        f"no email server is declared: there is neither {project}/servers/provisioner.yml nor a "
        f"folder {project}/servers/servers"
    )
    assert "to create a project, run `provisioner init`" in caught.value.remedy


def test_a_project_without_its_servers(project):
    (project / "provisioner.yml").write_text("push: {forks: 5}\nservers: mail\n")
    with pytest.raises(InvalidProject) as caught:
        read_project(project)
    assert caught.value.message == (
        f"the project files have an error\n{project}/provisioner.yml:2:10: error[no-files] "
        f"no email server is declared: there is no file or folder {project}/mail\n"
        "    create it, or correct this path"
    )


def test_no_project_folder(project):
    with pytest.raises(InvalidProject, match=r"there is no folder .*/nowhere$") as caught:
        read_project(project / "nowhere")
    assert "--project" in caught.value.remedy


def test_broken_settings_are_told_before_a_missing_folder(project):
    (project / "servers").rename(project / "mail")
    (project / "provisioner.yml").write_text("servers: [mail\n")
    with pytest.raises(InvalidProject, match=r"provisioner.yml:1:10: error\[syntax\]"):
        read_project(project)


def test_an_empty_servers_folder_is_an_error(project):
    (project / "servers/a.yml").unlink()
    with pytest.raises(InvalidProject, match=r"servers:1:1: error\[no-files\]"):
        read_project(project)
