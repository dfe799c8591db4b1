"""What docs/how-to/editors.md promises, by the language server that the editors use."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.editors.language_server import LanguageServer
from tests.support.paths import ROOT

pytestmark = [pytest.mark.lab, pytest.mark.long]
PAGE = (ROOT / "docs" / "how-to" / "editors.md").read_text()
VAULT = """\
server_name: Reports
host: smtp.example.edu
smtp_security_level: login
use_tls: true
user_name: x
password: !vault |
  $ANSIBLE_VAULT;1.1;AES256
  6132
"""


def shown_settings() -> dict[str, Any]:
    """The settings for VS Code on the page, as the server gets them: without `yaml.`."""
    shown = re.search(r"```json\n(.*?)```", PAGE, re.S)
    assert shown
    return {key.removeprefix("yaml."): value for key, value in json.loads(shown[1]).items()}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "schemas", tmp_path / "schemas")
    (tmp_path / "servers").mkdir()
    return tmp_path


@pytest.fixture
def editor(project: Path) -> Iterator[LanguageServer]:
    """An editor with the settings of the page."""
    server = LanguageServer(project, shown_settings())
    yield server
    server.close()


@pytest.fixture
def bare_editor(project: Path) -> Iterator[LanguageServer]:
    """An editor without settings."""
    server = LanguageServer(project, {})
    yield server
    server.close()


def underlined(found: list[dict[str, Any]]) -> list[tuple[int, int]]:
    starts = [entry["range"]["start"] for entry in found]
    return sorted((start["line"], start["character"]) for start in starts)


def test_mistakes_are_underlined(editor: LanguageServer) -> None:
    text = "server_name: A\nhost: mail.example.edu\nprot: 1\nsmtp_security_level: oauth\n"
    assert underlined(editor.open("servers/a.yml", text)) == [(2, 0), (3, 21)]


def test_the_settings_file_has_its_own_schema(editor: LanguageServer) -> None:
    assert underlined(editor.open("provisioner.yml", "push: {forks: 10}\nserves: x\n")) == [(1, 0)]


def test_values_are_offered(editor: LanguageServer) -> None:
    editor.open("servers/a.yml", "server_name: A\nsmtp_security_level: \n")
    offered = {item["label"] for item in editor.completions("servers/a.yml", 1, 21)}
    assert {"oauth2", "none", "login", "cram_md5"} <= offered


def test_keys_are_offered(editor: LanguageServer) -> None:
    editor.open("servers/a.yml", "server_name: A\n\n")
    offered = {item["label"] for item in editor.completions("servers/a.yml", 1, 0)}
    assert {"host", "oauth2", "test_email"} <= offered


def test_ways_to_give_a_secret_are_offered(editor: LanguageServer) -> None:
    editor.open("servers/a.yml", "server_name: A\noauth2:\n  client_secret: \n")
    offered = {item["label"] for item in editor.completions("servers/a.yml", 2, 17)}
    assert offered == {"!vault", "env", "file", "command", "keyring"}


def test_a_wrong_form_is_explained_in_words(editor: LanguageServer) -> None:
    text = VAULT.replace("smtp.example.edu", "https://smtp.example.edu")
    (found,) = editor.open("servers/a.yml", text)
    assert found["message"].startswith("Write the name alone, such as smtp.office365.com")


def test_descriptions_are_shown(editor: LanguageServer) -> None:
    editor.open("servers/a.yml", "server_name: A\nport: 25\n")
    assert "465 for TLS from the first byte" in editor.hover("servers/a.yml", 1, 1)


def test_vault_text_is_no_mistake(editor: LanguageServer, bare_editor: LanguageServer) -> None:
    assert editor.open("servers/a.yml", VAULT) == []
    assert bare_editor.open("servers/a.yml", VAULT) != [], "the setting is what helps"


def test_the_first_line_of_a_file_will_do(bare_editor: LanguageServer) -> None:
    (line,) = re.findall(r"^ *(# yaml-language-server: .*)$", PAGE, re.M)
    text = f"{line}\nserver_name: A\nhost: mail.example.edu\nsmtp_security_level: nona\n"
    assert underlined(bare_editor.open("servers/a.yml", text)) == [(3, 21)]
