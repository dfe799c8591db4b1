"""Several projects in one run: each with its own names and its own facts."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.lint.verdict import Verdict, reach_verdict
from tests.loading import documents_at

RELAY = "server_name: {name}\nhost: relay.example.edu\nsmtp_security_level: none\n"
OAUTH2 = (
    "server_name: {name}\nhost: mail.example.edu\nsmtp_security_level: oauth2\nuse_tls: true\n"
    "user_name: reports@example.edu\noauth2:\n"
    "  access_token_url: https://login.example.edu/token\n"
    "  authorization_url: https://login.example.edu/authorize\n"
    "  client_id: x\n  client_secret: {{env: X}}\n  scope_for_authorize: mail\n"
)
FACTS = "providers: {login.example.edu: {offline: scope}}\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path / ".git/config", "")
    write(tmp_path / "prod/servers/a.yml", RELAY.format(name="Reports"))
    write(tmp_path / "prod/inventory/hosts.yml", "maps: {hosts: {maps1: {}}}\n")
    write(tmp_path / "test/servers/a.yml", RELAY.format(name="Reports"))
    write(tmp_path / "test/provisioner.yml", "{}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def verdict(*paths: str) -> Verdict:
    return reach_verdict(documents_at(paths))


def found(*paths: str) -> list[tuple[str, str]]:
    return [(finding.file, finding.rule) for finding in verdict(*paths).findings]


@pytest.mark.parametrize(
    "paths", [["."], ["prod", "test"], ["prod/servers/a.yml", "test/servers/a.yml"]]
)
def test_names_are_unique_in_a_project_only(paths: list[str]) -> None:
    assert found(*paths) == []


def test_a_folder_of_projects_is_its_projects() -> None:
    """An inventory, say, is no declared file of ours, however deep the project lies."""
    result = verdict(".")
    assert (result.files, result.servers, result.findings) == (3, 2, ())


@pytest.mark.parametrize(
    "paths", [["."], ["prod"], ["prod/servers"], ["prod/servers/a.yml", "prod/servers/b.yml"]]
)
def test_two_of_a_name_in_one_project_are_found_however_they_are_named(
    here: Path, paths: list[str]
) -> None:
    write(here / "prod/servers/b.yml", RELAY.format(name="reports"))
    assert found(*paths) == [("prod/servers/b.yml", "duplicate-server-name")]


def test_files_of_no_project_are_compared_with_one_another(here: Path) -> None:
    write(here / "loose/a.yml", RELAY.format(name="Reports"))
    write(here / "loose/b.yml", RELAY.format(name="Reports"))
    assert found("loose", "prod") == [("loose/b.yml", "duplicate-server-name")]


def test_each_project_has_its_own_facts(here: Path) -> None:
    for project in ("prod", "test"):
        write(here / project / "servers/a.yml", OAUTH2.format(name="Reports"))
    write(here / "test/provisioner.yml", FACTS)
    assert found(".") == [("test/servers/a.yml", "no-offline-access")]
    assert found("test/servers/a.yml") == [("test/servers/a.yml", "no-offline-access")]


def test_servers_outside_of_the_project_folder_belong_to_it(here: Path) -> None:
    write(here / "elsewhere/a.yml", OAUTH2.format(name="Reports"))
    write(here / "test/provisioner.yml", FACTS + "servers: ../elsewhere\n")
    assert found("test") == [("test/../elsewhere/a.yml", "no-offline-access")]


def test_further_settings_are_told_however_they_are_named(here: Path) -> None:
    write(here / "test/provisioner.yml", "{}\n---\n{}\n")
    write(here / "test/provisioner.yaml", "{}\n")
    expected = [
        ("test/provisioner.yml", "second-settings"),
        ("test/provisioner.yaml", "second-settings"),
    ]
    assert found("test") == expected
    assert found("test/provisioner.yml", "test/provisioner.yaml") == expected


def test_the_top_of_a_repository_is_the_last_folder_looked_at(here: Path) -> None:
    write(here / "servers/x.yml", RELAY.format(name="x"))
    write(here / "inner/.git/config", "")
    write(here / "inner/loose/a.yml", RELAY.format(name="x"))
    assert found("inner/loose/a.yml", "servers/x.yml") == []
